#include "serve/running_requests.h"

#include <algorithm>
#include <utility>

namespace hearth::serve {

void RunningRequests::Add(Clock::time_point arrived, Clock::time_point deadline,
                          std::weak_ptr<const void> request) {
  while (!entries_.empty() && entries_.front().request.expired()) entries_.pop_front();
  // Behind one that runs for long, others come and go.
  if (entries_.size() >= prune_at_) {
    std::erase_if(entries_, [](const Entry& entry) { return entry.request.expired(); });
    prune_at_ = 2 * entries_.size() + 64;
  }
  entries_.push_back({arrived, deadline, std::move(request)});
}

std::optional<Clock::time_point> RunningRequests::LatestDeadline(Clock::time_point before) const {
  std::optional<Clock::time_point> latest;
  for (const Entry& entry : entries_) {
    if (entry.arrived >= before) break;
    if (entry.request.expired()) continue;
    latest = std::max(latest.value_or(entry.deadline), entry.deadline);
  }
  return latest;
}

}  // namespace hearth::serve
