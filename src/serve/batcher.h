// Batcher: the one bounded queue of a replica, and the worker threads that empty it.
//
// A Work (one request) arrives by Submit on the I/O thread, is prepared (parsed, tokenised) by a
// worker, waits as texts, is computed in one or more forwards (batch_policy.h says which), and is
// finished (printed, sent) by the worker that computes its last text. A worker prefers preparing to
// computing, so a request never waits to be parsed longer than one forward. When nothing else
// waits, a worker computes as the leader of a Team that idle workers join; under load each worker
// computes its own batch. Idle workers are blocked, never spinning.
//
// Threads: Submit, Drain and Snapshot from any thread; Start and Stop from the owner's. All state
// is under one mutex; no Work is called and no forward runs under it.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "base/log.h"
#include "base/mutex.h"
#include "base/result.h"
#include "base/team.h"
#include "model/encoder.h"
#include "serve/batch_policy.h"
#include "serve/metrics.h"

namespace hearth::serve {

struct BatcherLimits {
  int64_t requests_max = 512;
  int64_t queued_texts_max = 4096;
  int64_t queued_tokens_max = 1'048'576;
  int64_t forward_tokens_least = 32;
  int64_t forward_tokens_most = 128;
};

// A request's texts once they are tokens, and room for their vectors.
struct PreparedTexts {
  std::vector<int32_t> ids;      // of all texts, one after the other
  std::vector<int32_t> lengths;  // in tokens, each ≥ 1
  std::vector<float> vectors;    // [lengths.size()][vector_size]: the batcher makes and fills it
};

// One request. Every call but wanted() comes from a worker thread, one at a time; exactly one of
// Finish and Fail ends it, or neither when it is dropped because nobody wants it.
class Work {
 public:
  virtual ~Work() = default;
  virtual Clock::time_point deadline() const = 0;
  virtual bool wanted() const = 0;
  // Parses and tokenises into `texts` (at least one). `scratch` is the worker's, to reuse.
  virtual Status Prepare(text::Encoding* scratch, PreparedTexts* texts) = 0;
  virtual void Finish(PreparedTexts& texts, const StageTimes& times) = 0;
  virtual void Fail(const Error& error) = 0;
};

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

 private:
  struct Job;
  struct Piece;
  struct Worker;

  void RunWorker(Worker& self);
  void PrepareOne(Worker& self) HEARTH_REQUIRES(mutex_);
  void ForwardOne(Worker& self) HEARTH_REQUIRES(mutex_);
  void AssistOne(Worker& leader) HEARTH_REQUIRES(mutex_);
  Worker* OpenTeam() HEARTH_REQUIRES(mutex_);
  Status Admit(const std::shared_ptr<Job>& job) HEARTH_REQUIRES(mutex_);
  BatchPlan Plan(Worker& self) HEARTH_REQUIRES(mutex_);
  void TakeBatch(const BatchPlan& plan, Worker& self) HEARTH_REQUIRES(mutex_);
  void Remove(const std::vector<size_t>& requests, std::vector<std::shared_ptr<Job>>* removed)
      HEARTH_REQUIRES(mutex_);
  void Share(Worker& self) HEARTH_REQUIRES(mutex_);
  void CloseTeam(Worker& self) HEARTH_REQUIRES(mutex_);
  void Settle(Worker& self, bool computed, Clock::time_point started) HEARTH_REQUIRES(mutex_);
  void CloseJobs(size_t count) HEARTH_REQUIRES(mutex_);
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
  std::deque<std::shared_ptr<Job>> waiting_ HEARTH_GUARDED_BY(mutex_);  // oldest first
  int64_t texts_waiting_ HEARTH_GUARDED_BY(mutex_) = 0;
  int64_t tokens_waiting_ HEARTH_GUARDED_BY(mutex_) = 0;
  int64_t jobs_open_ HEARTH_GUARDED_BY(mutex_) = 0;  // submitted and not ended
  // Of these, those whose answer is not on its way: what requests_max limits. A client that sends
  // its next request as soon as it has its answer finds its place free.
  int64_t jobs_unanswered_ HEARTH_GUARDED_BY(mutex_) = 0;
  int idle_ HEARTH_GUARDED_BY(mutex_) = 0;
  bool stopping_ HEARTH_GUARDED_BY(mutex_) = false;
  std::function<void()> drained_ HEARTH_GUARDED_BY(mutex_);
};

}  // namespace hearth::serve
