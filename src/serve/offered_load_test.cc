#include "serve/offered_load.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cmath>

namespace hearth::serve {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Clock::time_point kZero{seconds(1000)};
constexpr seconds kLength{10};

Clock::time_point At(double s) { return kZero + milliseconds(std::llround(s * 1000)); }

std::vector<double> Loads(OfferedLoad& load, double now) {
  std::vector<double> loads;
  for (const auto& closed : load.TakeClosed(At(now))) loads.push_back(closed.load);
  return loads;
}

TEST(OfferedLoad, IsZeroWhenIdle) {
  OfferedLoad load(kZero, kLength);
  EXPECT_EQ(Loads(load, 9.999), std::vector<double>{});
  EXPECT_EQ(Loads(load, 30), (std::vector<double>{0, 0, 0}));
}

TEST(OfferedLoad, SaysWhenEachSlotBegan) {
  OfferedLoad load(kZero, kLength);
  const auto closed = load.TakeClosed(At(25));
  ASSERT_EQ(closed.size(), 2);
  EXPECT_EQ(closed[0].begin, kZero);
  EXPECT_EQ(closed[1].begin, At(10));
}

TEST(OfferedLoad, CountsARequestInTheSlotsThatItIsIn) {
  OfferedLoad load(kZero, kLength);
  load.SetSlots(kZero, 2);
  load.Arrive(At(5));
  load.Leave(At(22), 1);
  const auto loads = Loads(load, 30);
  ASSERT_EQ(loads.size(), 3);
  EXPECT_DOUBLE_EQ(loads[0], 5.0 / 20);
  EXPECT_DOUBLE_EQ(loads[1], 10.0 / 20);
  EXPECT_DOUBLE_EQ(loads[2], 2.0 / 20);
}

TEST(OfferedLoad, GrowsOverOneWithWhatWaits) {
  OfferedLoad load(kZero, kLength);
  load.SetSlots(kZero, 2);
  for (int i = 0; i < 6; ++i) load.Arrive(kZero);
  EXPECT_DOUBLE_EQ(Loads(load, 10).at(0), 3.0);
}

TEST(OfferedLoad, RefusedRequestsCountAsLongAsServedOnesTake) {
  OfferedLoad load(kZero, kLength);
  load.SetSlots(kZero, 4);
  for (int i = 0; i < 10; ++i) {
    load.Arrive(At(i));
    load.Leave(At(i + 0.5), 1);
  }
  load.Refuse(At(9.7), 40);  // half a second each
  EXPECT_NEAR(Loads(load, 10).at(0), (10 * 0.5 + 40 * 0.5) / 40, 1e-9);
}

TEST(OfferedLoad, WaitingIsNoServiceTime) {
  OfferedLoad load(kZero, kLength);  // one slot
  for (int i = 0; i < 10; ++i) load.Arrive(kZero);
  for (int i = 1; i <= 10; ++i) load.Leave(At(0.9 * i), 1);
  load.Refuse(At(9.5), 1);
  // In use 9 s, waiting 40.5 s, one refused for the 0.9 s that one takes.
  EXPECT_NEAR(Loads(load, 10.5).at(0), (49.5 + 0.9) / 10.0, 1e-9);
}

TEST(OfferedLoad, WhoGivesUpSaysNothingOfServiceTime) {
  OfferedLoad load(kZero, kLength);
  load.Arrive(kZero);
  load.Leave(At(2), 1);
  load.Arrive(At(3));
  load.Leave(At(3), 0, 1);
  load.Refuse(At(4), 1);
  EXPECT_NEAR(Loads(load, 10).at(0), (2 + 2) / 10.0, 1e-9);
}

TEST(OfferedLoad, RefusalsBeforeAnyServiceCountNothing) {
  OfferedLoad load(kZero, kLength);
  load.Refuse(At(1), 1000);
  EXPECT_EQ(Loads(load, 10).at(0), 0);
}

TEST(OfferedLoad, ServiceTimeIsRememberedOverAnIdleHour) {
  OfferedLoad load(kZero, kLength);
  load.Arrive(At(0));
  load.Leave(At(2), 1);
  Loads(load, 3600);
  load.Refuse(At(3601), 5);
  EXPECT_NEAR(Loads(load, 3610).at(0), 5 * 2 / 10.0, 1e-9);
}

TEST(OfferedLoad, KeepsTheLastSlotsOnly) {
  OfferedLoad load(kZero, kLength);
  const auto closed = load.TakeClosed(At(10 * 200));
  ASSERT_EQ(closed.size(), OfferedLoad::kKept);
  EXPECT_EQ(closed.back().begin, At(1990));
}

TEST(OfferedLoad, ATimeThatStepsBackCountsAsNow) {
  OfferedLoad load(kZero, kLength);
  load.Arrive(At(5));
  load.Leave(At(4), 1);
  EXPECT_EQ(Loads(load, 10).at(0), 0);
}

struct Request {
  int arrives = 0, leaves = 0;  // ms
  bool served = true;
};

// The definition, millisecond by millisecond.
std::vector<double> BruteForce(const std::vector<Request>& requests, int slots, int length_ms,
                               int end_ms) {
  std::vector<double> loads;
  for (int begin = 0; begin + length_ms <= end_ms; begin += length_ms) {
    double sum = 0;
    for (int ms = begin; ms < begin + length_ms; ++ms) {
      sum += static_cast<double>(std::count_if(
          requests.begin(), requests.end(),
          [&](const Request& request) { return request.arrives <= ms && ms < request.leaves; }));
    }
    loads.push_back(sum / (static_cast<double>(length_ms) * slots));
  }
  return loads;
}

RC_GTEST_PROP(OfferedLoad, IsTheIntegralWhateverTheOrderOfLooking, ()) {
  const int slots = *rc::gen::inRange(1, 5);
  const int length_ms = *rc::gen::element(50, 100, 333);
  constexpr int kEnd = 1000;
  std::vector<Request> requests;
  std::vector<std::pair<int, int>> events;  // ms, +1 arrives, -1 served, -2 gives up, 0 looks
  const int count = *rc::gen::inRange(0, 30);
  for (int i = 0; i < count; ++i) {
    const int arrives = *rc::gen::inRange(0, kEnd);
    const int leaves = arrives + *rc::gen::inRange(0, 400);
    const bool served = *rc::gen::arbitrary<bool>();
    requests.push_back({arrives, leaves, served});
    events.emplace_back(arrives, 1);
    if (leaves <= kEnd) events.emplace_back(leaves, served ? -1 : -2);
  }
  const int looks = *rc::gen::inRange(0, 5);
  for (int i = 0; i < looks; ++i) events.emplace_back(*rc::gen::inRange(0, kEnd), 0);
  // Of one moment, arrivals first: nobody leaves before it came.
  std::sort(events.begin(), events.end(), [](const auto& a, const auto& b) {
    return a.first != b.first ? a.first < b.first : a.second > b.second;
  });

  OfferedLoad load(kZero, milliseconds(length_ms));
  load.SetSlots(kZero, slots);
  std::vector<double> found;
  const auto look = [&](Clock::time_point now) {
    for (const auto& closed : load.TakeClosed(now)) found.push_back(closed.load);
  };
  for (const auto& [ms, what] : events) {
    const Clock::time_point now = kZero + milliseconds(ms);
    if (what == 1) load.Arrive(now);
    if (what == -1) load.Leave(now, 1);
    if (what == -2) load.Leave(now, 0, 1);
    if (what == 0) look(now);
  }
  look(kZero + milliseconds(kEnd));
  const std::vector<double> wanted = BruteForce(requests, slots, length_ms, kEnd);
  RC_ASSERT(found.size() == wanted.size());
  for (size_t i = 0; i < found.size(); ++i) RC_ASSERT(std::abs(found[i] - wanted[i]) < 1e-9);
}

}  // namespace
}  // namespace hearth::serve
