// RunningRequests: which requests are in hand, by age: what tells whether one has been running for
// long. Kept only when a task protects itself. Not thread-safe: the batcher's mutex guards it.
#pragma once

#include <cstddef>
#include <deque>
#include <memory>
#include <optional>

#include "serve/batch_policy.h"

namespace hearth::serve {

class RunningRequests {
 public:
  // In the order of arrival. The request runs as long as `request` lives.
  void Add(Clock::time_point arrived, Clock::time_point deadline,
           std::weak_ptr<const void> request);

  // The latest deadline among those that arrived before `before` and still run.
  std::optional<Clock::time_point> LatestDeadline(Clock::time_point before) const;

  size_t kept() const { return entries_.size(); }  // those that ended not long ago among them

 private:
  struct Entry {
    Clock::time_point arrived, deadline;
    std::weak_ptr<const void> request;
  };

  std::deque<Entry> entries_;  // oldest first
  size_t prune_at_ = 64;
};

}  // namespace hearth::serve
