// Batcher: the one bounded queue of a replica, and the worker threads that empty it.
//
// A Work (one request) arrives by Submit on the I/O thread, is prepared (parsed, tokenised) by a
// worker, waits as texts, is computed in one or more forwards (batch_policy.h says which), and is
// finished (printed, sent) by the worker that computes its last text. A worker prefers preparing to
// computing, so a request never waits to be parsed longer than one forward. When nothing else
// waits, a worker computes as the leader of a Team that idle workers join; under load each worker
// computes its own batch. Idle workers are blocked; one that was called to help watches for its
// texts for 50 µs at most.
//
// Threads: Submit, Drain and Snapshot from any thread; Start and Stop from the owner's. All state
// is under one mutex; no Work is called and no forward runs under it.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "base/log.h"
#include "base/mutex.h"
#include "base/result.h"
#include "base/team.h"
#include "model/encoder.h"
#include "serve/batcher_limits.h"
#include "serve/metrics.h"
#include "serve/offered_load.h"
#include "serve/running_requests.h"
#include "serve/waiting_texts.h"
#include "serve/work.h"

namespace hearth::serve {

// Computes one forward: model::Encoder::Forward, or a stand-in in tests. One per worker.
using ForwardFunction =
    std::function<void(const model::PackedTexts& texts, std::span<float> out, Team* team)>;

class Batcher {
 public:
  // `metrics` and `log` outlive the batcher.
  Batcher(const BatcherLimits& limits, ServeMetrics* metrics, const Log* log);
  ~Batcher();  // stops
  Batcher(const Batcher&) = delete;
  Batcher& operator=(const Batcher&) = delete;

  // How many threads, the leader counted, may share one forward when there are `workers`.
  static int TeamMembers(int workers);

  // Starts one worker per forward function; a vector has `vector_size` floats.
  void Start(std::vector<ForwardFunction> forwards, int vector_size);

  // Never blocks. kOverloaded when requests_max are in hand, kUnavailable once stopped; `work` is
  // then still the caller's.
  Status Submit(std::unique_ptr<Work>& work);

  // Calls `done` once, when nothing is in hand any more: at once, or later on a worker thread.
  void Drain(std::function<void()> done);

  // Ends the workers after the forward that each is in; what is left fails with kUnavailable.
  void Stop();

  QueueSnapshot Snapshot() const;

  // Off unless asked for, before anything is submitted. The load's first slot began at `began`;
  // `slots` is told again once it is known.
  void WatchLoad(Clock::time_point began, Clock::duration length);
  void SetLoadSlots(int slots);
  // `refused`: requests that were turned away before they came here, since the last call.
  std::vector<OfferedLoad::Closed> TakeLoad(Clock::time_point now, int64_t refused);
  void WatchRunning();
  std::optional<Clock::time_point> LatestDeadline(Clock::time_point before) const;

 private:
  struct Worker;

  void RunWorker(Worker& self);
  void PrepareOne(Worker& self) HEARTH_REQUIRES(mutex_);
  void ForwardOne(Worker& self) HEARTH_REQUIRES(mutex_);
  void AssistOne(Worker& leader) HEARTH_REQUIRES(mutex_);
  Worker* OpenTeam() HEARTH_REQUIRES(mutex_);
  void WatchForNews() HEARTH_REQUIRES(mutex_);
  void CallHelpers(const Worker& self) HEARTH_REQUIRES(mutex_);
  void TellNews() HEARTH_REQUIRES(mutex_);
  Status Admit(const std::shared_ptr<Job>& job) HEARTH_REQUIRES(mutex_);
  void Share(Worker& self) HEARTH_REQUIRES(mutex_);
  void CloseTeam(Worker& self) HEARTH_REQUIRES(mutex_);
  void Settle(Worker& self, bool computed, Clock::time_point started) HEARTH_REQUIRES(mutex_);
  void CloseJobs(size_t count) HEARTH_REQUIRES(mutex_);
  void Leave(size_t served, size_t others) HEARTH_REQUIRES(mutex_);
  bool Compute(Worker& self);
  void FailJob(Job& job, const Error& error);

  const BatcherLimits limits_;
  ServeMetrics& metrics_;
  const Log& log_;
  size_t vector_size_ = 0;  // fixed by Start, as are
  std::vector<std::unique_ptr<Worker>> workers_;
  std::vector<std::thread> threads_;

  mutable Mutex mutex_;
  CondVar changed_;
  std::deque<std::shared_ptr<Job>> arrivals_ HEARTH_GUARDED_BY(mutex_);
  WaitingTexts waiting_ HEARTH_GUARDED_BY(mutex_);
  int64_t jobs_open_ HEARTH_GUARDED_BY(mutex_) = 0;  // submitted and not ended
  // Of these, those whose answer is not on its way: what requests_max limits. A client that sends
  // its next request as soon as it has its answer finds its place free.
  int64_t jobs_unanswered_ HEARTH_GUARDED_BY(mutex_) = 0;
  int idle_ HEARTH_GUARDED_BY(mutex_) = 0;       // workers that are blocked
  int preparing_ HEARTH_GUARDED_BY(mutex_) = 0;  // workers that parse and tokenise
  std::atomic<uint32_t> news_ = 0;  // grows, under the mutex, with each thing a worker could do
  bool stopping_ HEARTH_GUARDED_BY(mutex_) = false;
  std::function<void()> drained_ HEARTH_GUARDED_BY(mutex_);
  std::optional<OfferedLoad> load_ HEARTH_GUARDED_BY(mutex_);
  std::optional<RunningRequests> running_ HEARTH_GUARDED_BY(mutex_);
};

}  // namespace hearth::serve
