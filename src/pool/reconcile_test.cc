#include "pool/reconcile.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "pool/simulation_random.h"

namespace hearth::pool {
namespace {

using std::chrono::seconds;
using Kind = Action::Kind;

constexpr Time kNow{seconds(100'000)};

// "r" ready, "b" ready and busy, "s" starting, "e" ejected, "h" hung, "d" draining and busy, "D"
// drained, "x" stopping; "R", "B", "S", "E": the same of an old version. Numbered from 1.
std::vector<ReplicaView> Replicas(const std::string& shorthand) {
  std::vector<ReplicaView> replicas;
  for (const char c : shorthand) {
    ReplicaView view;
    view.id = {replicas.size() + 1};
    view.state = c == 's' || c == 'S'   ? ReplicaState::kStarting
                 : c == 'd' || c == 'D' ? ReplicaState::kDraining
                 : c == 'x'             ? ReplicaState::kStopping
                                        : ReplicaState::kReady;
    view.busy = c == 'b' || c == 'B' || c == 'd' ? 1 : 0;
    view.ejected = c == 'e' || c == 'E' || c == 'h';
    view.hung = c == 'h';
    view.old_version = c == 'R' || c == 'B' || c == 'S' || c == 'E';
    view.since = view.idle_since = kNow - seconds(5);
    replicas.push_back(view);
  }
  return replicas;
}

std::string Words(const std::vector<Action>& actions) {
  std::string words;
  for (const Action& action : actions) {
    if (!words.empty()) words += ", ";
    words += ToString(action.kind);
    if (action.kind != Kind::kStart) words += " " + std::to_string(action.replica.value);
  }
  return words;
}

Desired Want(int desired, int start = 0, std::vector<ReplicaId> retire = {}) {
  Desired want;
  want.decision.desired = desired;
  want.decision.start = start;
  want.decision.may_start = 4;
  want.decision.retire = std::move(retire);
  want.floor = 1;
  want.max = 12;
  return want;
}

TEST(Reconcile, DoesWhatStepDecided) {
  EXPECT_EQ(Words(Reconcile(Want(3, 2), Replicas("r"), kNow)), "start, start");
  EXPECT_EQ(Words(Reconcile(Want(1, 0, {{3}, {1}}), Replicas("rrs"), kNow)),
            "terminate 3, drain 1");
  EXPECT_EQ(Words(Reconcile(Want(2), Replicas("rr"), kNow)), "");
  // One that went meanwhile.
  EXPECT_EQ(Words(Reconcile(Want(1, 0, {{7}, {2}}), Replicas("rx"), kNow)), "");
}

TEST(Reconcile, EndsWhatIsDrained) {
  const std::vector<Action> actions = Reconcile(Want(1), Replicas("rDd"), kNow);
  EXPECT_EQ(Words(actions), "terminate 2");
  EXPECT_EQ(actions[0].end, EndReason::kRetired);
}

TEST(Reconcile, KeepsItsDeadlines) {
  const auto at = [](const std::string& shorthand, int after) {
    Desired want = Want(1);
    want.start_timeout = seconds(30);
    want.drain_time = seconds(20);
    want.stop_time = seconds(10);
    const std::vector<Action> actions =
        Reconcile(want, Replicas(shorthand), kNow - seconds(5) + seconds(after));
    return Words(actions) + (actions.empty() ? "" : fmt::format(" {}", ToString(actions[0].end)));
  };
  EXPECT_EQ(at("s", 29), "");
  EXPECT_EQ(at("s", 30), "kill 1 never_ready");
  EXPECT_EQ(at("d", 19), "");
  EXPECT_EQ(at("d", 20), "terminate 1 retired");
  EXPECT_EQ(at("x", 9), "");
  EXPECT_EQ(at("x", 10), "kill 1 retired");
  EXPECT_EQ(at("h", 0), "kill 1 unhealthy");
  EXPECT_EQ(at("e", 1000), "");
}

TEST(Reconcile, AStoppingPoolDrainsAndEndsEverything) {
  Desired want = Want(4, 2);
  want.stopping = true;
  EXPECT_EQ(Words(Reconcile(want, Replicas("rsbDxR"), kNow)),
            "terminate 4, drain 1, terminate 2, drain 3, drain 6");
}

TEST(Reconcile, ARollMakesBeforeItBreaks) {
  // Nothing new is ready: one more than wanted is started, nothing is drained.
  EXPECT_EQ(Words(Reconcile(Want(3), Replicas("RRR"), kNow)), "start");
  EXPECT_EQ(Words(Reconcile(Want(3), Replicas("RRRs"), kNow)), "");
  // One is ready: an old one goes, the idle one before the busy.
  EXPECT_EQ(Words(Reconcile(Want(3), Replicas("BRBr"), kNow)), "drain 2");
  // The old one on its way out still counts: no more than wanted + surge at a time.
  std::vector<ReplicaView> replicas = Replicas("RRdr");
  replicas[2].old_version = true;
  EXPECT_EQ(Words(Reconcile(Want(3), replicas, kNow)), "");
  EXPECT_EQ(Words(Reconcile(Want(3), Replicas("RRr"), kNow)), "start");
  EXPECT_EQ(Words(Reconcile(Want(3), Replicas("Rrrr"), kNow)), "drain 1");
  EXPECT_EQ(Reconcile(Want(3), Replicas("Rrrr"), kNow)[0].end, EndReason::kReplaced);
  EXPECT_EQ(Words(Reconcile(Want(3), Replicas("rrr"), kNow)), "");
}

TEST(Reconcile, SurgeSaysHowManyAreReplacedAtATime) {
  Desired want = Want(4);
  want.surge = 3;
  EXPECT_EQ(Words(Reconcile(want, Replicas("RRRR"), kNow)), "start, start, start");
  want.decision.may_start = 2;
  EXPECT_EQ(Words(Reconcile(want, Replicas("RRRR"), kNow)), "start, start");
  want.decision.may_start = 0;  // backing off
  EXPECT_EQ(Words(Reconcile(want, Replicas("RRRR"), kNow)), "");
  want.decision.may_start = 4;
  want.surge = 0;  // counts as 1: else nothing could ever be replaced
  EXPECT_EQ(Words(Reconcile(want, Replicas("RRRR"), kNow)), "start");
}

TEST(Reconcile, ARollFirstStartsWhatIsLacking) {
  // Step wants 2 more; of the 5 that may be there, these are 2.
  EXPECT_EQ(Words(Reconcile(Want(4, 2), Replicas("RR"), kNow)), "start, start, start");
}

TEST(Reconcile, OldOnesThatDoNotWorkGoAtOnce) {
  EXPECT_EQ(Words(Reconcile(Want(3), Replicas("RRSr"), kNow)), "terminate 3");
  EXPECT_EQ(Words(Reconcile(Want(3), Replicas("RREr"), kNow)), "drain 3");
  // But not the last ones that there are.
  EXPECT_EQ(Words(Reconcile(Want(1), Replicas("Es"), kNow)), "");
}

TEST(Reconcile, AReplicaDrainedByHandIsReplacedFirst) {
  Desired want = Want(2);
  want.drain = {{1}};
  EXPECT_EQ(Words(Reconcile(want, Replicas("rr"), kNow)), "start");
  EXPECT_EQ(Words(Reconcile(want, Replicas("rrs"), kNow)), "");
  // What Step would retire of the three waits: it does not know which one goes.
  want.decision.retire = {{2}};
  EXPECT_EQ(Words(Reconcile(want, Replicas("rrr"), kNow)), "drain 1");
}

// --- From any state

// A world that does what it is told, late and not always: one tick is one second.
class World {
 public:
  World(std::vector<ReplicaView> replicas, Policy policy, int peak, Time watched_since)
      : policy_(policy) {
    observation_.replicas = std::move(replicas);
    observation_.demand.in_use_peak = peak;
    observation_.demand.watched_since = watched_since;
    for (const ReplicaView& view : observation_.replicas)
      next_ = std::max(next_, view.id.value + 1);
  }

  const std::vector<ReplicaView>& replicas() const { return observation_.replicas; }
  int needed() const { return std::max(last_.desired, policy_.floor); }
  int Working() const {
    return static_cast<int>(std::count_if(replicas().begin(), replicas().end(), Works));
  }
  static bool Works(const ReplicaView& view) {
    return view.state == ReplicaState::kReady && !view.ejected && !view.hung;
  }
  int Running() const {
    return static_cast<int>(
        std::count_if(replicas().begin(), replicas().end(), [](const ReplicaView& view) {
          return view.state == ReplicaState::kStarting || view.state == ReplicaState::kReady;
        }));
  }

  std::vector<Action> Plan(int surge) {
    last_ = Step(observation_, policy_, now_);
    Desired desired;
    desired.decision = last_;
    desired.floor = policy_.floor;
    desired.max = policy_.max;
    desired.surge = surge;
    desired.start_timeout = seconds(20);
    desired.drain_time = seconds(15);
    return Reconcile(desired, replicas(), now_);
  }

  void Do(const std::vector<Action>& actions) {
    for (const Action& action : actions) {
      if (action.kind == Kind::kStart) {
        ReplicaView view;
        view.id = {next_++};
        view.since = now_;
        observation_.replicas.push_back(view);
        continue;
      }
      ReplicaView& view =
          *std::find_if(observation_.replicas.begin(), observation_.replicas.end(),
                        [&](const ReplicaView& replica) { return replica.id == action.replica; });
      if (action.kind == Kind::kKill) {
        if (action.end == EndReason::kNeverReady) Fail();
        killed_.insert(view.id);
      }
      const ReplicaState state =
          action.kind == Kind::kDrain ? ReplicaState::kDraining : ReplicaState::kStopping;
      if (view.state != state) view.since = now_;
      view.state = state;
    }
  }

  // `faults`: things may go wrong.
  void Pass(bool faults, Random& random) {
    now_ += seconds(1);
    std::erase_if(observation_.replicas, [&](ReplicaView& view) {
      const double luck = random.Unit();
      switch (view.state) {
        case ReplicaState::kStarting:
          if (faults && luck < 0.1) {
            Fail();
            return true;
          }
          if (luck < 0.3 && (!faults || luck > 0.15)) {
            view.state = ReplicaState::kReady;
            view.since = view.idle_since = now_;
            observation_.start_failures = 0;
          }
          return false;
        case ReplicaState::kReady:
          if (faults && luck < 0.01) return true;
          if (faults && luck > 0.99) view.ejected = true;
          if (view.ejected && luck < 0.1) view.ejected = false;
          if (view.ejected && luck > 0.9) view.hung = true;
          if (luck > 0.5 && luck < 0.6) view.idle_since = now_;
          return false;
        case ReplicaState::kDraining:
          if (luck < 0.2) view.busy = 0;
          return false;
        case ReplicaState::kStopping:  // one in four needs to be killed
          return killed_.contains(view.id) || (view.id.value % 4 != 0 && luck < 0.5);
        case ReplicaState::kGone:
          return true;
      }
      return false;
    });
  }

 private:
  void Fail() {
    ++observation_.start_failures;
    observation_.last_start_failure = now_;
  }

  Policy policy_;
  Observation observation_;
  Decision last_;
  Time now_ = kNow;
  uint64_t next_ = 1;
  std::set<ReplicaId> killed_;
};

std::vector<ReplicaView> AnyReplicas() {
  const auto shorthand =
      *rc::gen::container<std::string>(rc::gen::elementOf(std::string("rrrbssehdDxRRRBSE")));
  std::vector<ReplicaView> replicas = Replicas(shorthand.substr(0, 20));
  for (ReplicaView& view : replicas) view.since = kNow - seconds(*rc::gen::inRange(0, 40));
  return replicas;
}

TEST(ReconcileProperty, ConvergesFromAnyStateWithoutADip) {
  EXPECT_TRUE(rc::check("convergence", [] {
    Policy policy = {.floor = *rc::gen::inRange(0, 5), .spare = *rc::gen::inRange(0, 4)};
    policy.max = policy.floor + *rc::gen::inRange(1, 8);
    policy.keep_warm = seconds(60);
    policy.backoff_max = seconds(5);
    const int peak = *rc::gen::inRange(0, 8);
    const int surge = *rc::gen::inRange(0, 4);
    Random random(*rc::gen::arbitrary<uint64_t>());
    World world(AnyReplicas(), policy, peak, kNow - seconds(*rc::gen::inRange(0, 100)));
    const int initial = world.Running();

    constexpr int kFaultsEnd = 100;
    constexpr int kEnd = 2500;
    for (int tick = 0; tick < kEnd; ++tick) {
      const std::vector<Action> actions = world.Plan(surge);
      std::set<ReplicaId> acted;
      int drained = 0;
      for (const Action& action : actions) {
        if (action.kind == Kind::kStart) continue;
        RC_ASSERT(acted.insert(action.replica).second);
        const auto view = std::find_if(world.replicas().begin(), world.replicas().end(),
                                       [&](const auto& v) { return v.id == action.replica; });
        RC_ASSERT(view != world.replicas().end());
        if (World::Works(*view)) {
          RC_ASSERT(action.kind == Kind::kDrain);
          ++drained;
        }
      }
      // What we take away never takes the pool below what it needs.
      RC_ASSERT(drained <= std::max(world.Working() - world.needed(), 0));
      world.Do(actions);
      RC_ASSERT(world.Running() <= std::max(initial, policy.max + std::max(surge, 1)));
      world.Pass(tick < kFaultsEnd, random);
    }
    RC_ASSERT(world.Plan(surge).empty());
    RC_ASSERT(static_cast<int>(world.replicas().size()) == world.needed());
    for (const ReplicaView& view : world.replicas()) {
      RC_ASSERT(World::Works(view) && !view.old_version);
    }
  }));
}

TEST(ReconcileProperty, AStoppingPoolEndsFromAnyState) {
  EXPECT_TRUE(rc::check("stopping", [] {
    std::vector<ReplicaView> replicas = AnyReplicas();
    Desired desired = Want(5, 3);
    desired.stopping = true;
    Time now = kNow;
    // Nothing reacts but to SIGKILL: the deadlines alone end it.
    for (int tick = 0; tick < 100; ++tick, now += seconds(1)) {
      for (const Action& action : Reconcile(desired, replicas, now)) {
        RC_ASSERT(action.kind != Kind::kStart);
        if (action.kind == Kind::kKill) {
          std::erase_if(replicas, [&](const auto& view) { return view.id == action.replica; });
          continue;
        }
        for (ReplicaView& view : replicas) {
          if (view.id != action.replica) continue;
          view.state =
              action.kind == Kind::kDrain ? ReplicaState::kDraining : ReplicaState::kStopping;
          view.since = now;
        }
      }
    }
    RC_ASSERT(replicas.empty());
  }));
}

}  // namespace
}  // namespace hearth::pool
