// One run of a simulation, the inside of simulation.h. Its parts: simulation.cc (clock and loop),
// simulation_requests.cc (the gateway), simulation_replicas.cc (the world: starts, ends, faults),
// simulation_controller.cc (looks and acts).
#pragma once

#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "pool/ejection.h"
#include "pool/retry_budget.h"
#include "pool/simulation.h"
#include "pool/simulation_queue.h"

namespace hearth::pool {

class SimulationRun {
 public:
  SimulationRun(const SimulationConfig& config, ArrivalSource& arrivals,
                const std::function<void(const SimulationLook&)>& on_look);
  SimulationResult Run();

 private:
  struct Request {
    uint64_t serial = 0;  // 0: free
    Time arrived, bound, finish;
    Duration service{};
    ReplicaId replica;
    uint8_t attempt = 0;
    bool retrying = false;  // holds a part of the retry budget
    bool repeatable = false;
  };
  struct Replica {
    ReplicaId id;
    ReplicaState state = ReplicaState::kStarting;
    int version = 0;
    Time started, since, hung_since, failing_since;
    bool hung = false;     // does not react
    bool failing = false;  // and its checks have found out
    bool was_ready = false;
    bool ignores_term = false;
    bool never_ready = false;  // being killed for it
    std::vector<RequestId> in_flight;
  };
  enum class How { kBroken, kTimedOut };

  // simulation.cc
  void Handle(const Due& due);
  void PullArrival();
  void Note(EventKind kind, RequestId request, int attempt, ReplicaId replica, int value,
            const char* words = "");
  bool Finished() const;

  // simulation_requests.cc
  Request& At(RequestId id) { return requests_[id_index(id)]; }
  bool Current(RequestId id) { return At(id).serial == static_cast<uint64_t>(id) >> kIndexBits; }
  static size_t id_index(RequestId id) {
    return static_cast<uint64_t>(id) & ((uint64_t{1} << kIndexBits) - 1);
  }
  void Arrive(const Arrival& arrival);
  void Admit(RequestId id, std::optional<ReplicaId> avoid, bool first);
  void Bound(RequestId id, ReplicaId replica);
  void BindHeld();
  void Finish(RequestId id, uint8_t attempt);
  void TimeOut(RequestId id, uint8_t attempt);
  void Failed(RequestId id, How how);  // an attempt, whose slot is already given back
  void End(RequestId id, int status, ReplicaId replica);
  void Expire();
  void ArmExpiry();
  void GiveBack(Request& request);

  // simulation_replicas.cc
  Replica& Of(ReplicaId id) { return replicas_[id.value - 1]; }
  void StartReplica(bool ready_at_once);
  void BecomeReady(Replica& replica);
  void Gone(Replica& replica);
  void Die(Replica& replica);
  void Hang(Replica& replica, Duration lasts);
  void Recover(Replica& replica);
  void Check(Replica& replica);
  void Report(Replica& replica, Sign sign);
  void Play(const ScriptedFault& fault);
  Replica* PickOne(const std::function<bool(const Replica&)>& fits);

  // simulation_controller.cc
  void WantLook();
  void Look();
  void View();
  void Act(const Action& action);
  void Forget();

  static constexpr int kIndexBits = 24;

  const SimulationConfig& config_;
  ArrivalSource& arrivals_;
  const std::function<void(const SimulationLook&)>& on_look_;
  Policy policy_;
  Time now_ = kSimulationBegin;
  DueQueue queue_;
  Random arrival_random_, start_random_, fault_random_;
  std::optional<Arrival> next_arrival_;

  Dispatcher dispatcher_;
  RetryBudget budget_;
  Ejection ejection_;
  std::vector<Request> requests_;
  std::vector<uint32_t> free_requests_;
  uint64_t serial_ = 0;
  int64_t open_requests_ = 0;
  std::optional<Time> expiry_armed_;

  std::deque<Replica> replicas_;    // all there ever were, by id
  std::vector<ReplicaId> present_;  // not gone
  int version_ = 0;
  size_t script_next_ = 0;
  Time starts_fail_until_;

  DemandWindow demand_;
  Observation observation_;
  int start_failures_ = 0;
  Time last_start_failure_;
  int last_in_use_ = 0;
  std::string last_reason_;
  Time last_look_;
  bool look_wanted_ = false;

  SimulationResult result_;
};

}  // namespace hearth::pool
