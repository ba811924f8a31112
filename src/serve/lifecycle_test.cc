#include "serve/lifecycle.h"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <thread>
#include <vector>

namespace hearth::serve {
namespace {

constexpr std::array kAll = {Phase::kStarting, Phase::kLoading, Phase::kReady, Phase::kDraining,
                             Phase::kGone};

TEST(Lifecycle, WalksFromStartToEnd) {
  Lifecycle lifecycle;
  for (const Phase phase : kAll) {
    if (phase == Phase::kStarting) continue;
    EXPECT_TRUE(lifecycle.MoveTo(phase));
    EXPECT_EQ(lifecycle.phase(), phase);
  }
}

TEST(Lifecycle, NeverGoesBackNorSkipsLoading) {
  for (const Phase from : kAll) {
    for (const Phase to : kAll) {
      if (to <= from) {
        EXPECT_FALSE(MayMove(from, to)) << NameOf(from) << NameOf(to);
      }
    }
  }
  EXPECT_FALSE(MayMove(Phase::kStarting, Phase::kReady));
  EXPECT_TRUE(MayMove(Phase::kStarting, Phase::kDraining));
  EXPECT_TRUE(MayMove(Phase::kLoading, Phase::kDraining));
}

TEST(Lifecycle, ALoaderThatFinishesAfterSigtermIsNotReady) {
  Lifecycle lifecycle;
  lifecycle.MoveTo(Phase::kLoading);
  EXPECT_TRUE(lifecycle.MoveTo(Phase::kDraining));
  EXPECT_FALSE(lifecycle.MoveTo(Phase::kReady));
  EXPECT_EQ(lifecycle.phase(), Phase::kDraining);
}

TEST(Lifecycle, OneOfManyThreadsMoves) {
  Lifecycle lifecycle;
  std::atomic<int> moved{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] { moved += lifecycle.MoveTo(Phase::kDraining) ? 1 : 0; });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(moved, 1);
}

TEST(Lifecycle, SaysWhereItStands) {
  EXPECT_EQ(ReadyBody(Phase::kReady, LoadStep::kDone, 1), R"({"status":"ready"})");
  EXPECT_EQ(ReadyBody(Phase::kDraining, LoadStep::kDone, 1), R"({"status":"draining"})");
  EXPECT_EQ(ReadyBody(Phase::kLoading, LoadStep::kReadWeights, 0.42),
            R"({"status":"loading","step":"read_weights","progress":0.42})");
}

}  // namespace
}  // namespace hearth::serve
