#include "pool/demand.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <utility>
#include <vector>

namespace hearth::pool {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Time kBegin{seconds(1000)};
constexpr Duration kKeepWarm = seconds(60);

// `busy` slots all the time since kBegin, in requests of `service` seconds.
Traffic Steady(double busy, double service, Time now) {
  const double slot_seconds = busy * std::chrono::duration<double>(now - kBegin).count();
  return {.arrivals = 0,
          .finished = static_cast<int64_t>(slot_seconds / service),
          .slot_seconds = slot_seconds,
          .occupied = static_cast<int>(busy),
          .occupied_peak = static_cast<int>(busy),
          .waiting = 0};
}

TEST(DemandWindow, KnowsNothingAtFirst) {
  const DemandWindow window(kKeepWarm, kBegin);
  const Demand demand = window.Get(kBegin + seconds(5));
  EXPECT_EQ(demand.in_use_peak, 0);
  EXPECT_EQ(demand.watched_since, kBegin);
  EXPECT_EQ(demand.offered_slots, 0);
  EXPECT_EQ(demand.service_seconds, 0);
  EXPECT_EQ(demand.arriving_slots, 0);
}

TEST(DemandWindow, APeakStaysForKeepWarmAndHardlyLonger) {
  DemandWindow window(kKeepWarm, kBegin);
  window.Add({}, 5, kBegin);
  for (int second = 1; second <= 62; ++second) {
    const Time now = kBegin + seconds(second);
    window.Add({}, 1, now);
    if (second < 60) EXPECT_EQ(window.Get(now).in_use_peak, 5) << second;
    if (second > 61) EXPECT_EQ(window.Get(now).in_use_peak, 1) << second;
  }
}

TEST(DemandWindow, APeakIsForgottenEvenWhenNobodyAdds) {
  DemandWindow window(kKeepWarm, kBegin);
  window.Add({}, 5, kBegin);
  EXPECT_EQ(window.Get(kBegin + seconds(59)).in_use_peak, 5);
  EXPECT_EQ(window.Get(kBegin + seconds(60)).in_use_peak, 0);
}

TEST(DemandWindow, MeansAreOfTheLastTenSeconds) {
  DemandWindow window(kKeepWarm, kBegin);
  for (int tenth = 0; tenth <= 300; ++tenth) {
    const Time now = kBegin + milliseconds(100 * tenth);
    window.Add(Steady(3, 0.5, now), 3, now);
  }
  Demand demand = window.Get(kBegin + seconds(30));
  EXPECT_NEAR(demand.offered_slots, 3, 1e-6);
  EXPECT_NEAR(demand.service_seconds, 0.5, 0.02);

  // Load stops. Ten seconds later the mean knows nothing of it; the service time stays known.
  const Traffic last = Steady(3, 0.5, kBegin + seconds(30));
  for (int tenth = 301; tenth <= 403; ++tenth) {
    window.Add(last, 0, kBegin + milliseconds(100 * tenth));
    if (tenth == 350) {
      EXPECT_NEAR(window.Get(kBegin + seconds(35)).offered_slots, 1.5, 0.1);
    }
  }
  demand = window.Get(kBegin + milliseconds(40'300));
  EXPECT_EQ(demand.offered_slots, 0);
  EXPECT_NEAR(demand.service_seconds, 0.5, 0.02);
}

// While requests wait, arrivals say more than occupied slots.
TEST(DemandWindow, WhatArrivesIsTheRateTimesTheServiceTime) {
  DemandWindow window(kKeepWarm, kBegin);
  for (int second = 0; second <= 20; ++second) {
    const Time now = kBegin + seconds(second);
    Traffic traffic = Steady(4, 0.5, now);  // 8 a second are worked off
    traffic.arrivals = int64_t{20} * second;
    window.Add(traffic, 4, now);
  }
  EXPECT_NEAR(window.Get(kBegin + seconds(20)).arriving_slots, 10, 0.2);
  EXPECT_NEAR(window.Get(kBegin + seconds(20)).offered_slots, 4, 1e-6);
}

TEST(DemandWindow, AnAdoptedPoolIsTakenAsInUseForOneWindow) {
  DemandWindow window(kKeepWarm, kBegin, 7);
  window.Add({}, 1, kBegin + seconds(1));
  EXPECT_EQ(window.Get(kBegin + seconds(1)).in_use_peak, 7);
  window.Add({}, 1, kBegin + seconds(62));
  EXPECT_EQ(window.Get(kBegin + seconds(62)).in_use_peak, 1);
}

TEST(DemandWindow, AShorterKeepWarmTakesEffectAtOnce) {
  DemandWindow window(kKeepWarm, kBegin);
  window.Add({}, 5, kBegin);
  window.Add({}, 1, kBegin + seconds(20));
  window.SetKeepWarm(seconds(10));
  EXPECT_EQ(window.Get(kBegin + seconds(20)).in_use_peak, 1);
  EXPECT_EQ(window.Get(kBegin + seconds(20)).watched_since, kBegin);
}

TEST(DemandWindow, ALongerKeepWarmHasToBeWatchedFirst) {
  DemandWindow window(seconds(10), kBegin);
  for (int second = 0; second <= 100; ++second) window.Add({}, 1, kBegin + seconds(second));
  window.SetKeepWarm(kKeepWarm);
  EXPECT_EQ(window.Get(kBegin + seconds(100)).watched_since, kBegin + seconds(90));
}

TEST(DemandWindow, WatchingBeginsAnewAfterALongGap) {
  DemandWindow window(kKeepWarm, kBegin);
  window.Add({}, 1, kBegin + seconds(60));
  EXPECT_EQ(window.Get(kBegin + seconds(60)).watched_since, kBegin);
  window.Add({}, 1, kBegin + seconds(121));
  EXPECT_EQ(window.Get(kBegin + seconds(121)).watched_since, kBegin + seconds(121));
}

TEST(DemandWindow, AKeepWarmBelowTheTickIsNoGap) {
  DemandWindow window(milliseconds(500), kBegin);
  for (int second = 0; second <= 5; ++second) window.Add({}, 1, kBegin + seconds(second));
  EXPECT_EQ(window.Get(kBegin + seconds(5)).watched_since, kBegin);
}

TEST(DemandWindowProperty, ThePeakIsThatOfKeepWarmToAPartInSixty) {
  EXPECT_TRUE(rc::check("peak", [] {
    DemandWindow window(kKeepWarm, kBegin);
    std::vector<std::pair<Time, int>> added;
    Time now = kBegin;
    const auto steps = *rc::gen::container<std::vector<std::pair<int, int>>>(
        rc::gen::pair(rc::gen::inRange(0, 3000), rc::gen::inRange(0, 20)));
    for (const auto& [gap, in_use] : steps) {
      now += milliseconds(gap);
      window.Add({}, in_use, now);
      added.emplace_back(now, in_use);
      const auto peak = [&](Duration within) {
        int result = 0;
        for (const auto& [at, value] : added) {
          if (at > now - within || at == now) result = std::max(result, value);
        }
        return result;
      };
      const int got = window.Get(now).in_use_peak;
      RC_ASSERT(got >= peak(kKeepWarm));
      RC_ASSERT(got <= peak(kKeepWarm + kKeepWarm / 60));
    }
  }));
}

}  // namespace
}  // namespace hearth::pool
