#include "base/team.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <numeric>
#include <thread>
#include <vector>

namespace hearth {
namespace {

// Threads that assist until the team is dismissed. The destructor dismisses until all are back: one
// may join late.
class Helpers {
 public:
  Helpers(Team& team, int count) : team_(team), count_(count) {
    for (int i = 0; i < count; ++i) {
      threads_.emplace_back([this, &team] {
        team.Assist();
        returned_.fetch_add(1);
      });
    }
  }
  ~Helpers() {
    while (returned() < count_) team_.Dismiss();
    for (auto& thread : threads_) thread.join();
  }
  Helpers(const Helpers&) = delete;
  Helpers& operator=(const Helpers&) = delete;
  int returned() const { return returned_.load(); }

 private:
  Team& team_;
  const int count_;
  std::atomic<int> returned_ = 0;
  std::vector<std::thread> threads_;
};

// Runs steps until a helper has run a chunk: from then on the team has help. Each chunk gives the
// other cores a chance.
void RunUntilHelped(Team& team) {
  std::atomic<bool> helped = false;
  while (!helped) {
    team.Run(16, [&](int, int member) {
      if (member != 0) helped = true;
      std::this_thread::yield();
    });
  }
}

TEST(Team, AloneItIsAPlainLoopInOrder) {
  Team team(4);
  std::vector<int> order;
  team.Run(5, [&](int chunk, int member) {
    EXPECT_EQ(member, 0);
    order.push_back(chunk);
  });
  EXPECT_EQ(order, (std::vector<int>{0, 1, 2, 3, 4}));
}

TEST(Team, NothingToDo) {
  Team team(2);
  bool called = false;
  team.Run(0, [&](int, int) { called = true; });
  team.Run(-1, [&](int, int) { called = true; });
  team.Dismiss();
  EXPECT_FALSE(called);
}

TEST(Team, MembersAreClamped) {
  EXPECT_EQ(Team(0).members_max(), 1);
  EXPECT_EQ(Team(3).members_max(), 3);
  EXPECT_EQ(Team(1000).members_max(), Team::kMembersMax);
}

TEST(Team, ATeamOfOneSendsHelpersAwayAtOnce) {
  Team team(1);
  team.Assist();  // returns
  team.Run(3, [](int, int member) { EXPECT_EQ(member, 0); });
}

TEST(Team, AFullTeamSendsTheNextOneAway) {
  Team team(2);
  Helpers first(team, 1);
  RunUntilHelped(team);
  team.Assist();  // the only seat is taken: this thread is sent away, or it would never come back
  team.Dismiss();
}

TEST(Team, AClosedTeamSendsHelpersAwayAtOnceUntilItIsOpened) {
  Team team(2);
  team.Close();
  team.Assist();  // returns, or this test hangs
  team.Run(4, [](int, int member) { EXPECT_EQ(member, 0); });
  team.Open();
  Helpers helpers(team, 1);
  RunUntilHelped(team);
  team.Close();
  team.Close();  // again: nothing happens
}

TEST(Team, EveryChunkOfEveryStepRunsOnceAndWhatItWroteIsSeen) {
  constexpr int kSteps = 2000;
  Team team(4);
  Helpers helpers(team, 3);
  std::vector<int> values(67);  // plain ints: the team orders the accesses
  for (int step = 0; step < kSteps; ++step) {
    const int chunks = 1 + step % static_cast<int>(values.size());
    team.Run(chunks, [&](int chunk, int member) {
      EXPECT_GE(member, 0);
      EXPECT_LT(member, 4);
      ++values[static_cast<size_t>(chunk)];
    });
    EXPECT_GT(values[0], step);  // between steps the leader may read everything
  }
  int expected = 0;
  for (int step = 0; step < kSteps; ++step) expected += 1 + step % static_cast<int>(values.size());
  EXPECT_EQ(std::accumulate(values.begin(), values.end(), 0), expected);
}

TEST(Team, NoTwoMembersShareANumber) {
  Team team(4);
  Helpers helpers(team, 3);
  std::vector<std::atomic<int>> inside(4);
  for (int step = 0; step < 500; ++step) {
    team.Run(32, [&](int, int member) {
      auto& here = inside[static_cast<size_t>(member)];
      EXPECT_EQ(here.fetch_add(1), 0);
      std::this_thread::yield();
      here.fetch_sub(1);
    });
  }
}

TEST(Team, DismissSendsEveryHelperHomeEvenParkedOnes) {
  for (int round = 0; round < 100; ++round) {
    Team team(3);
    Helpers helpers(team, 2);
    // From not yet joined through spinning to parked: the rounds meet each.
    for (int i = 0; i < round; ++i) std::this_thread::yield();
    if (round % 3 == 0) RunUntilHelped(team);
    team.Dismiss();
  }
}

TEST(Team, HelpersComeBackAfterADismissal) {
  Team team(2);
  for (int round = 0; round < 50; ++round) {
    Helpers helpers(team, 1);
    RunUntilHelped(team);
    team.Dismiss();
  }
}

TEST(Team, TheDestructorDismisses) {
  std::atomic<int> ran = 0;
  auto team = std::make_unique<Team>(2);
  std::thread helper([&ran, t = team.get()] {
    t->Assist();
    ran = 1;
  });
  RunUntilHelped(*team);
  team.reset();
  helper.join();
  EXPECT_EQ(ran, 1);
}

// A parked helper (it has waited longer than it spins) is woken by the next step that has work for
// it.
TEST(Team, AParkedHelperIsWoken) {
  Team team(2);
  Helpers helpers(team, 1);
  for (int round = 0; round < 20; ++round) {
    RunUntilHelped(team);
    const auto until = std::chrono::steady_clock::now() + std::chrono::microseconds(500);
    while (std::chrono::steady_clock::now() < until) {
    }
  }
}

// The leader runs all chunks itself while the only helper is held up in one: it waits for that one
// alone.
TEST(Team, AHelperThatIsHeldUpDelaysOnlyItsOwnChunk) {
  Team team(2);
  Helpers helpers(team, 1);
  constexpr int kChunks = 100;
  bool met = false;
  while (!met) {
    std::atomic<int> by_leader = 0;
    int by_helper = 0;
    team.Run(kChunks, [&](int, int member) {
      if (member == 0) {
        by_leader.fetch_add(1);
        std::this_thread::yield();
        return;
      }
      ++by_helper;
      while (by_leader.load() + by_helper < kChunks) std::this_thread::yield();
    });
    met = by_helper == 1;
  }
}

RC_GTEST_PROP(TeamProperty, AnyStepsAnyHelpers, ()) {
  const int members = *rc::gen::inRange(1, 6);
  const int count = *rc::gen::inRange(0, 6);
  const auto steps = *rc::gen::container<std::vector<int>>(rc::gen::inRange(0, 40));
  Team team(members);
  long sum = 0;
  long expected = 0;
  {
    Helpers helpers(team, count);
    for (const int chunks : steps) {
      std::vector<int> runs(static_cast<size_t>(chunks));
      team.Run(chunks, [&](int chunk, int) { ++runs[static_cast<size_t>(chunk)]; });
      for (const int n : runs) sum += n == 1 ? 1 : 1000;
      expected += chunks;
    }
  }
  RC_ASSERT(sum == expected);
}

}  // namespace
}  // namespace hearth
