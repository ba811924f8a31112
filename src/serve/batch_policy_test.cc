#include "serve/batch_policy.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <map>
#include <vector>

namespace hearth::serve {
namespace {

using Texts = std::vector<int32_t>;

constexpr Clock::time_point kNow{std::chrono::seconds(1000)};

// Requests from the token counts of their texts.
std::vector<WaitingRequest> Waiting(const std::vector<Texts>& requests) {
  std::vector<WaitingRequest> waiting;
  for (const Texts& texts : requests) {
    waiting.push_back({texts, kNow, 0, kNow + std::chrono::seconds(1), true});
  }
  return waiting;
}

std::vector<Pick> Picks(const std::vector<Texts>& requests, int64_t budget) {
  return PlanBatch(Waiting(requests), budget, kNow).picks;
}

TEST(BatchPolicy, TakesEverythingThatFits) {
  EXPECT_EQ(Picks({{5, 5}, {5}}, 15), (std::vector<Pick>{{0, 2}, {1, 1}}));
  EXPECT_EQ(Picks({}, 15), std::vector<Pick>{});
}

TEST(BatchPolicy, SplitsABigRequest) {
  EXPECT_EQ(Picks({{5, 5, 5, 5}}, 12), (std::vector<Pick>{{0, 2}}));
}

TEST(BatchPolicy, OneTextOverTheBudgetGoesAlone) {
  EXPECT_EQ(Picks({{100}, {120}}, 50), (std::vector<Pick>{{0, 1}}));
}

TEST(BatchPolicy, ShortOnesPassALongOneThatDoesNotFit) {
  const std::vector<Texts> texts = {{30}, {40}, {10}};
  auto waiting = Waiting(texts);
  waiting[0].came -= std::chrono::milliseconds(100);
  waiting[1].came -= std::chrono::milliseconds(90);
  EXPECT_EQ(PlanBatch(waiting, 50, kNow).picks, (std::vector<Pick>{{0, 1}, {2, 1}}));
}

TEST(BatchPolicy, WhatIsDueFirstIsFirst) {
  EXPECT_EQ(Picks({{50, 50, 50}, {40}, {8}}, 50), (std::vector<Pick>{{2, 1}, {1, 1}}));
  const std::vector<Texts> texts = {{200}, {8}};
  auto waiting = Waiting(texts);
  waiting[1].came += std::chrono::milliseconds(191);
  EXPECT_EQ(PlanBatch(waiting, 8, kNow).picks, (std::vector<Pick>{{1, 1}}));
  waiting[1].came += std::chrono::milliseconds(2);  // the long one has waited long enough
  EXPECT_EQ(PlanBatch(waiting, 8, kNow).picks, (std::vector<Pick>{{0, 1}}));
}

TEST(BatchPolicy, ABigRequestIsPaced) {
  const std::vector<Texts> texts = {{100, 100}};
  auto waiting = Waiting(texts);
  EXPECT_EQ(DueTime(waiting[0]), kNow + std::chrono::milliseconds(100));
  waiting[0].tokens_taken = 1000;
  EXPECT_EQ(DueTime(waiting[0]), kNow + std::chrono::milliseconds(1100));
}

TEST(BatchPolicy, SetsAsideWhatIsLateOrUnwanted) {
  const std::vector<Texts> texts = {{5}, {5}, {5}};
  auto waiting = Waiting(texts);
  waiting[0].deadline = kNow;
  waiting[1].wanted = false;
  const BatchPlan plan = PlanBatch(waiting, 100, kNow);
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
    const BatchPlan plan = PlanBatch(Waiting(requests), budget, kNow);
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

TEST(BatchPolicyProperty, WhatIsDueFirstIsAlwaysIn) {
  EXPECT_TRUE(rc::check("head of the order", [] {
    const std::vector<Texts> requests = ArbitraryRequests();
    RC_PRE(!requests.empty());
    auto waiting = Waiting(requests);
    for (WaitingRequest& request : waiting) {
      request.came -= std::chrono::milliseconds(*rc::gen::inRange(0, 2000));
    }
    const size_t first = PlanBatch(waiting, 256, kNow).picks.front().request;
    for (const WaitingRequest& other : waiting) {
      RC_ASSERT(DueTime(waiting[first]) <= DueTime(other));
    }
  }));
}

// A queue played on a virtual clock: every millisecond 8 tokens are computed.
class Play {
 public:
  void Come(Texts texts) { requests_.push_back({std::move(texts), now_, 0, {}, 0}); }
  // Computes one batch of up to 128 tokens.
  void Batch() {
    std::vector<WaitingRequest> waiting;
    for (const Request& request : requests_) {
      waiting.push_back({std::span(request.texts).subspan(request.next), request.came,
                         request.taken, Clock::time_point::max(), true});
    }
    const BatchPlan plan = PlanBatch(waiting, 128, now_);
    now_ += std::chrono::milliseconds(std::max<int64_t>(plan.tokens / 8, 1));
    for (const Pick& pick : plan.picks) {
      Request& request = requests_[pick.request];
      for (size_t i = 0; i < pick.texts; ++i) request.taken += request.texts[request.next++];
      if (request.next == request.texts.size()) request.done = now_;
    }
  }
  bool Done(size_t request) const { return requests_[request].done != Clock::time_point{}; }
  Clock::duration Took(size_t request) const {
    return requests_[request].done - requests_[request].came;
  }
  size_t size() const { return requests_.size(); }

 private:
  struct Request {
    Texts texts;
    Clock::time_point came;
    int64_t taken = 0;
    Clock::time_point done;
    size_t next = 0;
  };
  std::vector<Request> requests_;
  Clock::time_point now_ = kNow;
};

TEST(BatchPolicyProperty, AShortTextIsInTheNextBatchWhateverBigRequestsWait) {
  EXPECT_TRUE(rc::check("short texts overtake", [] {
    Play play;
    const int big = *rc::gen::inRange(1, 4);
    for (int i = 0; i < big; ++i) {
      play.Come(Texts(static_cast<size_t>(*rc::gen::inRange(100, 2000)), 120));
    }
    const int before = *rc::gen::inRange(0, 50);
    for (int i = 0; i < before; ++i) play.Batch();
    play.Come({8});
    play.Batch();
    RC_ASSERT(play.Done(play.size() - 1));
  }));
}

TEST(BatchPolicyProperty, ABigRequestEndsThoughShortOnesFillTheMachine) {
  Play play;
  play.Come(Texts(10, 128));
  for (int batches = 0; !play.Done(0); ++batches) {
    ASSERT_LT(batches, 1000);
    for (int i = 0; i < 16; ++i) play.Come({8});  // as many tokens as a batch computes
    play.Batch();
  }
  EXPECT_GE(play.Took(0), std::chrono::milliseconds(1280 - 128)) << "it is paced";
  EXPECT_LE(play.Took(0), std::chrono::milliseconds(1280 + 1280 / 8 + 100));
  while (!play.Done(play.size() - 1)) play.Batch();
  for (size_t i = 1; i < play.size(); ++i) {
    EXPECT_LE(play.Took(i), std::chrono::milliseconds(1280 / 8 + 100)) << "more than its work";
  }
}

TEST(BatchPolicyProperty, EverythingIsComputedInTheEnd) {
  EXPECT_TRUE(rc::check("no starvation", [] {
    std::vector<Texts> requests = ArbitraryRequests();
    size_t texts_left = 0;
    for (const Texts& texts : requests) texts_left += texts.size();
    while (texts_left > 0) {
      size_t taken = 0;
      for (const Pick& pick : PlanBatch(Waiting(requests), 256, kNow).picks) {
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
