// What must hold whatever happens: any arrivals, start and service times, faults.
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <set>
#include <vector>

#include "pool/simulation_test_support.h"

namespace hearth::pool {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

struct Scenario {
  SimulationConfig config;
  int arrivals = 0;
  double rate = 1;

  std::unique_ptr<ArrivalSource> Arrivals() const {
    switch (arrivals) {
      case 0:
        return ConstantArrivals(rate);
      case 1:
        return PoissonArrivals(rate);
      case 2:
        return BurstArrivals(rate / 4, seconds(20), static_cast<int>(rate) + 2);
      case 3:
        return OnOffArrivals(rate * 2, Distribution::LogNormal(10, 10),
                             Distribution::LogNormal(30, 30));
      default:
        return StepArrivals({{seconds(0), rate / 10}, {seconds(100), rate}, {seconds(200), 0.0}});
    }
  }
};

Distribution AnyStart() {
  switch (*rc::gen::inRange(0, 4)) {
    case 0:
      return Distribution::Constant(*rc::gen::inRange(1, 300) / 10.0);
    case 1:
      return Distribution::HeavyTailStart();
    case 2:
      return Distribution::LogNormal(10, 5);
    default:
      return Distribution::Measured({0.01, 0.012, 0.3, 25});
  }
}

std::vector<ScriptedFault> AnyScript() {
  std::vector<ScriptedFault> script;
  const int count = *rc::gen::inRange(0, 6);
  for (int i = 0; i < count; ++i) {
    ScriptedFault fault;
    fault.at = milliseconds(*rc::gen::inRange(0, 600'000));
    fault.kind =
        *rc::gen::element(FaultKind::kKillIdle, FaultKind::kKillBusy, FaultKind::kKillStarting,
                          FaultKind::kKillDraining, FaultKind::kKillAll, FaultKind::kHangOne,
                          FaultKind::kStartsFail, FaultKind::kForgetAll, FaultKind::kRoll);
    fault.lasts = seconds(*rc::gen::inRange(1, 100));
    script.push_back(fault);
  }
  std::sort(script.begin(), script.end(),
            [](const ScriptedFault& a, const ScriptedFault& b) { return a.at < b.at; });
  return script;
}

Scenario AnyScenario() {
  Scenario scenario;
  SimulationConfig& config = scenario.config;
  config.seed = *rc::gen::arbitrary<uint64_t>();
  config.length = minutes(10);
  config.policy.floor = *rc::gen::inRange(0, 5);
  config.policy.spare = *rc::gen::inRange(0, 4);
  config.policy.max = config.policy.floor + *rc::gen::inRange(1, 12);
  config.policy.slots = *rc::gen::element(1, 1, 4);
  config.policy.keep_warm = seconds(*rc::gen::inRange(5, 200));
  config.policy.starts_at_once = *rc::gen::inRange(1, 5);
  config.surge = *rc::gen::inRange(1, 3);
  config.start = AnyStart();
  config.service = *rc::gen::element(Distribution::Constant(0.1), Distribution::LogNormal(0.5, 1),
                                     Distribution::LogNormal(5, 10));
  config.repeatable = *rc::gen::element(0.0, 0.5, 1.0);
  config.faults.start_fails = *rc::gen::element(0.0, 0.0, 0.3);
  config.faults.start_never = *rc::gen::element(0.0, 0.0, 0.1);
  config.faults.start_slow = *rc::gen::element(0.0, 0.1);
  config.faults.ignores_term = *rc::gen::element(0.0, 0.2);
  config.faults.mean_life = seconds(*rc::gen::element(0, 0, 60, 300));
  config.faults.mean_to_hang = seconds(*rc::gen::element(0, 0, 120));
  config.faults.script = AnyScript();
  config.history = true;
  scenario.arrivals = *rc::gen::inRange(0, 5);
  scenario.rate = *rc::gen::element(0.1, 2.0, 20.0);
  return scenario;
}

// What must hold at every look, whatever happens.
class Watch {
 public:
  explicit Watch(const SimulationConfig& config) : config_(config) {
    for (const ScriptedFault& fault : config.faults.script) {
      if (fault.kind == FaultKind::kForgetAll) forgotten_.push_back(kSimulationBegin + fault.at);
    }
  }

  void operator()(const SimulationLook& look) {
    const Decision& decision = look.decision;
    const Policy& policy = look.policy;
    RC_ASSERT(decision.desired >= policy.floor && decision.desired <= policy.max);
    RC_ASSERT(Running(look.observation) <= policy.max + config_.surge);
    RC_ASSERT(decision.start <= decision.may_start);

    Time watched_since = kSimulationBegin;
    for (const Time at : forgotten_) {
      if (at <= look.now) watched_since = std::max(watched_since, at);
    }
    if (look.now - watched_since < policy.keep_warm) RC_ASSERT(decision.retire.empty());

    // Never an idle one while one starts, never a busy one while one idles.
    std::set<ReplicaId> gone;
    for (const ReplicaId id : decision.retire) gone.insert(id);
    int first_kept = 3;
    int last_gone = -1;
    int drained = 0;
    for (const ReplicaView& view : look.observation.replicas) {
      const bool starting = view.state == ReplicaState::kStarting;
      if (!starting && !Works(view)) continue;
      const int kind = starting ? 0 : view.busy == 0 ? 1 : 2;
      if (gone.contains(view.id))
        last_gone = std::max(last_gone, kind);
      else
        first_kept = std::min(first_kept, kind);
    }
    RC_ASSERT(last_gone <= first_kept);
    for (const Action& action : look.actions) drained += action.kind == Action::Kind::kDrain;
    const int ejected = static_cast<int>(
        std::count_if(look.observation.replicas.begin(), look.observation.replicas.end(),
                      [](const ReplicaView& view) { return view.ejected && view.old_version; }));
    RC_ASSERT(drained <= std::max(Working(look.observation) - decision.desired, 0) + ejected);
  }

 private:
  const SimulationConfig& config_;
  std::vector<Time> forgotten_;
};

TEST(PoolProperty, HoldsWhateverHappens) {
  EXPECT_TRUE(rc::check("invariants", [] {
    const Scenario scenario = AnyScenario();
    Watch watch(scenario.config);
    const SimulationResult result =
        Simulated(scenario.config, scenario.Arrivals(),
                  [&watch](const SimulationLook& look) { watch(look); });
    RC_LOG() << "seed " << scenario.config.seed << ": " << result.Summary() << "\n";
    RC_ASSERT(Outcomes(result) == result.requests);
    const auto findings = CheckHistory(result.history, Rules(scenario.config));
    if (!findings.empty()) RC_LOG() << findings.front() << "\n";
    RC_ASSERT(findings.empty());
  }));
}

// A pool that has seen everything is as wanted soon after: floor and spare, all of one version.
TEST(PoolProperty, RecoversWhenFaultsEnd) {
  EXPECT_TRUE(rc::check("recovery", [] {
    Scenario scenario = AnyScenario();
    SimulationConfig& config = scenario.config;
    config.history = false;
    config.length = minutes(40);
    config.start = Distribution::Constant(2);
    config.service = Distribution::Constant(0.1);
    config.faults = {};
    config.faults.script = AnyScript();
    int working = -1;
    int old = -1;
    int desired = -1;
    const OnLook remember = [&](const SimulationLook& look) {
      working = Working(look.observation);
      desired = look.decision.desired;
      old = static_cast<int>(
          std::count_if(look.observation.replicas.begin(), look.observation.replicas.end(),
                        [](const ReplicaView& view) { return view.old_version; }));
    };
    Simulated(config, ConstantArrivals(5), remember);
    RC_ASSERT(old == 0);
    RC_ASSERT(working == desired);
  }));
}

}  // namespace
}  // namespace hearth::pool
