#include "pool/retry_budget.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <utility>
#include <vector>

namespace hearth::pool {
namespace {

int TakeAll(RetryBudget budget, int in_flight) {
  int taken = 0;
  while (taken < 100000 && budget.TryTake(in_flight)) ++taken;
  return taken;
}

TEST(RetryBudget, IsAShareOfTheRequestsInFlightButAtLeastSome) {
  const RetryBudget budget(0.2, 3);
  const std::vector<std::pair<int, int>> table = {{0, 3},    {1, 3},      {15, 3},      {19, 3},
                                                  {20, 4},   {24, 4},     {25, 5},      {35, 7},
                                                  {100, 20}, {1000, 200}, {10004, 2000}};
  for (const auto& [in_flight, taken] : table) EXPECT_EQ(TakeAll(budget, in_flight), taken);
}

TEST(RetryBudget, IsExactWhereTheProductIsWhole) {
  EXPECT_EQ(TakeAll(RetryBudget(0.29, 0), 100), 29);  // 28.999999999999996 in floating point
  EXPECT_EQ(TakeAll(RetryBudget(0, 0), 1000), 0);
  EXPECT_EQ(TakeAll(RetryBudget(1, 0), 7), 7);
}

TEST(RetryBudget, WhatIsGivenBackCanBeTakenAgain) {
  RetryBudget budget(0.2, 1);
  EXPECT_TRUE(budget.TryTake(0));
  EXPECT_FALSE(budget.TryTake(0));
  budget.GiveBack();
  budget.GiveBack();  // one too many changes nothing
  EXPECT_EQ(budget.taken(), 0);
  EXPECT_TRUE(budget.TryTake(0));
  EXPECT_FALSE(budget.TryTake(0));
}

TEST(RetryBudget, WhenTheLoadFallsNoneIsTakenUntilEnoughCameBack) {
  RetryBudget budget(0.2, 3);
  for (int i = 0; i < 20; ++i) EXPECT_TRUE(budget.TryTake(100));
  for (int i = 0; i < 16; ++i) {
    budget.GiveBack();
    EXPECT_EQ(budget.TryTake(20), budget.taken() < 4) << i;
  }
}

TEST(RetryBudget, NeverGivesMoreThanItMay) {
  EXPECT_TRUE(rc::check("takes and returns", [](const std::vector<bool>& takes) {
    const int at_least = *rc::gen::inRange(0, 6);
    RetryBudget budget(0.2, at_least);
    int taken = 0;
    for (const bool take : takes) {
      const int in_flight = *rc::gen::inRange(0, 60);
      if (!take && taken > 0) {
        budget.GiveBack();
        --taken;
      } else if (take) {
        const bool may = taken < std::max(at_least, in_flight / 5);
        RC_ASSERT(budget.TryTake(in_flight) == may);
        taken += may ? 1 : 0;
      }
      RC_ASSERT(budget.taken() == taken);
    }
  }));
}

}  // namespace
}  // namespace hearth::pool
