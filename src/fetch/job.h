// Job: one file while it is brought: its plan, its partial file, how far its hash has come.
//
// Any thread; three locks, each held for a short time but the hash's, which is held while bytes are
// hashed. Lifecycle: Next gives pieces until there are none; Written after each write; the thread
// for which Written (or Begin, of a file that was all there) completes the file calls Finish.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/cancel.h"
#include "base/mutex.h"
#include "base/result.h"
#include "fetch/checksum.h"
#include "fetch/origin.h"
#include "fetch/partial_file.h"
#include "fetch/piece_plan.h"

namespace hearth::fetch {

struct FileToBring {
  std::string name;        // for people
  std::string final_path;  // its folder is there
  uint64_t size = 0;
  std::string etag;  // that answers must have, when they have one; empty: any
  std::string key;   // of source and version: letters and digits
  std::vector<Checksum> checksums;
  std::unique_ptr<Origin> origin;
};

// Shared by all jobs of a download.
struct Counters {
  std::atomic<uint64_t> there{0};    // bytes of all files that are on the disk
  std::atomic<uint64_t> arrived{0};  // bytes that came over the network
  std::atomic<uint64_t> resumed{0};  // bytes that an earlier pull had brought
  std::atomic<uint64_t> retries{0};
};

class Job {
 public:
  Job(FileToBring file, uint64_t piece_bytes, std::string boot_id, Counters* counters);

  const FileToBring& file() const { return file_; }

  // The next piece to ask for; nothing when all are taken. Opens the partial file the first time.
  Result<std::optional<Piece>> Next();
  // Bytes of `piece` from `offset` on. False: they are not wanted any more (see PiecePlan).
  Result<bool> Write(const Piece& piece, uint64_t offset, std::span<const std::byte> bytes);
  // Bytes that have been written may be counted on after a crash too.
  Status Note(const Piece& piece, Range range);
  Status OneStream(const Piece& piece);
  int streams() const { return streams_.load(); }  // how often it was started over as one stream

  // True once, for the caller who is to Finish.
  bool TakeFinish();
  // Hashes, flushes and renames. kCorrupt for a wrong hash: then nothing is left of it.
  Status Finish(const Cancel& cancel);

  // After a failure: removes what cannot be resumed. True when something was kept.
  bool LeaveResumable();

 private:
  Status Begin() HEARTH_REQUIRES(mutex_);
  void HashAhead();
  Status HashTo(uint64_t end, const Cancel* cancel) HEARTH_REQUIRES(hash_mutex_);

  const FileToBring file_;
  const uint64_t piece_bytes_;
  const std::string boot_id_;
  Counters* const counters_;

  std::atomic<int> streams_{0};
  std::unique_ptr<PartialFile> partial_;  // set by Begin, before any piece is given out
  Mutex mutex_;
  std::optional<PiecePlan> plan_ HEARTH_GUARDED_BY(mutex_);
  bool finishing_ HEARTH_GUARDED_BY(mutex_) = false;
  bool finished_ HEARTH_GUARDED_BY(mutex_) = false;
  Mutex hash_mutex_;
  std::atomic<bool> hashing_{false};
  ChecksumRun hash_ HEARTH_GUARDED_BY(hash_mutex_);
};

}  // namespace hearth::fetch
