#include "serve/running_requests.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <vector>

namespace hearth::serve {
namespace {

Clock::time_point At(int s) { return Clock::time_point(std::chrono::seconds(s)); }

TEST(RunningRequests, SaysTheLatestDeadlineOfTheOldOnes) {
  RunningRequests running;
  const auto a = std::make_shared<int>(), b = std::make_shared<int>(), c = std::make_shared<int>();
  running.Add(At(1), At(100), a);
  running.Add(At(2), At(90), b);
  running.Add(At(3), At(300), c);
  EXPECT_EQ(running.LatestDeadline(At(1)), std::nullopt);
  EXPECT_EQ(running.LatestDeadline(At(2)), At(100));
  EXPECT_EQ(running.LatestDeadline(At(3)), At(100));
  EXPECT_EQ(running.LatestDeadline(At(4)), At(300));
}

TEST(RunningRequests, OneThatEndedRunsNoMore) {
  RunningRequests running;
  auto a = std::make_shared<int>(), b = std::make_shared<int>();
  running.Add(At(1), At(100), a);
  running.Add(At(2), At(90), b);
  a.reset();
  EXPECT_EQ(running.LatestDeadline(At(9)), At(90));
  b.reset();
  EXPECT_EQ(running.LatestDeadline(At(9)), std::nullopt);
}

TEST(RunningRequests, DoNotPileUpBehindOneThatRunsForLong) {
  RunningRequests running;
  const auto old = std::make_shared<int>();
  running.Add(At(0), At(1'000'000), old);
  for (int i = 1; i < 100'000; ++i) running.Add(At(i), At(i + 60), std::make_shared<int>());
  EXPECT_LE(running.kept(), 100);
  EXPECT_EQ(running.LatestDeadline(At(200'000)), At(1'000'000));
}

RC_GTEST_PROP(RunningRequests, AgreeWithAListOfAll, ()) {
  struct Request {
    int arrived, deadline;
    std::shared_ptr<int> alive;
  };
  RunningRequests running;
  std::vector<Request> all;
  const auto steps = *rc::gen::container<std::vector<int>>(rc::gen::inRange(0, 1000));
  int now = 0;
  for (const int step : steps) {
    ++now;
    if (step % 3 != 0 || all.empty()) {
      all.push_back({now, now + step, std::make_shared<int>()});
      running.Add(At(now), At(now + step), all.back().alive);
    } else {
      all[static_cast<size_t>(step) % all.size()].alive.reset();
    }
    const int before = now - step % 20;
    std::optional<Clock::time_point> wanted;
    for (const Request& request : all) {
      if (request.alive == nullptr || request.arrived >= before) continue;
      wanted = std::max(wanted.value_or(At(request.deadline)), At(request.deadline));
    }
    RC_ASSERT(running.LatestDeadline(At(before)) == wanted);
  }
}

}  // namespace
}  // namespace hearth::serve
