#include "serve/batch_policy.h"

#include <algorithm>
#include <utility>

namespace hearth::serve {

namespace {

// Slower than any machine computes (a core of 2020 needs about 0.25 ms), so that a big batch alone
// is always ahead of its own schedule, and whoever comes goes first.
constexpr std::chrono::microseconds kPatiencePerToken{1000};

}  // namespace

Clock::time_point DueTime(const WaitingRequest& request) {
  return request.came + (request.tokens_taken + request.text_tokens.front()) * kPatiencePerToken;
}

BatchPlan PlanBatch(std::span<const WaitingRequest> waiting, int64_t token_budget,
                    Clock::time_point now) {
  BatchPlan plan;
  std::vector<std::pair<Clock::time_point, size_t>> order;  // due when, which
  order.reserve(waiting.size());
  for (size_t i = 0; i < waiting.size(); ++i) {
    if (!waiting[i].wanted) {
      plan.unwanted.push_back(i);
    } else if (waiting[i].deadline <= now) {
      plan.expired.push_back(i);
    } else if (!waiting[i].text_tokens.empty()) {
      order.emplace_back(DueTime(waiting[i]), i);
    }
  }
  std::sort(order.begin(), order.end());
  for (const auto& [due, request] : order) {
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
