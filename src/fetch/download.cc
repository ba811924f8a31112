#include "fetch/download.h"

#include <fmt/format.h>
#include <poll.h>
#include <pthread.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <memory>
#include <random>
#include <thread>
#include <utility>

#include "base/mutex.h"
#include "fetch/piece_fetch.h"
#include "fetch/retry_wait.h"

namespace hearth::fetch {
namespace {

using http::Clock;
using std::chrono::milliseconds;

constexpr int kTickMs = 200;

class Downloader {
 public:
  Downloader(std::vector<FileToBring> files, const DownloadOptions& options) : options_(options) {
    const std::string boot_id = ReadBootId();
    jobs_.reserve(files.size());
    for (FileToBring& file : files) {
      total_ += file.size;
      jobs_.push_back(
          std::make_unique<Job>(std::move(file), options.piece_bytes, boot_id, &counters_));
    }
  }

  Result<DownloadState> Run();

 private:
  struct Work {
    Job* job = nullptr;
    Piece piece;
  };

  void Worker(int number);
  std::optional<Work> NextWork();
  bool BringPiece(const Work& work, Web* web, std::minstd_rand* random);
  bool WaitForRetry(const Job& job, const Failure& failure, int tries, std::minstd_rand* random);
  void Stop(Error error);
  void FinishIfComplete(Job* job);
  DownloadState State() const;
  Error Ended(Error error);

  const DownloadOptions& options_;
  Counters counters_;
  uint64_t total_ = 0;
  std::vector<std::unique_ptr<Job>> jobs_;
  Mutex mutex_;
  std::optional<Error> failure_ HEARTH_GUARDED_BY(mutex_);
  std::atomic<int> running_{0};
  Cancel all_ended_;  // fired by the last worker
};

void Downloader::Stop(Error error) {
  {
    const MutexLock lock(mutex_);
    // What the others say after the first is that they were stopped.
    if (!failure_) failure_ = std::move(error);
  }
  options_.cancel->Fire();
}

std::optional<Downloader::Work> Downloader::NextWork() {
  for (const auto& job : jobs_) {
    if (options_.cancel->fired()) return std::nullopt;
    auto piece = job->Next();
    if (!piece) {
      Stop({piece.error().code, piece.error().message});
      return std::nullopt;
    }
    if (*piece) return Work{job.get(), **piece};
    FinishIfComplete(job.get());  // a file that was all there, or an empty one
  }
  return std::nullopt;
}

void Downloader::FinishIfComplete(Job* job) {
  if (!job->TakeFinish()) return;
  if (Status finished = job->Finish(*options_.cancel); !finished) Stop(finished.error());
}

// False: no other try. Says so before it waits.
bool Downloader::WaitForRetry(const Job& job, const Failure& failure, int tries,
                              std::minstd_rand* random) {
  const double chance = std::uniform_real_distribution<double>(0, 1)(*random);
  const auto left = std::chrono::duration_cast<milliseconds>(options_.web.deadline - Clock::now());
  const auto wait = WaitBeforeRetry(failure, tries, chance, left);
  if (!wait) {
    const std::string after =
        !failure.transient ? "" : fmt::format(" (gave up after {} tries in a row)", tries);
    Stop({failure.error.code,
          fmt::format("cannot bring \"{}\": {}{}", job.file().name, failure.error.message, after)});
    return false;
  }
  ++counters_.retries;
  if (options_.on_retry) {
    options_.on_retry(job.file().name, failure.error, std::chrono::duration<double>(*wait).count());
  }
  return SleepUnless(*options_.cancel, *wait);
}

// False: stop altogether.
bool Downloader::BringPiece(const Work& work, Web* web, std::minstd_rand* random) {
  uint64_t reached = work.piece.range.from;
  int tries = 0;
  while (!options_.cancel->fired()) {
    const PieceTry got = TryPiece(work.job, work.piece, reached, web);
    if (got.outcome == PieceOutcome::kDone) {
      FinishIfComplete(work.job);
      return true;
    }
    if (got.outcome == PieceOutcome::kDropped) return true;
    if (got.reached > reached) tries = 0;
    reached = got.reached;
    if (got.failure.error.code == Code::kCancelled) break;
    if (!WaitForRetry(*work.job, got.failure, ++tries, random)) break;
  }
  if (options_.cancel->fired()) Stop({Code::kCancelled, "stopped"});
  return false;
}

void Downloader::Worker(int number) {
  ::pthread_setname_np(::pthread_self(), fmt::format("fetch-{}", number).c_str());
  std::minstd_rand random(std::random_device{}());
  Web web(options_.web);
  while (const auto work = NextWork()) {
    if (!BringPiece(*work, &web, &random)) break;
  }
  if (--running_ == 0) all_ended_.Fire();
}

DownloadState Downloader::State() const {
  return {.total = total_,
          .there = std::min(counters_.there.load(), total_),
          .arrived = counters_.arrived.load(),
          .resumed = counters_.resumed.load(),
          .retries = counters_.retries.load()};
}

Error Downloader::Ended(Error error) {
  bool kept = false;
  for (const auto& job : jobs_) kept = job->LeaveResumable() || kept;
  if (kept) error.message += "; what was brought is kept: run again to resume";
  return error;
}

Result<DownloadState> Downloader::Run() {
  uint64_t pieces = 0;
  for (const auto& job : jobs_) {
    pieces +=
        std::max<uint64_t>(1, (job->file().size + options_.piece_bytes - 1) / options_.piece_bytes);
  }
  const auto count = static_cast<int>(
      std::clamp<uint64_t>(pieces, 1, static_cast<uint64_t>(options_.connections)));
  running_ = count;
  std::vector<std::thread> workers;
  workers.reserve(static_cast<size_t>(count));
  for (int i = 0; i < count; ++i) workers.emplace_back([this, i] { Worker(i); });
  while (!all_ended_.fired()) {
    pollfd ended{all_ended_.fd(), POLLIN, 0};
    ::poll(&ended, 1, kTickMs);
    if (options_.on_tick) options_.on_tick(State());
  }
  for (std::thread& worker : workers) worker.join();
  const MutexLock lock(mutex_);
  if (!failure_ && options_.cancel->fired()) failure_ = Error{Code::kCancelled, "stopped"};
  if (failure_) return tl::unexpected<Error>(Ended(*failure_));
  return State();
}

}  // namespace

Result<DownloadState> Download(std::vector<FileToBring> files, const DownloadOptions& options) {
  if (files.empty()) return DownloadState{};
  return Downloader(std::move(files), options).Run();
}

}  // namespace hearth::fetch
