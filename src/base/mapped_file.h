// MappedFile: a whole regular file mapped read-only and shared (MAP_SHARED: replicas on one machine
// share its pages).
//
// Lifecycle: Open maps, the destructor unmaps; views into bytes() must not outlive it. Immutable
// after Open, so any thread may read. A file that shrinks while mapped raises SIGBUS on access:
// packed files are replaced by rename, never truncated in place.
#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <string>

#include "base/result.h"

namespace hearth {

class MappedFile {
 public:
  // kIo or kNotFound, naming `path`, when it cannot be opened, is not a regular file, or cannot be
  // mapped. An empty file gives an empty span.
  static Result<MappedFile> Open(const std::string& path);

  MappedFile(MappedFile&& other) noexcept;
  MappedFile& operator=(MappedFile&& other) noexcept;
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;
  ~MappedFile();

  std::span<const std::byte> bytes() const { return {data_, size_}; }

  // Makes the pages of [offset, offset + length) resident before use (MADV_POPULATE_READ; on a
  // kernel older than 5.14, by reading one byte of each page). A long range is read by several
  // threads of its own, each with a slice in flight, for storage that needs many requests to be
  // fast. `on_progress`, if given, is called on this thread now and then, with the bytes that are
  // resident. Returns kIo where the file cannot be read, or has shrunk.
  Status Populate(size_t offset, size_t length,
                  const std::function<void(size_t bytes)>& on_progress = nullptr) const;

 private:
  MappedFile(const std::byte* data, size_t size) : data_(data), size_(size) {}

  const std::byte* data_ = nullptr;
  size_t size_ = 0;
};

}  // namespace hearth
