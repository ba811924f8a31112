// WaitingTexts: the requests whose texts wait to be computed, oldest first, and how many they are.
//
// Not thread-safe: the batcher's mutex guards it. Calls no Work but its deadline() and wanted().
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <vector>

#include "base/result.h"
#include "serve/batch_policy.h"
#include "serve/batcher_limits.h"
#include "serve/work.h"

namespace hearth::serve {

// A request from Submit to its answer.
struct Job {
  std::unique_ptr<Work> work;
  PreparedTexts texts;
  size_t next_text = 0;   // first that waits
  size_t next_token = 0;  // where its ids begin
  size_t texts_done = 0;
  bool ended = false;  // failed or dropped: what is still being computed for it is thrown away
  Clock::time_point submitted;
  Clock::time_point prepare_started;
  Clock::time_point prepared;
  Clock::time_point first_taken;

  int64_t TextsWaiting() const { return static_cast<int64_t>(texts.lengths.size() - next_text); }
  int64_t TokensWaiting() const { return static_cast<int64_t>(texts.ids.size() - next_token); }
};

// Consecutive texts of one job in one forward.
struct Piece {
  std::shared_ptr<Job> job;
  size_t first_text = 0;
  size_t texts = 0;
  size_t first_token = 0;
  size_t tokens = 0;
};

class WaitingTexts {
 public:
  explicit WaitingTexts(const BatcherLimits& limits) : limits_(limits) {}

  int64_t texts() const { return texts_; }
  int64_t tokens() const { return tokens_; }
  bool empty() const { return tokens_ == 0; }

  // kOverloaded over one of the queue's limits; `hit` then says which.
  Status Add(const std::shared_ptr<Job>& job, Limit* hit);

  // Takes what the policy puts into the next forward when `workers_free` (the asker counted) could
  // compute: `pieces` of it, and the requests that left because their time was over (`expired`);
  // both are overwritten. Returns how many left because nobody wants them. All that left have
  // `ended` set.
  size_t Take(int workers_free, Clock::time_point now, std::vector<Piece>* pieces,
              std::vector<std::shared_ptr<Job>>* expired);

  // Forgets texts of `jobs` (each `ended` already) that still wait: they would be computed for
  // nobody.
  void Forget(const std::vector<std::shared_ptr<Job>>& jobs);

  // Empties it.
  std::deque<std::shared_ptr<Job>> TakeAll();

 private:
  void Subtract(const Job& job);
  void EraseFinished();

  const BatcherLimits limits_;
  std::deque<std::shared_ptr<Job>> jobs_;
  int64_t texts_ = 0;
  int64_t tokens_ = 0;
  std::vector<WaitingRequest> view_;  // scratch of Take
};

}  // namespace hearth::serve
