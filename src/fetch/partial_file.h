// PartialFile: a file on its way: preallocated under `<final>.partial-<key>`, with a journal of the
// ranges that are there, and renamed to its final name when it is whole. What was there when a
// process died is used again by the next one.
//
// Open resumes when the journal is of the same size and key, else it starts from nothing; partial
// files of other keys for the same final name are removed. The caller holds a lock (lock_file.h)
// that keeps other processes away. Write, Note and Read: any thread; the rest: one thread, when no
// other uses it. Failures are kIo (files.h) and name the final path.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "base/result.h"
#include "base/unique_fd.h"
#include "fetch/range_set.h"

namespace hearth::fetch {

struct PartialOptions {
  std::string final_path;
  uint64_t size = 0;
  std::string key;        // of source and version: letters and digits
  bool verified = false;  // a hash will tell at the end whether the bytes are right
  std::string boot_id;    // of this start of the machine
};

class PartialFile {
 public:
  static Result<PartialFile> Open(PartialOptions options);
  PartialFile(PartialFile&&) noexcept = default;
  PartialFile& operator=(PartialFile&&) = delete;

  const RangeSet& resumed() const { return resumed_; }  // what was there at Open

  Status Write(uint64_t offset, std::span<const std::byte> bytes);
  Status Note(Range range);  // after Write of all of it
  Status NoteRestart();
  Status Read(uint64_t offset, std::span<std::byte> bytes) const;  // exactly as many

  Status Commit();  // flush, rename, flush the folder, remove the journal
  void Discard();   // removes both; for what cannot be resumed

 private:
  PartialFile(PartialOptions options, std::string path)
      : options_(std::move(options)), path_(std::move(path)) {}

  Status Reserve();
  Status OpenJournal(bool fresh);

  PartialOptions options_;
  std::string path_;
  UniqueFd fd_;
  UniqueFd journal_;
  RangeSet resumed_;
};

// /proc's boot id; "unknown" where there is none.
std::string ReadBootId();

}  // namespace hearth::fetch
