#include "fetch/job.h"

#include <algorithm>
#include <array>

namespace hearth::fetch {
namespace {

constexpr size_t kHashStep = size_t{256} * 1024;

}  // namespace

Job::Job(FileToBring file, uint64_t piece_bytes, std::string boot_id, Counters* counters)
    : file_(std::move(file)),
      piece_bytes_(piece_bytes),
      boot_id_(std::move(boot_id)),
      counters_(counters),
      hash_(file_.checksums, file_.size) {}

Status Job::Begin() {
  auto opened = PartialFile::Open({.final_path = file_.final_path,
                                   .size = file_.size,
                                   .key = file_.key,
                                   .verified = !file_.checksums.empty(),
                                   .boot_id = boot_id_});
  if (!opened) return Forward(opened);
  partial_ = std::make_unique<PartialFile>(*std::move(opened));
  plan_.emplace(file_.size, piece_bytes_, partial_->resumed());
  const uint64_t resumed = partial_->resumed().total();
  counters_->there += resumed;
  counters_->resumed += resumed;
  return {};
}

Result<std::optional<Piece>> Job::Next() {
  const MutexLock lock(mutex_);
  if (!plan_) {
    if (Status begun = Begin(); !begun) return Forward(begun);
  }
  return plan_->Next();
}

Result<bool> Job::Write(const Piece& piece, uint64_t offset, std::span<const std::byte> bytes) {
  {
    const MutexLock lock(mutex_);
    if (!plan_->current(piece)) return false;
  }
  if (Status written = partial_->Write(offset, bytes); !written) return Forward(written);
  counters_->there += bytes.size();
  counters_->arrived += bytes.size();
  return true;
}

Status Job::Note(const Piece& piece, Range range) {
  {
    const MutexLock lock(mutex_);
    // Under the lock, so that a restart is not followed by what was there before it.
    if (!plan_->Arrived(piece, range)) return {};
    // One stream cannot be gone on with: the next pull asks for ranges again, in vain.
    if (streams_.load() == 0) {
      if (Status noted = partial_->Note(range); !noted) return noted;
    }
  }
  HashAhead();
  return {};
}

Status Job::OneStream(const Piece& piece) {
  {
    const MutexLock lock(mutex_);
    if (!plan_->current(piece)) return {};
    counters_->there -= plan_->done().total();
    plan_->OneStream(piece.generation);
    ++streams_;
    if (Status noted = partial_->NoteRestart(); !noted) return noted;
  }
  const MutexLock lock(hash_mutex_);
  ChecksumRun fresh(file_.checksums, file_.size);
  std::swap(hash_, fresh);
  return {};
}

// Hashes what is there in one run from the beginning, while other threads wait for the network: at
// the end little is left to hash. One thread at a time, the others go on.
void Job::HashAhead() {
  if (file_.checksums.empty() || hashing_.exchange(true)) return;
  uint64_t end = 0;
  {
    const MutexLock lock(mutex_);
    end = streams_.load() == 0 ? plan_->done().Prefix() : 0;
  }
  {
    const MutexLock lock(hash_mutex_);
    // What cannot be read now is read at the end, and reported then.
    if (streams_.load() == 0) static_cast<void>(HashTo(end, nullptr));
  }
  hashing_ = false;
}

Status Job::HashTo(uint64_t end, const Cancel* cancel) {
  std::array<std::byte, kHashStep> buffer;  // filled by Read
  while (hash_.bytes() < end) {
    if (cancel != nullptr && cancel->fired()) return Fail(Code::kCancelled, "stopped");
    const size_t step = static_cast<size_t>(std::min<uint64_t>(buffer.size(), end - hash_.bytes()));
    const std::span<std::byte> bytes(buffer.data(), step);
    if (Status read = partial_->Read(hash_.bytes(), bytes); !read) return read;
    hash_.Update(bytes);
  }
  return {};
}

bool Job::TakeFinish() {
  const MutexLock lock(mutex_);
  if (!plan_ || finishing_ || !plan_->complete()) return false;
  finishing_ = true;
  return true;
}

Status Job::Finish(const Cancel& cancel) {
  if (!file_.checksums.empty()) {
    const MutexLock lock(hash_mutex_);
    if (Status hashed = HashTo(file_.size, &cancel); !hashed) return hashed;
    if (Status right = hash_.Finish(); !right) {
      partial_->Discard();
      const MutexLock state(mutex_);
      finished_ = true;
      return Fail(Code::kCorrupt, "\"{}\" is not what its source says: {}", file_.name,
                  right.error().message);
    }
  }
  if (Status whole = partial_->Commit(); !whole) return whole;
  const MutexLock lock(mutex_);
  finished_ = true;
  return {};
}

bool Job::LeaveResumable() {
  const MutexLock lock(mutex_);
  if (!partial_ || finished_) return false;
  if (streams_.load() == 0 && plan_->done().total() > 0) return true;
  partial_->Discard();
  return false;
}

}  // namespace hearth::fetch
