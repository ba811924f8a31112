// The gateway's part of a simulation: requests are admitted, bound, answered, retried, held.
#include <algorithm>

#include "pool/simulation_run.h"

namespace hearth::pool {

void SimulationRun::Arrive(const Arrival& arrival) {
  uint32_t index = 0;
  if (free_requests_.empty()) {
    index = static_cast<uint32_t>(requests_.size());
    requests_.emplace_back();
  } else {
    index = free_requests_.back();
    free_requests_.pop_back();
  }
  const RequestId id{(++serial_ << kIndexBits) | index};
  Request& request = requests_[index];
  request = {};
  request.serial = serial_;
  request.arrived = now_;
  // Drawn for each, in the order of arrivals, so that it does not depend on the policy.
  const Duration drawn = config_.service.Draw(arrival_random_);
  request.service = arrival.service > Duration{} ? arrival.service : drawn;
  request.repeatable = arrival_random_.Chance(config_.repeatable);
  ++open_requests_;
  ++result_.requests;
  if (config_.history) {
    Note(EventKind::kArrived, id, 0, {}, 0, request.repeatable ? "repeatable" : "once");
  }
  Admit(id, std::nullopt, false);
}

void SimulationRun::Admit(RequestId id, std::optional<ReplicaId> avoid, bool first) {
  const Time hold_until = At(id).arrived + config_.hold_time;
  const Dispatcher::Admission admission =
      dispatcher_.Admit({id, std::max(hold_until, now_), avoid, first}, now_);
  switch (admission.outcome) {
    case Dispatcher::Outcome::kBound:
      return Bound(id, admission.replica);
    case Dispatcher::Outcome::kHeld:
      ArmExpiry();
      return WantLook();
    case Dispatcher::Outcome::kRefused:
      ++result_.refused;
      return End(id, 503, {});
  }
}

void SimulationRun::Bound(RequestId id, ReplicaId replica_id) {
  Request& request = At(id);
  Replica& replica = Of(replica_id);
  request.replica = replica_id;
  request.bound = now_;
  request.finish = now_ + request.service;
  if (++request.attempt == 1) result_.waits.Add(now_ - request.arrived);
  replica.in_flight.push_back(id);
  Note(EventKind::kBound, id, request.attempt, replica_id, 0);
  Note(EventKind::kSent, id, request.attempt, replica_id, 0);
  if (replica.hung) {
    queue_.Push(now_ + config_.attempt_timeout, Due::Kind::kAttemptTimeout,
                static_cast<uint64_t>(id), request.attempt);
  } else {
    queue_.Push(request.finish, Due::Kind::kFinish, static_cast<uint64_t>(id), request.attempt);
  }
}

void SimulationRun::BindHeld() {
  while (const auto binding = dispatcher_.Bind(now_)) Bound(binding->request, binding->replica);
}

void SimulationRun::Finish(RequestId id, uint8_t attempt) {
  if (!Current(id)) return;
  Request& request = At(id);
  // Another attempt, or put off because the replica hangs.
  if (request.attempt != attempt || request.finish != now_ || request.replica.value == 0) return;
  Replica& replica = Of(request.replica);
  if (replica.hung) return;
  std::erase(replica.in_flight, id);
  dispatcher_.Release(replica.id, now_);
  Note(EventKind::kReleased, id, attempt, replica.id, 0, "done");
  if (replica.failing) Report(replica, Sign::kSuccess);
  ++result_.answered;
  End(id, 200, replica.id);
  BindHeld();
  if (replica.state == ReplicaState::kDraining && replica.in_flight.empty()) WantLook();
}

// The gateway closes the connection, and with it gives the slot back.
void SimulationRun::TimeOut(RequestId id, uint8_t attempt) {
  if (!Current(id)) return;
  Request& request = At(id);
  if (request.attempt != attempt || request.replica.value == 0) return;
  if (!Of(request.replica).hung) return;  // has recovered, and will finish
  Replica& replica = Of(request.replica);
  std::erase(replica.in_flight, id);
  dispatcher_.Release(replica.id, now_);
  Note(EventKind::kReleased, id, attempt, replica.id, 0, "timed out");
  Report(replica, Sign::kTimedOut);
  Failed(id, How::kTimedOut);
  BindHeld();
}

void SimulationRun::Failed(RequestId id, How how) {
  Request& request = At(id);
  const ReplicaId replica = request.replica;
  request.replica = {};
  GiveBack(request);
  if (request.repeatable && request.attempt < config_.attempts_max &&
      budget_.TryTake(static_cast<int>(open_requests_))) {
    request.retrying = true;
    ++result_.retries;
    return Admit(id, replica, true);
  }
  ++(how == How::kBroken ? result_.failed : result_.timed_out);
  End(id, how == How::kBroken ? 502 : 504, {});
}

void SimulationRun::GiveBack(Request& request) {
  if (request.retrying) budget_.GiveBack();
  request.retrying = false;
}

void SimulationRun::End(RequestId id, int status, ReplicaId replica) {
  Request& request = At(id);
  Note(EventKind::kAnswered, id, request.attempt, replica, status);
  GiveBack(request);
  request.serial = 0;
  free_requests_.push_back(static_cast<uint32_t>(id_index(id)));
  --open_requests_;
}

void SimulationRun::Expire() {
  expiry_armed_.reset();
  for (const RequestId id : dispatcher_.Expire(now_)) {
    ++result_.expired;
    End(id, 503, {});
  }
  ArmExpiry();
}

void SimulationRun::ArmExpiry() {
  const auto next = dispatcher_.next_expiry();
  if (!next || (expiry_armed_ && *expiry_armed_ <= *next)) return;
  expiry_armed_ = next;
  queue_.Push(std::max(*next, now_), Due::Kind::kExpiry);
}

}  // namespace hearth::pool
