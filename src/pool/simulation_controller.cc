// The controller's part of a simulation: looks at what there is, decides, acts.
#include <algorithm>

#include "pool/simulation_run.h"

namespace hearth::pool {
namespace {

constexpr Duration kKillTakes = std::chrono::milliseconds(5);

}  // namespace

void SimulationRun::WantLook() {
  if (look_wanted_) return;
  look_wanted_ = true;
  queue_.Push(std::max(now_, last_look_ + config_.look_gap), Due::Kind::kLook);
}

void SimulationRun::View() {
  observation_.replicas.clear();
  for (const ReplicaId id : present_) {
    const Replica& replica = Of(id);
    ReplicaView view;
    view.id = id;
    view.state = replica.state;
    view.slots = policy_.slots;
    view.busy = dispatcher_.busy(id);
    view.ejected = ejection_.ejected(id);
    view.hung = replica.failing && now_ - replica.failing_since >= config_.unhealthy_after;
    view.old_version = replica.version != version_;
    view.since = replica.since;
    view.idle_since = replica.state == ReplicaState::kStarting ? now_ : dispatcher_.idle_since(id);
    observation_.replicas.push_back(view);
  }
  observation_.start_failures = start_failures_;
  observation_.last_start_failure = last_start_failure_;
}

void SimulationRun::Look() {
  last_look_ = now_;
  ++result_.looks;
  View();
  Traffic traffic = dispatcher_.traffic(now_);
  traffic.occupied_peak = dispatcher_.TakeOccupiedPeak();
  observation_.waiting = traffic.waiting;
  demand_.Add(traffic, std::max(InUse(traffic.occupied_peak, policy_.slots), last_in_use_), now_);
  observation_.demand = demand_.Get(now_);
  const Decision decision = Step(observation_, policy_, now_);
  last_in_use_ = decision.in_use;

  const Desired desired = {.decision = decision,
                           .floor = policy_.floor,
                           .max = policy_.max,
                           .surge = config_.surge,
                           .stopping = false,
                           .drain = {},
                           .start_timeout = config_.start_timeout,
                           .drain_time = config_.drain_time,
                           .stop_time = config_.stop_time};
  const std::vector<Action> actions = Reconcile(desired, observation_.replicas, now_);
  if (on_look_) on_look_({now_, observation_, policy_, decision, actions});
  for (const Action& action : actions) Act(action);

  if (decision.reason != last_reason_ && result_.decisions.size() < config_.decisions_max) {
    result_.decisions.push_back(
        {now_ - kSimulationBegin, decision.desired, decision.in_use, decision.reason});
  }
  last_reason_ = decision.reason;
  // Later than the next tick: that will do.
  if (decision.look_again && *decision.look_again < now_ + config_.tick && !look_wanted_) {
    look_wanted_ = true;
    queue_.Push(std::max(*decision.look_again, now_ + config_.look_gap), Due::Kind::kLook);
  }
}

void SimulationRun::Act(const Action& action) {
  if (action.kind == Action::Kind::kStart) return StartReplica(false);
  Replica& replica = Of(action.replica);
  const bool had_requests = replica.state == ReplicaState::kReady;
  if (had_requests) {
    dispatcher_.Drain(replica.id);
    Note(EventKind::kReplicaDrain, {}, 0, replica.id, 0);
  }
  if (action.kind == Action::Kind::kDrain) {
    ++result_.retired;
    replica.state = ReplicaState::kDraining;
    replica.since = now_;
    if (replica.in_flight.empty()) WantLook();
    return;
  }
  if (action.kind == Action::Kind::kTerminate && replica.state == ReplicaState::kStarting) {
    ++result_.retired;
  }
  if (replica.state != ReplicaState::kStopping) {
    replica.never_ready = action.end == EndReason::kNeverReady;
    replica.state = ReplicaState::kStopping;
    replica.since = now_;
  }
  if (action.kind == Action::Kind::kKill) {
    queue_.Push(now_ + kKillTakes, Due::Kind::kExit, replica.id.value);
  } else if (!replica.ignores_term && !replica.hung) {
    queue_.Push(now_ + config_.stop.Draw(fault_random_), Due::Kind::kExit, replica.id.value);
  }
}

// What a controller's restart loses, with the rule that keeps it harmless: what is found was
// needed.
void SimulationRun::Forget() {
  const auto alive = std::count_if(present_.begin(), present_.end(), [&](ReplicaId id) {
    return Of(id).state == ReplicaState::kReady || Of(id).state == ReplicaState::kStarting;
  });
  demand_ = DemandWindow(policy_.keep_warm, now_, static_cast<int>(alive) - policy_.spare);
  start_failures_ = 0;
  last_start_failure_ = {};
  last_in_use_ = 0;
  last_reason_.clear();
  WantLook();
}

}  // namespace hearth::pool
