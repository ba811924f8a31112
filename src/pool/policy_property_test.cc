#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <set>
#include <vector>

#include "pool/policy.h"

namespace hearth::pool {
namespace {

using std::chrono::seconds;

constexpr Time kNow{seconds(100'000)};

Policy AnyPolicy() {
  Policy policy;
  policy.floor = *rc::gen::inRange(0, 6);
  policy.max = policy.floor + *rc::gen::inRange(0, 12);
  policy.spare = *rc::gen::inRange(0, 5);
  policy.slots = *rc::gen::element(1, 1, 4, 16);
  policy.starts_at_once = *rc::gen::inRange(1, 6);
  policy.keep_warm = seconds(*rc::gen::inRange(0, 600));
  return policy;
}

Observation AnyObservation(const Policy& policy) {
  Observation observation;
  const int count = *rc::gen::inRange(0, 20);
  for (int i = 0; i < count; ++i) {
    ReplicaView view;
    view.id = {static_cast<uint64_t>(i) + 1};
    view.state =
        *rc::gen::element(ReplicaState::kStarting, ReplicaState::kReady, ReplicaState::kReady,
                          ReplicaState::kReady, ReplicaState::kDraining, ReplicaState::kStopping);
    view.slots = policy.slots;
    if (view.state == ReplicaState::kReady) {
      view.busy = *rc::gen::inRange(0, policy.slots + 1);
      view.ejected = *rc::gen::weightedElement<bool>({{9, false}, {1, true}});
    }
    view.old_version = *rc::gen::weightedElement<bool>({{30, false}, {1, true}});
    view.since = kNow - seconds(*rc::gen::inRange(0, 1000));
    view.idle_since = kNow - seconds(*rc::gen::inRange(0, 1000));
    observation.replicas.push_back(view);
  }
  observation.waiting = *rc::gen::element(0, 0, 1, 30, 5000);
  observation.demand.in_use_peak = *rc::gen::inRange(0, 15);
  observation.demand.watched_since = kNow - seconds(*rc::gen::inRange(0, 1000));
  observation.demand.offered_slots = *rc::gen::inRange(0, 40) / 7.0;
  observation.demand.arriving_slots = *rc::gen::inRange(0, 40) / 7.0;
  observation.demand.service_seconds = *rc::gen::element(0.0, 0.02, 3.0);
  observation.start_failures = *rc::gen::weightedElement<int>({{4, 0}, {1, 1}, {1, 8}});
  observation.last_start_failure = kNow - seconds(*rc::gen::inRange(0, 100));
  return observation;
}

const ReplicaView& Find(const Observation& observation, ReplicaId id) {
  return *std::find_if(observation.replicas.begin(), observation.replicas.end(),
                       [&](const ReplicaView& view) { return view.id == id; });
}

int Class(const ReplicaView& view) {
  return view.state == ReplicaState::kStarting ? 0 : view.busy == 0 ? 1 : 2;
}

struct Alive {
  int coming = 0, ejected = 0, starting = 0, occupied = 0;
  bool old = false;
};

Alive AliveIn(const Observation& observation) {
  Alive alive;
  for (const ReplicaView& view : observation.replicas) {
    if (view.state != ReplicaState::kStarting && view.state != ReplicaState::kReady) continue;
    ++(view.ejected ? alive.ejected : alive.coming);
    alive.starting += view.state == ReplicaState::kStarting;
    alive.occupied += view.busy;
    alive.old |= view.old_version;
  }
  return alive;
}

TEST(StepProperty, HoldsItsBounds) {
  EXPECT_TRUE(rc::check("bounds", [] {
    const Policy policy = AnyPolicy();
    const Observation observation = AnyObservation(policy);
    const Decision decision = Step(observation, policy, kNow);
    const Alive alive = AliveIn(observation);
    RC_ASSERT(decision.desired >= policy.floor && decision.desired <= policy.max);
    RC_ASSERT(decision.desired >=
              std::min(InUse(alive.occupied, policy.slots) + policy.spare, policy.max));
    RC_ASSERT(decision.start >= 0 && decision.start <= decision.may_start);
    RC_ASSERT(decision.start == 0 || alive.starting + decision.start <= policy.starts_at_once);
    RC_ASSERT(decision.start == 0 || alive.coming + alive.ejected + decision.start <= policy.max);
    RC_ASSERT(alive.coming + decision.start <= std::max(decision.desired, alive.coming));
    RC_ASSERT(decision.start == 0 || decision.retire.empty());
    RC_ASSERT(!decision.reason.empty());
    // A backlog at most doubles the load (and from nothing asks for one).
    const double load =
        std::max({static_cast<double>(alive.occupied), observation.demand.offered_slots,
                  observation.demand.arriving_slots});
    RC_ASSERT(decision.in_use <= std::max(2 * load, load + policy.slots) / policy.slots + 1);
  }));
}

TEST(StepProperty, RetiresOnlySurplusInOrderAndOnlyAfterAWindow) {
  EXPECT_TRUE(rc::check("retiring", [] {
    const Policy policy = AnyPolicy();
    const Observation observation = AnyObservation(policy);
    const Decision decision = Step(observation, policy, kNow);
    const Alive alive = AliveIn(observation);
    if (decision.retire.empty()) return;
    RC_ASSERT(kNow - observation.demand.watched_since >= policy.keep_warm);
    RC_ASSERT(!alive.old);
    RC_ASSERT(alive.coming - static_cast<int>(decision.retire.size()) == decision.desired);
    RC_ASSERT(decision.desired >=
              std::min(observation.demand.in_use_peak + policy.spare, policy.max));
    std::set<ReplicaId> retired;
    int last_class = 0;
    for (const ReplicaId id : decision.retire) {
      const ReplicaView& view = Find(observation, id);
      RC_ASSERT(retired.insert(id).second);
      RC_ASSERT(!view.ejected);
      RC_ASSERT(Class(view) >= last_class);
      last_class = Class(view);
    }
    for (const ReplicaView& view :
         observation.replicas) {  // nothing that stays should have gone first
      const bool alive_and_working = view.state == ReplicaState::kStarting ||
                                     (view.state == ReplicaState::kReady && !view.ejected);
      if (!alive_and_working || retired.contains(view.id)) continue;
      RC_ASSERT(Class(view) >= last_class);
      const ReplicaView& last = Find(observation, decision.retire.back());
      if (last_class == 1 && Class(view) == 1) RC_ASSERT(view.idle_since >= last.idle_since);
      if (last_class == 2 && Class(view) == 2) RC_ASSERT(view.busy >= last.busy);
    }
  }));
}

TEST(StepProperty, TheSameAgainAndNothingMoreOnceItWasActedOn) {
  EXPECT_TRUE(rc::check("idempotent", [] {
    const Policy policy = AnyPolicy();
    Observation observation = AnyObservation(policy);
    const Decision decision = Step(observation, policy, kNow);
    const Decision again = Step(observation, policy, kNow);
    RC_ASSERT(decision.reason == again.reason && decision.start == again.start);
    RC_ASSERT(decision.retire == again.retire);
    for (const ReplicaId id : decision.retire) {
      std::erase_if(observation.replicas, [&](const ReplicaView& view) { return view.id == id; });
    }
    for (int i = 0; i < decision.start; ++i) {
      ReplicaView view;
      view.id = {static_cast<uint64_t>(1000 + i)};
      view.since = kNow;
      observation.replicas.push_back(view);
    }
    // What a retired busy one worked on is still load: keep it in the mean.
    observation.demand.in_use_peak = std::max(observation.demand.in_use_peak, decision.in_use);
    const Decision after = Step(observation, policy, kNow);
    RC_ASSERT(after.start == 0);
    RC_ASSERT(after.retire.empty());
    RC_ASSERT(after.desired == decision.desired);
  }));
}

}  // namespace
}  // namespace hearth::pool
