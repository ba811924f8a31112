// The inside of Controller. A turn: what has come in (answers to checks, exits, signs, wishes)
// changes the table at once and asks for a look (Soon); Look (controller.cc) observes, decides,
// reconciles and acts (controller_act.cc). Loop thread, but for what is said to run on `backend`.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "pool/backend_thread.h"
#include "pool/controller.h"
#include "pool/health_checks.h"
#include "pool/reconcile.h"
#include "pool/replica_table.h"
#include "pool/roll.h"
#include "pool/start_failures.h"

namespace hearth::pool {

struct Controller::Impl {
  Impl(EventLoop& event_loop, const config::Config& configuration, StateDir& state_dir,
       std::unique_ptr<ReplicaBackend> backend_in, Dispatcher& dispatcher_in,
       ControllerLinks links_in, const Log& log_in);
  ~Impl();

  // --- controller.cc: the turn
  Status Start(const ReplicaSpec& spec);
  void FindRunning();
  void OnFound(const Result<std::vector<ReplicaHandle>>& running);
  void Soon();      // a look in the next turn
  void Pressure();  // a look in the next turn, but not in every one
  void Look();
  void Settle(Time now);  // what time alone has changed
  Decision Decide(Time now);
  void Record(const Decision& decision);
  void ArmTimer(const Decision& decision);
  void FinishStop();
  void Save();

  // --- controller_act.cc: actions, and what the backend says to them
  bool Act(const std::vector<Action>& actions);  // whether anything has changed
  bool StartOne(const std::string& reason);
  bool Drain(Replica& replica, const Action& action);
  bool Terminate(Replica& replica, const Action& action);
  bool Kill(Replica& replica, EndReason reason, std::string words);
  void SendEnd(const Replica& replica);
  void SetEnd(Replica& replica, EndReason reason, std::string words) const;
  void OnStarted(ReplicaId id, const Result<ReplicaHandle>& started);
  void OnEndSent(ReplicaId id, const Status& sent);
  void OnExit(const ReplicaExit& exit);
  void End(Replica& replica, EndReason reason, std::string words);
  void CountStartFailure(const Replica& replica, EndReason reason, std::string_view words);
  void LookAtMemory();
  void Tell(std::function<void()> call) const;  // any thread: run `call` on the loop, if we live

  // --- controller_signs.cc: health and readiness
  void OnCheck(ReplicaId id, const CheckResult& result);
  void BecomeReady(Replica& replica, const CheckResult& result);
  void OnWell(Replica& replica);
  void OnSick(Replica& replica, const CheckResult& result);
  void Pause(Replica& replica, const std::string& words);
  void Resume(Replica& replica);
  void Judge(Replica& replica, Sign sign);
  void FindUnhealthy(Time now);
  void ReleaseUnknownLoad(Time now);

  // --- controller_roll.cc: versions
  void ChooseVersion(const ReplicaSpec& of_file);
  void BeginRoll(const ReplicaSpec& spec);
  void ReturnFromRoll();
  void FinishRoll();
  void TakeUp(const ReplicaSpec& spec, std::string previous);

  // --- controller_status.cc
  PoolStatus Describe() const;
  ReplicaStatus Describe(const Replica& replica, Time now) const;

  Time now() const { return loop.now(); }
  const std::string& version() const { return stored.current_version; }

  EventLoop& loop;
  const config::Config& config;
  StateDir& state;
  Dispatcher& dispatcher;
  const ControllerLinks links;
  const Log& log;
  const Duration start_timeout;

  std::optional<WarmNumbers> numbers;
  ReplicaTable table;
  HealthChecks checks;
  Ejection ejection;
  pool::Roll roll;
  StartFailures failures;
  std::optional<DemandWindow> window;  // since what runs is known

  StoredState stored;
  std::string file_version;  // of hearth.toml's replica, as it was last taken up
  bool roll_of_file = false;
  ReplicaSpec spec;  // of the current version
  bool must_save = false;
  int slots = 1;  // of a replica of the current version, as far as is known

  bool found = false;  // what runs is known
  Duration find_again{};
  Time unknown_load_until;
  std::optional<Time> next_memory_look;
  int memory_looks = 0;  // under way

  bool stopping = false;
  bool killing = false;
  std::vector<std::function<void()>> on_stopped;

  bool soon = false;
  Time looked_at;
  EventLoop::TimerId pressure_timer = EventLoop::TimerId::kNone;
  EventLoop::TimerId look_timer = EventLoop::TimerId::kNone;
  EventLoop::TimerId find_timer = EventLoop::TimerId::kNone;

  Observation observation;  // kept for its memory
  Decision last;
  int recorded_desired = -1;
  int recorded_failures = 0;
  std::deque<DecisionStatus> decisions;
  PoolCounts counts;

  std::shared_ptr<const bool> alive = std::make_shared<const bool>(true);
  BackendThread backend;  // last: its thread ends before anything it speaks of
};

}  // namespace hearth::pool
