#include "serve/memory_plan.h"

#include <gtest/gtest.h>

#include <numeric>

namespace hearth::serve {
namespace {

constexpr int64_t kMiB = int64_t{1} << 20;

ModelSizes MiniLm() {
  return {.file = 91 * kMiB,
          .encoder = 43 * kMiB,
          .hidden_size = 384,
          .max_tokens = 256,
          .worker_scratch = 3 * kMiB};
}

int64_t Needed(const ServeOptions& options, int workers) {
  return PlanMemory(MiniLm(), options, workers, std::nullopt).needed;
}

TEST(MemoryPlan, TheItemsAddUp) {
  const MemoryPlan plan = PlanMemory(MiniLm(), {}, 2, std::nullopt);
  int64_t sum = 0;
  int64_t held = 0;
  for (const MemoryItem& item : plan.items) {
    EXPECT_GT(item.bytes, 0) << item.name;
    sum += item.bytes;
    if (!item.reclaimable) held += item.bytes;
  }
  EXPECT_EQ(plan.needed, sum);
  EXPECT_EQ(plan.unreclaimable, held);
  EXPECT_EQ(plan.needed - plan.unreclaimable, MiniLm().encoder);
}

TEST(MemoryPlan, EveryLimitThatHoldsMemoryCounts) {
  const int64_t whole = Needed({}, 2);
  EXPECT_LT(Needed({}, 1), whole);
  const auto less = [&](auto change) {
    ServeOptions options;
    change(options);
    return Needed(options, 2) < whole;
  };
  EXPECT_TRUE(less([](ServeOptions& o) { o.http.connections_max /= 2; }));
  EXPECT_TRUE(less([](ServeOptions& o) { o.http.body_bytes_max /= 2; }));
  EXPECT_TRUE(less([](ServeOptions& o) { o.http.buffered_bytes_max /= 2; }));
  EXPECT_TRUE(less([](ServeOptions& o) { o.http.header_bytes_max /= 2; }));
  EXPECT_TRUE(less([](ServeOptions& o) { o.queued_texts_max /= 2; }));
  EXPECT_TRUE(less([](ServeOptions& o) { o.queued_tokens_max /= 2; }));
  EXPECT_TRUE(less([](ServeOptions& o) { o.client_batch_max /= 2; }));
}

// A common size, and the one that tests/image/run_test.py runs in.
TEST(MemoryPlan, TheDefaultsFitHalfAGibibyteWithTwoWorkers) {
  EXPECT_LE(Needed({}, 2), 512 * kMiB);
}

TEST(MemoryPlan, FitsUpToTheByte) {
  MemoryPlan plan = PlanMemory(MiniLm(), {}, 1, std::nullopt);
  EXPECT_TRUE(CheckFits(plan));
  plan.limit = plan.needed;
  EXPECT_TRUE(CheckFits(plan));
  plan.limit = plan.needed - 1;
  EXPECT_FALSE(CheckFits(plan));
}

TEST(MemoryPlan, WeightsThatDoNotFitAreRefusedThoughTheyCouldBeReclaimed) {
  ModelSizes large = MiniLm();
  large.encoder = 4096 * kMiB;
  EXPECT_FALSE(CheckFits(PlanMemory(large, {}, 1, 2048 * kMiB)));
}

TEST(MemoryPlan, TheRefusalNamesBothFiguresAndARemedy) {
  const Status status = CheckFits(PlanMemory(MiniLm(), {}, 1, 128 * kMiB));
  ASSERT_FALSE(status);
  const std::string& words = status.error().message;
  EXPECT_NE(words.find("the container has 128 MiB"), std::string::npos) << words;
  EXPECT_NE(words.find("raise memory"), std::string::npos) << words;
  EXPECT_EQ(TraitsOf(status.error().code).exit_code, 1);
}

TEST(MemoryPlan, ATextGoesIntoAForwardWhole) {
  ServeOptions options;
  options.forward_tokens = 128;
  EXPECT_EQ(ForwardTokensMax(options, 256), 256);
  EXPECT_EQ(ForwardTokensMax(options, 64), 128);
  options.batch_tokens_max = 100;
  EXPECT_EQ(ForwardTokensMax(options, 256), 100);
}

}  // namespace
}  // namespace hearth::serve
