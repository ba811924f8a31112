// The world of a simulation: replicas start, end, die, hang and recover.
#include <algorithm>

#include "pool/simulation_run.h"

namespace hearth::pool {
namespace {

constexpr int kSlowFactor = 10;

Duration Times(Duration duration, double factor) {
  return Duration(static_cast<int64_t>(static_cast<double>(duration.count()) * factor));
}

}  // namespace

void SimulationRun::StartReplica(bool ready_at_once) {
  Replica replica;
  replica.id = {replicas_.size() + 1};
  replica.version = version_;
  replica.started = replica.since = now_;
  const Faults& faults = config_.faults;
  replica.ignores_term = fault_random_.Chance(faults.ignores_term);
  present_.push_back(replica.id);
  replicas_.push_back(std::move(replica));
  ++result_.starts;
  result_.replicas_peak = std::max(result_.replicas_peak, static_cast<int>(present_.size()));
  if (ready_at_once) return BecomeReady(replicas_.back());

  Duration takes = config_.start.Draw(start_random_);
  const uint64_t id = replicas_.size();
  if (now_ < starts_fail_until_ || fault_random_.Chance(faults.start_fails)) {
    queue_.Push(now_ + Times(takes, fault_random_.Unit()), Due::Kind::kExit, id);
    return;
  }
  if (fault_random_.Chance(faults.start_never)) return;
  if (fault_random_.Chance(faults.start_slow)) takes *= kSlowFactor;
  queue_.Push(now_ + takes, Due::Kind::kReady, id);
}

void SimulationRun::BecomeReady(Replica& replica) {
  if (replica.state != ReplicaState::kStarting) return;
  replica.state = ReplicaState::kReady;
  replica.since = now_;
  replica.was_ready = true;
  start_failures_ = 0;
  dispatcher_.Add(replica.id, policy_.slots, now_);
  Note(EventKind::kReplicaReady, {}, 0, replica.id, policy_.slots);
  const Faults& faults = config_.faults;
  if (faults.mean_life > Duration{}) {
    queue_.Push(now_ + Times(faults.mean_life, fault_random_.Exponential()), Due::Kind::kDeath,
                replica.id.value);
  }
  if (faults.mean_to_hang > Duration{}) {
    queue_.Push(now_ + Times(faults.mean_to_hang, fault_random_.Exponential()), Due::Kind::kHang,
                replica.id.value);
  }
  BindHeld();
  WantLook();
}

// What it worked on fails; requests that may be are sent again.
void SimulationRun::Gone(Replica& replica) {
  if (replica.state == ReplicaState::kGone) return;
  if (replica.state == ReplicaState::kStarting || replica.never_ready) {
    ++start_failures_;
    ++result_.start_failures;
    last_start_failure_ = now_;
  }
  replica.state = ReplicaState::kGone;
  replica.since = now_;
  std::erase(present_, replica.id);
  result_.replica_seconds += std::chrono::duration<double>(now_ - replica.started).count();
  const std::vector<RequestId> broken = std::move(replica.in_flight);
  replica.in_flight.clear();
  for (const RequestId id : broken) {
    Note(EventKind::kReleased, id, At(id).attempt, replica.id, 0, "broken");
  }
  dispatcher_.Remove(replica.id, now_);
  ejection_.Forget(replica.id);
  if (replica.was_ready) Note(EventKind::kReplicaGone, {}, 0, replica.id, 0);
  for (const RequestId id : broken) Failed(id, How::kBroken);
  BindHeld();
  WantLook();
}

void SimulationRun::Die(Replica& replica) {
  if (replica.state == ReplicaState::kReady || replica.state == ReplicaState::kDraining) {
    ++result_.deaths;
  }
  Gone(replica);
}

void SimulationRun::Hang(Replica& replica, Duration lasts) {
  if (replica.state != ReplicaState::kReady || replica.hung) return;
  replica.hung = true;
  replica.hung_since = now_;
  for (const RequestId id : replica.in_flight) {
    const Request& request = At(id);
    queue_.Push(std::max(request.bound + config_.attempt_timeout, now_), Due::Kind::kAttemptTimeout,
                static_cast<uint64_t>(id), request.attempt);
  }
  queue_.Push(now_ + lasts, Due::Kind::kRecover, replica.id.value);
  queue_.Push(now_ + config_.health_interval, Due::Kind::kCheck, replica.id.value);
}

void SimulationRun::Recover(Replica& replica) {
  if (!replica.hung || replica.state == ReplicaState::kGone) return;
  replica.hung = false;
  if (replica.state == ReplicaState::kStopping && !replica.ignores_term) {
    queue_.Push(now_ + config_.stop.Draw(fault_random_), Due::Kind::kExit, replica.id.value);
  }
  for (const RequestId id : replica.in_flight) {
    Request& request = At(id);
    const Time begun = std::max(request.bound, replica.hung_since);
    request.finish = now_ + std::max(request.finish - begun, Duration{});
    queue_.Push(request.finish, Due::Kind::kFinish, static_cast<uint64_t>(id), request.attempt);
  }
}

// A health check. Only replicas that hang, or did, are asked: the others' checks change nothing.
void SimulationRun::Check(Replica& replica) {
  if (replica.state != ReplicaState::kReady) return;
  if (!replica.hung) return Report(replica, Sign::kCheckPassed);
  if (!replica.failing) replica.failing_since = now_;
  replica.failing = true;
  Report(replica, Sign::kCheckFailed);
  queue_.Push(now_ + config_.health_interval, Due::Kind::kCheck, replica.id.value);
}

void SimulationRun::Report(Replica& replica, Sign sign) {
  if (replica.state != ReplicaState::kReady) return;
  if (sign == Sign::kCheckPassed || sign == Sign::kSuccess) replica.failing = false;
  const int others = dispatcher_.ready() - (ejection_.ejected(replica.id) ? 0 : 1);
  const Ejection::Verdict verdict = ejection_.Report(replica.id, sign, others, now_);
  if (verdict.eject) dispatcher_.Eject(replica.id);
  if (verdict.readmit) dispatcher_.Readmit(replica.id);
  if (verdict.eject || verdict.readmit) {
    BindHeld();
    WantLook();
  }
  // A check that was asked for beside the regular ones: its failure counts, once.
  if (verdict.check_now && replica.hung && sign == Sign::kTimedOut) {
    Report(replica, Sign::kCheckFailed);
  }
}

SimulationRun::Replica* SimulationRun::PickOne(const std::function<bool(const Replica&)>& fits) {
  std::vector<ReplicaId> candidates;
  for (const ReplicaId id : present_) {
    if (fits(Of(id))) candidates.push_back(id);
  }
  return candidates.empty() ? nullptr : &Of(candidates[fault_random_.Below(candidates.size())]);
}

void SimulationRun::Play(const ScriptedFault& fault) {
  using Kind = ScriptedFault::Kind;
  const auto kill = [&](ReplicaState state, std::optional<bool> busy) {
    Replica* replica = PickOne([&](const Replica& r) {
      return r.state == state && (!busy || *busy == !r.in_flight.empty());
    });
    if (replica != nullptr) Die(*replica);
  };
  switch (fault.kind) {
    case Kind::kKillIdle:
      return kill(ReplicaState::kReady, false);
    case Kind::kKillBusy:
      return kill(ReplicaState::kReady, true);
    case Kind::kKillStarting:
      return kill(ReplicaState::kStarting, std::nullopt);
    case Kind::kKillDraining:
      return kill(ReplicaState::kDraining, std::nullopt);
    case Kind::kKillAll:
      for (const ReplicaId id : std::vector<ReplicaId>(present_)) Die(Of(id));
      return;
    case Kind::kHangOne: {
      Replica* replica =
          PickOne([](const Replica& r) { return r.state == ReplicaState::kReady && !r.hung; });
      if (replica != nullptr) Hang(*replica, fault.lasts);
      return;
    }
    case Kind::kStartsFail:
      starts_fail_until_ = now_ + fault.lasts;
      return;
    case Kind::kForgetAll:
      return Forget();
    case Kind::kRoll:
      ++version_;
      return WantLook();
    case Kind::kChangePolicy:
      policy_ = fault.policy;
      demand_.SetKeepWarm(policy_.keep_warm);
      return WantLook();
  }
}

}  // namespace hearth::pool
