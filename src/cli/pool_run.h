// PoolRun: the composition root of `hearth up`. Wires event loop, state folder, backend,
// dispatcher, gateway, controller and admin API, and sees them through from the first signal to the
// last replica.
//
// Threads: Open and Run on main, which is the loop's; the others are their owners'
// (ARCHITECTURE.md).
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "base/cancel.h"
#include "base/event_loop.h"
#include "base/log.h"
#include "base/result.h"
#include "cli/history_file.h"
#include "cli/model_bringer.h"
#include "cli/signal_watch.h"
#include "cli/up_progress.h"
#include "config/config.h"
#include "gateway/admin.h"
#include "gateway/gateway.h"
#include "pool/controller.h"
#include "pool/dispatch.h"
#include "pool/state_dir.h"

namespace hearth::cli {

// What the command line has said, beside what it has changed in `config`.
struct PoolPlan {
  config::Config config;  // pool.state_dir is set
  std::optional<int> floor, spare, max;
  std::string program;  // this hearth
  std::string history_path;
  int inherited_fd = -1;
  bool terminal = false;
  LogFormat log = LogFormat::kJson;
  std::chrono::steady_clock::time_point began;
};

class PoolRun {
 public:
  // HoldSignals has been called. `log` outlives it.
  PoolRun(PoolPlan plan, const Log& log);
  ~PoolRun();

  Status Open();  // listens and locks; starts no replica
  Status Run();   // until the pool has ended; a failure: it could not begin

 private:
  Result<std::unique_ptr<pool::ReplicaBackend>> OpenBackend();
  Status OpenGateway();
  Status OpenAdmin();
  pool::ControllerLinks Links();
  gateway::AdminActions Actions();

  void Begin();
  void StartPool(Result<PackedModel> model);
  void EachSecond();
  void LookAtProgress();
  void OnSignal(int signal);
  void Stop();
  void StopReplicas();

  // pool_run_roll.cc
  bool OwnServer() const;  // replicas are hearth's own
  pool::ReplicaSpec OwnSpec(const PackedModel& model) const;
  Status Roll(const gateway::AdminActions::RollChange& change);
  Status MayRoll(const gateway::AdminActions::RollChange& change) const;
  void RollToModel(const std::string& source);
  pool::ReplicaSpec CurrentSpec();
  pool::PoolStatus DescribePool() const;
  std::string PrintMetrics() const;

  const PoolPlan plan_;
  const Log& log_;
  Cancel cancel_;  // fired when the pool is told to stop: transfers end
  std::unique_ptr<EventLoop> loop_;
  std::unique_ptr<SignalWatch> signals_;
  std::optional<pool::StateDir> state_;
  std::unique_ptr<HistoryFile> history_;
  gateway::TrafficSeries traffic_;
  std::optional<pool::Dispatcher> dispatcher_;
  std::unique_ptr<gateway::Gateway> gateway_;
  std::unique_ptr<pool::Controller> controller_;
  std::unique_ptr<ModelBringer> bringer_;
  std::unique_ptr<gateway::Admin> admin_;
  UpProgress progress_;

  pool::ReplicaSpec spec_of_file_;  // what hearth.toml and the command line say
  bool started_ = false;            // the controller
  bool stopping_ = false;
  bool replicas_stopping_ = false;
  std::string preparing_;       // what is brought for a roll or the start; empty: nothing
  std::string prepare_failed_;  // why the last roll could not begin
  Status outcome_;
};

}  // namespace hearth::cli
