// What the pool promises, one promise a test, on the simulation.
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <vector>

#include "pool/simulation_test_support.h"

namespace hearth::pool {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

TEST(Pool, ASpareTakesABurst) {
  SimulationConfig config;
  config.length = minutes(30);
  config.policy = {.floor = 1, .spare = 5, .max = 20};
  config.initial_ready = 6;
  config.service = Distribution::Constant(1);
  config.start = Distribution::Constant(70);
  config.start_timeout = minutes(12);
  // One request now and then; every five minutes five at once.
  const SimulationResult result = Simulated(config, BurstArrivals(0.001, minutes(5), 5));
  EXPECT_GE(result.requests, 25);
  EXPECT_EQ(result.answered, result.requests);
  EXPECT_EQ(result.waits.waited(), 0) << result.Summary();
}

// A queue in the signal makes a pool run away while replicas start. Here 10 slots are offered.
TEST(Pool, ASlowStartDoesNotOvershoot) {
  SimulationConfig config;
  config.length = minutes(30);
  config.policy = {.floor = 2, .spare = 1, .max = 1000, .start_time = seconds(70)};
  config.policy.starts_at_once = 1000;
  config.start = Distribution::Constant(70);
  config.start_timeout = minutes(12);
  config.service = Distribution::Constant(2);
  config.hold_requests = 100'000;
  config.hold_time = minutes(20);
  const SimulationResult result = Simulated(config, PoissonArrivals(5));
  EXPECT_LT(result.replicas_peak, 60) << result.Summary();
  EXPECT_EQ(result.answered, result.requests);
}

TEST(Pool, ADeadReplicaIsReplacedWithinItsStartAndATick) {
  EXPECT_TRUE(rc::check("spare restored", [] {
    SimulationConfig config;
    config.seed = *rc::gen::arbitrary<uint64_t>();
    config.length = minutes(10);
    config.policy = {.floor = *rc::gen::inRange(0, 4), .spare = *rc::gen::inRange(1, 4)};
    config.initial_ready = config.policy.floor + config.policy.spare + 2;
    const int start_ms = *rc::gen::inRange(10, 20'000);
    config.start = Distribution::Constant(start_ms / 1000.0);
    const Duration killed_at = milliseconds(*rc::gen::inRange(320'000, 500'000));
    config.faults.script = {{.at = killed_at, .kind = FaultKind::kKillIdle}};
    bool restored = false;
    const Time due = kSimulationBegin + killed_at + milliseconds(start_ms) + config.tick;
    const SimulationResult result =
        Simulated(config, ConstantArrivals(20), [&](const SimulationLook& look) {
          if (look.now < kSimulationBegin + killed_at || look.now > due) return;
          restored |= Working(look.observation) - look.decision.in_use >= config.policy.spare;
        });
    RC_ASSERT(result.deaths == 1);
    RC_ASSERT(restored);
    RC_ASSERT(result.answered == result.requests);
  }));
}

TEST(Pool, OnConstantLoadNothingIsDecidedAfterOneWindow) {
  EXPECT_TRUE(rc::check("steady", [] {
    SimulationConfig config;
    config.length = minutes(12);
    config.policy = {.floor = *rc::gen::inRange(0, 4),
                     .spare = *rc::gen::inRange(0, 4),
                     .max = 40,
                     .keep_warm = seconds(*rc::gen::inRange(20, 200)),
                     .slots = *rc::gen::element(1, 2, 8)};
    config.start = Distribution::Constant(*rc::gen::inRange(1, 200) / 10.0);
    config.service = Distribution::Constant(*rc::gen::inRange(1, 400) / 100.0);
    config.initial_ready = *rc::gen::inRange(0, 12);
    const double rate = *rc::gen::inRange(1, 60) / 10.0;
    // Until the backlog of the first start is gone and a window has passed without it.
    const Time settled = kSimulationBegin + config.policy.keep_warm + seconds(260);
    int late = 0;
    const SimulationResult result =
        Simulated(config, ConstantArrivals(rate), [&](const SimulationLook& look) {
          if (look.now < settled || look.now > kSimulationBegin + config.length) return;
          late += look.decision.start + static_cast<int>(look.decision.retire.size()) +
                  static_cast<int>(look.actions.size());
        });
    RC_ASSERT(late == 0);
    RC_ASSERT(result.failed + result.timed_out == 0);
  }));
}

TEST(Pool, ACrashLoopBacksOffAndTouchesNoHealthyReplica) {
  SimulationConfig config;
  config.length = minutes(40);
  config.policy = {.floor = 4, .spare = 1, .max = 8};
  config.initial_ready = 4;
  config.faults.script = {
      {.at = minutes(10), .kind = FaultKind::kStartsFail, .lasts = minutes(20)},
      {.at = minutes(10), .kind = FaultKind::kKillIdle},
  };
  int starts = 0;
  int low = 100;
  int at_end = 0;
  const SimulationResult result =
      Simulated(config, ConstantArrivals(20), [&](const SimulationLook& look) {
        for (const Action& action : look.actions) {
          if (action.kind == Action::Kind::kStart) ++starts;
          EXPECT_EQ(action.kind, Action::Kind::kStart) << action.reason;
        }
        low = std::min(low, Working(look.observation));
        at_end = Working(look.observation);
      });
  EXPECT_EQ(low, 3);
  EXPECT_EQ(at_end, 4);
  // 1 + 2 + 4 … 32 s, then one a minute: 6 + 19, and the one that works. Not 600 of 2 s each.
  EXPECT_GE(starts, 20);
  EXPECT_LE(starts, 28);
  EXPECT_EQ(result.answered, result.requests);
}

TEST(Pool, ARestartedControllerRetiresNothingWithinAWindow) {
  EXPECT_TRUE(rc::check("restart", [] {
    SimulationConfig config;
    config.seed = *rc::gen::arbitrary<uint64_t>();
    config.length = minutes(20);
    config.policy = {.floor = 1, .spare = 1, .max = 30, .keep_warm = minutes(3)};
    config.service = Distribution::LogNormal(0.5, 0.5);
    const Duration restart = seconds(*rc::gen::inRange(60, 900));
    config.faults.script = {{.at = restart, .kind = FaultKind::kForgetAll}};
    const bool rolls = *rc::gen::arbitrary<bool>();
    if (rolls) {
      config.faults.script.push_back({.at = restart + seconds(10), .kind = FaultKind::kRoll});
    }
    const Time from = kSimulationBegin + restart;
    int before = -1;
    const OnLook check = [&](const SimulationLook& look) {
      if (look.now < from) {
        before = Working(look.observation) - static_cast<int>(look.decision.retire.size());
      }
      if (look.now < from || look.now >= from + config.policy.keep_warm) return;
      RC_ASSERT(look.decision.retire.empty());
      RC_ASSERT(Working(look.observation) >= before);
    };
    Simulated(config,
              OnOffArrivals(20, Distribution::LogNormal(20, 20), Distribution::LogNormal(60, 30)),
              check);
  }));
}

TEST(Pool, ARollLosesNothing) {
  EXPECT_TRUE(rc::check("roll", [] {
    SimulationConfig config;
    config.seed = *rc::gen::arbitrary<uint64_t>();
    config.length = minutes(15);
    config.policy = {.floor = 3, .spare = 2, .max = *rc::gen::element(8, 20)};
    config.surge = *rc::gen::inRange(1, 4);
    config.initial_ready = 8;
    config.service = Distribution::LogNormal(0.2, 0.2);
    config.start = Distribution::LogNormal(3.24, 7.1);
    config.start_timeout = minutes(30);
    config.hold_time = minutes(5);
    config.hold_requests = 10'000;
    config.history = true;
    config.faults.script = {{.at = minutes(6), .kind = FaultKind::kRoll}};
    int old_at_end = 0;
    const OnLook check = [&](const SimulationLook& look) {
      old_at_end = static_cast<int>(
          std::count_if(look.observation.replicas.begin(), look.observation.replicas.end(),
                        [](const ReplicaView& view) { return view.old_version && Works(view); }));
      RC_ASSERT(Running(look.observation) <= config.policy.max + config.surge);
      int drained = 0;
      for (const Action& action : look.actions) drained += action.kind == Action::Kind::kDrain;
      RC_ASSERT(drained <= std::max(Working(look.observation) - look.decision.desired, 0));
    };
    const SimulationResult result = Simulated(config, PoissonArrivals(10), check);
    RC_ASSERT(result.answered == result.requests);
    RC_ASSERT(result.retries == 0);
    RC_ASSERT(CheckHistory(result.history, Rules(config)).empty());
    RC_ASSERT(old_at_end == 0);
  }));
}

TEST(Pool, KilledReplicasCostOnlyWhatTheyWorkedOn) {
  SimulationConfig config = Fixed(4);
  config.length = minutes(2);
  config.service = Distribution::Constant(0.1);
  config.faults.script = {{.at = milliseconds(30'030), .kind = FaultKind::kKillBusy},
                          {.at = milliseconds(60'030), .kind = FaultKind::kKillIdle},
                          {.at = milliseconds(90'030), .kind = FaultKind::kKillBusy}};
  SimulationResult result = Simulated(config, ConstantArrivals(25));
  EXPECT_EQ(result.deaths, 3);
  EXPECT_EQ(result.answered, result.requests) << result.Summary();
  EXPECT_EQ(result.retries, 2);
  config.repeatable = 0;
  result = Simulated(config, ConstantArrivals(25));
  EXPECT_EQ(result.failed, 2) << result.Summary();
  EXPECT_EQ(result.answered, result.requests - 2);
}

TEST(Pool, AHungReplicaIsEjectedAndReplaced) {
  SimulationConfig config = Fixed(3);
  config.policy.max = 5;
  config.policy.spare = 1;
  config.length = minutes(5);
  config.attempt_timeout = seconds(5);
  config.faults.script = {
      {.at = seconds(30), .kind = FaultKind::kHangOne, .lasts = std::chrono::hours(2)}};
  bool killed = false;
  const SimulationResult result =
      Simulated(config, PoissonArrivals(20), [&](const SimulationLook& look) {
        for (const Action& action : look.actions) killed |= action.end == EndReason::kUnhealthy;
      });
  EXPECT_TRUE(killed);
  EXPECT_EQ(Outcomes(result), result.requests);
  EXPECT_EQ(result.answered, result.requests) << result.Summary();
  EXPECT_LE(result.retries, 2);  // its one slot: what it had, and at most one more after
}

TEST(Pool, AllReplicasDownAndBack) {
  SimulationConfig config = Fixed(4);
  config.length = minutes(3);
  config.faults.script = {{.at = seconds(60), .kind = FaultKind::kKillAll}};
  config.history = true;
  const SimulationResult result = Simulated(config, PoissonArrivals(50));
  // Two seconds of start: 100 requests are held, and all answered.
  EXPECT_EQ(result.answered, result.requests) << result.Summary();
  EXPECT_GT(result.waits.waited(), 50);
  EXPECT_EQ(CheckHistory(result.history, Rules(config)), std::vector<std::string>());
}

TEST(Pool, OverloadIsRefusedAndForgotten) {
  SimulationConfig config = Fixed(4);
  config.length = minutes(6);
  config.service = Distribution::Constant(0.1);
  config.history = true;
  // 40 a second are possible; for a minute 400 come.
  const SimulationResult result = Simulated(
      config, StepArrivals({{seconds(0), 20.0}, {seconds(60), 400.0}, {seconds(120), 20.0}}));
  EXPECT_EQ(Outcomes(result), result.requests);
  EXPECT_GT(result.refused, 20'000);
  EXPECT_GT(result.answered, 40 * 60 + 20 * 290) << "goodput during and after";
  // Nobody waits longer than the queue is long, and it is empty soon after.
  EXPECT_LT(result.waits.QuantileSeconds(1), 10.1);
  EXPECT_EQ(CheckHistory(result.history, Rules(config)), std::vector<std::string>());
}

}  // namespace
}  // namespace hearth::pool
