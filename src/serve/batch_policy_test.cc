#include "serve/batch_policy.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <map>
#include <numeric>
#include <vector>

namespace hearth::serve {
namespace {

using Texts = std::vector<int32_t>;

constexpr Clock::time_point kNow{std::chrono::seconds(1000)};

// Requests from the token counts of their texts.
std::vector<WaitingRequest> Waiting(const std::vector<Texts>& requests) {
  std::vector<WaitingRequest> waiting;
  for (const Texts& texts : requests) {
    waiting.push_back({texts, std::accumulate(texts.begin(), texts.end(), int64_t{0}),
                       kNow + std::chrono::seconds(1), true});
  }
  return waiting;
}

std::vector<Pick> Picks(const std::vector<Texts>& requests, int64_t budget, Turn turn) {
  return PlanBatch(Waiting(requests), budget, turn, kNow).picks;
}

TEST(BatchPolicy, TakesEverythingThatFits) {
  EXPECT_EQ(Picks({{5, 5}, {5}}, 15, Turn::kOldest), (std::vector<Pick>{{0, 2}, {1, 1}}));
  EXPECT_EQ(Picks({}, 15, Turn::kOldest), std::vector<Pick>{});
}

TEST(BatchPolicy, SplitsABigRequest) {
  EXPECT_EQ(Picks({{5, 5, 5, 5}}, 12, Turn::kOldest), (std::vector<Pick>{{0, 2}}));
}

TEST(BatchPolicy, OneTextOverTheBudgetGoesAlone) {
  EXPECT_EQ(Picks({{100}, {1}}, 50, Turn::kOldest), (std::vector<Pick>{{0, 1}}));
}

TEST(BatchPolicy, ShortOnesPassALongOneThatDoesNotFit) {
  EXPECT_EQ(Picks({{30}, {40}, {10}}, 50, Turn::kOldest), (std::vector<Pick>{{0, 1}, {2, 1}}));
}

TEST(BatchPolicy, TheShortestTurnBeginsWithTheLeastWork) {
  EXPECT_EQ(Picks({{50, 50, 50}, {40}, {8}}, 50, Turn::kShortest),
            (std::vector<Pick>{{2, 1}, {1, 1}}));
}

TEST(BatchPolicy, SetsAsideWhatIsLateOrUnwanted) {
  const std::vector<Texts> texts = {{5}, {5}, {5}};
  auto waiting = Waiting(texts);
  waiting[0].deadline = kNow;
  waiting[1].wanted = false;
  const BatchPlan plan = PlanBatch(waiting, 100, Turn::kOldest, kNow);
  EXPECT_EQ(plan.expired, std::vector<size_t>{0});
  EXPECT_EQ(plan.unwanted, std::vector<size_t>{1});
  EXPECT_EQ(plan.picks, (std::vector<Pick>{{2, 1}}));
}

TEST(BatchPolicy, SharesAQueueAmongFreeWorkers) {
  EXPECT_EQ(ForwardBudget(1000, 2, 32, 256), 256);
  EXPECT_EQ(ForwardBudget(300, 2, 32, 256), 150);
  EXPECT_EQ(ForwardBudget(301, 2, 32, 256), 151);
  EXPECT_EQ(ForwardBudget(40, 2, 32, 256), 32);
  EXPECT_EQ(ForwardBudget(8, 0, 32, 256), 32);
}

TEST(BatchPolicy, TheQueueIsBoundedInTextsAndTokens) {
  EXPECT_TRUE(QueueHasRoom(0, 0, 10, 100, 10, 100));
  EXPECT_FALSE(QueueHasRoom(0, 0, 11, 50, 10, 100));
  EXPECT_FALSE(QueueHasRoom(0, 0, 5, 101, 10, 100));
  EXPECT_FALSE(QueueHasRoom(6, 0, 5, 1, 10, 100));
}

std::vector<Texts> ArbitraryRequests() {
  return *rc::gen::container<std::vector<Texts>>(
      rc::gen::nonEmpty(rc::gen::container<Texts>(rc::gen::inRange(1, 300))));
}

TEST(BatchPolicyProperty, ABatchIsWholeBoundedAndNeverEmptyHanded) {
  EXPECT_TRUE(rc::check("shape of a batch", [] {
    const std::vector<Texts> requests = ArbitraryRequests();
    const auto budget = *rc::gen::inRange<int64_t>(1, 600);
    const Turn turn = *rc::gen::element(Turn::kOldest, Turn::kShortest);
    const BatchPlan plan = PlanBatch(Waiting(requests), budget, turn, kNow);
    RC_ASSERT(plan.picks.empty() == requests.empty());
    int64_t tokens = 0;
    size_t texts = 0;
    std::map<size_t, int> seen;
    for (const Pick& pick : plan.picks) {
      RC_ASSERT(pick.texts >= 1 && pick.texts <= requests[pick.request].size());
      RC_ASSERT(++seen[pick.request] == 1);
      for (size_t i = 0; i < pick.texts; ++i) tokens += requests[pick.request][i];
      texts += pick.texts;
    }
    RC_ASSERT(tokens == plan.tokens);
    RC_ASSERT(tokens <= budget || texts == 1);
  }));
}

TEST(BatchPolicyProperty, TheFirstInTheTurnsOrderIsAlwaysIn) {
  EXPECT_TRUE(rc::check("head of the order", [] {
    const std::vector<Texts> requests = ArbitraryRequests();
    RC_PRE(!requests.empty());
    const auto waiting = Waiting(requests);
    RC_ASSERT(PlanBatch(waiting, 256, Turn::kOldest, kNow).picks.front().request == 0);
    const size_t smallest = PlanBatch(waiting, 256, Turn::kShortest, kNow).picks.front().request;
    for (const WaitingRequest& other : waiting) {
      RC_ASSERT(waiting[smallest].tokens_left <= other.tokens_left);
    }
  }));
}

// Plays a queue to its end: every text is computed once, in its request's order, and a request of
// one short text that comes while others wait is done after at most two more batches.
TEST(BatchPolicyProperty, AShortTextNeverWaitsBeyondTwoBatches) {
  EXPECT_TRUE(rc::check("short texts overtake", [] {
    std::vector<Texts> requests = ArbitraryRequests();
    for (Texts& texts : requests) texts.push_back(256);  // all are bigger than the newcomer
    requests.push_back({8});
    const size_t newcomer = requests.size() - 1;
    Turn turn = *rc::gen::element(Turn::kOldest, Turn::kShortest);
    int batches = 0;
    while (!requests[newcomer].empty()) {
      RC_ASSERT(++batches <= 2);
      for (const Pick& pick : PlanBatch(Waiting(requests), 256, turn, kNow).picks) {
        Texts& texts = requests[pick.request];
        texts.erase(texts.begin(), texts.begin() + static_cast<ptrdiff_t>(pick.texts));
      }
      turn = Other(turn);
    }
  }));
}

TEST(BatchPolicyProperty, EverythingIsComputedInTheEnd) {
  EXPECT_TRUE(rc::check("no starvation", [] {
    std::vector<Texts> requests = ArbitraryRequests();
    size_t texts_left = 0;
    for (const Texts& texts : requests) texts_left += texts.size();
    for (Turn turn = Turn::kOldest; texts_left > 0; turn = Other(turn)) {
      size_t taken = 0;
      for (const Pick& pick : PlanBatch(Waiting(requests), 256, turn, kNow).picks) {
        Texts& texts = requests[pick.request];
        texts.erase(texts.begin(), texts.begin() + static_cast<ptrdiff_t>(pick.texts));
        taken += pick.texts;
      }
      RC_ASSERT(taken > 0U);
      texts_left -= taken;
    }
  }));
}

}  // namespace
}  // namespace hearth::serve
