#include "pool/simulation.h"

#include <fmt/format.h>

#include <algorithm>

#include "pool/simulation_run.h"

namespace hearth::pool {
namespace {

// After the last arrival, a run may take this long to finish what is there.
constexpr Duration kSettleMax = std::chrono::hours(24);

}  // namespace

SimulationRun::SimulationRun(const SimulationConfig& config, ArrivalSource& arrivals,
                             const std::function<void(const SimulationLook&)>& on_look)
    : config_(config),
      arrivals_(arrivals),
      on_look_(on_look),
      policy_(config.policy),
      arrival_random_(config.seed),
      start_random_(config.seed ^ 0x5851F42D4C957F2DULL),
      fault_random_(config.seed ^ 0x14057B7EF767814FULL),
      dispatcher_({.hold_requests = config.hold_requests}),
      budget_(config.retry_share, config.retry_at_least),
      demand_(config.policy.keep_warm, kSimulationBegin) {}

SimulationResult SimulationRun::Run() {
  for (int i = 0; i < config_.initial_ready; ++i) StartReplica(true);
  for (const ScriptedFault& fault : config_.faults.script) {
    queue_.Push(kSimulationBegin + fault.at, Due::Kind::kScript);
  }
  queue_.Push(now_, Due::Kind::kTick);
  PullArrival();
  while (!Finished()) {
    // Arrivals are not in the heap: there is only ever one, and it is most of what happens.
    if (next_arrival_ && kSimulationBegin + next_arrival_->at <= queue_.next().at) {
      const Arrival arrival = *next_arrival_;
      now_ = std::max(now_, kSimulationBegin + arrival.at);
      PullArrival();
      Arrive(arrival);
    } else {
      const Due due = queue_.Pop();
      now_ = due.at;
      Handle(due);
    }
  }
  for (const ReplicaId id : present_) {
    result_.replica_seconds += std::chrono::duration<double>(now_ - Of(id).started).count();
  }
  return std::move(result_);
}

bool SimulationRun::Finished() const {
  const Duration passed = now_ - kSimulationBegin;
  if (passed < config_.length || next_arrival_) return false;
  return open_requests_ == 0 || passed > config_.length + kSettleMax;
}

void SimulationRun::PullArrival() {
  Arrival arrival;
  next_arrival_.reset();
  if (arrivals_.Next(arrival_random_, &arrival) && arrival.at < config_.length) {
    next_arrival_ = arrival;
  }
}

void SimulationRun::Handle(const Due& due) {
  const auto replica = [&]() -> Replica& { return Of({due.id}); };
  switch (due.kind) {
    case Due::Kind::kFinish:
      return Finish(RequestId{due.id}, due.attempt);
    case Due::Kind::kAttemptTimeout:
      return TimeOut(RequestId{due.id}, due.attempt);
    case Due::Kind::kExpiry:
      return Expire();
    case Due::Kind::kTick:
      queue_.Push(now_ + config_.tick, Due::Kind::kTick);
      return Look();
    case Due::Kind::kLook:
      look_wanted_ = false;
      return Look();
    case Due::Kind::kReady:
      return BecomeReady(replica());
    case Due::Kind::kExit:
      return Gone(replica());
    case Due::Kind::kDeath:
      return Die(replica());
    case Due::Kind::kHang:
      return Hang(replica(), config_.faults.hang.Draw(fault_random_));
    case Due::Kind::kRecover:
      return Recover(replica());
    case Due::Kind::kCheck:
      return Check(replica());
    case Due::Kind::kScript:
      return Play(config_.faults.script[script_next_++]);
  }
}

void SimulationRun::Note(EventKind kind, RequestId request, int attempt, ReplicaId replica,
                         int value, const char* words) {
  if (!config_.history) return;
  const auto since = std::chrono::duration_cast<std::chrono::microseconds>(now_ - kSimulationBegin);
  result_.history.push_back({since.count(), kind, request, attempt, replica, value, words});
}

std::string SimulationResult::Summary() const {
  return fmt::format(
      "{} requests: {} answered, {} refused, {} expired, {} failed, {} timed out, {} retries; "
      "waits "
      "p50 {:.6f} p99 {:.6f} s, {} waited; {:.3f} replica-hours, peak {}, {} starts, {} failed, {} "
      "deaths, {} retired; {} decisions in {} looks",
      requests, answered, refused, expired, failed, timed_out, retries, waits.QuantileSeconds(0.5),
      waits.QuantileSeconds(0.99), waits.waited(), replica_seconds / 3600, replicas_peak, starts,
      start_failures, deaths, retired, decisions.size(), looks);
}

SimulationResult Simulate(const SimulationConfig& config, ArrivalSource& arrivals,
                          const std::function<void(const SimulationLook&)>& on_look) {
  return SimulationRun(config, arrivals, on_look).Run();
}

}  // namespace hearth::pool
