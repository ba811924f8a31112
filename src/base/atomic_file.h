// AtomicFile: a file that appears under its name whole, or not at all.
//
// Lifecycle: Create opens a temporary file beside the target (`.NAME.PID-N.tmp`), Write and WriteAt
// fill it, Commit flushes it to the disk, renames it over the target and flushes the folder.
// Destroyed without Commit, or after a failed one, the temporary file is removed and the target is
// as it was. Movable, not thread-safe. Failures are kIo and name the target; a full disk is said in
// words.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "base/result.h"
#include "base/unique_fd.h"

namespace hearth {

class AtomicFile {
 public:
  // Reserves `size_hint` bytes on the disk, so that a full disk is known before the work is done.
  static Result<AtomicFile> Create(const std::string& path, uint64_t size_hint = 0);

  AtomicFile(AtomicFile&& other) noexcept;
  AtomicFile& operator=(AtomicFile&&) = delete;
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;
  ~AtomicFile();

  // Appends at the end of what was written.
  Status Write(std::span<const std::byte> bytes);
  // Writes at `offset`; does not move the end.
  Status WriteAt(uint64_t offset, std::span<const std::byte> bytes);
  Status Commit();

  uint64_t written() const { return written_; }

 private:
  AtomicFile(UniqueFd fd, std::string path, std::string temporary)
      : fd_(std::move(fd)), path_(std::move(path)), temporary_(std::move(temporary)) {}

  UniqueFd fd_;
  std::string path_;
  std::string temporary_;  // empty: nothing to remove
  uint64_t written_ = 0;
};

}  // namespace hearth
