#include "serve/batch_policy.h"

#include <algorithm>
#include <utility>

namespace hearth::serve {

BatchPlan PlanBatch(std::span<const WaitingRequest> waiting, int64_t token_budget, Turn turn,
                    Clock::time_point now) {
  BatchPlan plan;
  std::vector<size_t> order;
  order.reserve(waiting.size());
  for (size_t i = 0; i < waiting.size(); ++i) {
    if (!waiting[i].wanted) {
      plan.unwanted.push_back(i);
    } else if (waiting[i].deadline <= now) {
      plan.expired.push_back(i);
    } else if (!waiting[i].text_tokens.empty()) {
      order.push_back(i);
    }
  }
  if (turn == Turn::kShortest) {
    // Not stable_sort: libstdc++'s allocates through a function that is deprecated, an error in
    // this build.
    std::sort(order.begin(), order.end(), [&](size_t a, size_t b) {
      return std::pair(waiting[a].tokens_left, a) < std::pair(waiting[b].tokens_left, b);
    });
  }
  for (const size_t request : order) {
    size_t texts = 0;
    for (const int32_t tokens : waiting[request].text_tokens) {
      const bool first_of_all = plan.picks.empty() && texts == 0;
      if (!first_of_all && plan.tokens + tokens > token_budget) break;
      plan.tokens += tokens;
      ++texts;
    }
    if (texts > 0) plan.picks.push_back({request, texts});
    if (plan.tokens >= token_budget) break;
  }
  return plan;
}

int64_t ForwardBudget(int64_t tokens_waiting, int workers_free, int64_t tokens_least,
                      int64_t tokens_most) {
  const int64_t workers = std::max(workers_free, 1);
  const int64_t share = (tokens_waiting + workers - 1) / workers;
  return std::min(std::max(share, tokens_least), tokens_most);
}

bool QueueHasRoom(int64_t texts_waiting, int64_t tokens_waiting, int64_t texts, int64_t tokens,
                  int64_t texts_max, int64_t tokens_max) {
  return texts_waiting + texts <= texts_max && tokens_waiting + tokens <= tokens_max;
}

}  // namespace hearth::serve
