// Controller: keeps the pool as the policy wants it. Observes, decides (Step), reconciles, acts. On
// the event loop; calls of the backend run on a thread of its own, `backend`.
//
// It knows replicas and versions; requests are the gateway's business, to which it speaks through
// ControllerLinks. Its state on disk is written by the thread `backend`, too; which replica runs
// where is the backend's to remember.
//
// A version that `hearth roll` has brought stays, also over a restart, until hearth.toml names
// another replica than before. A controller destroyed without Stop leaves its replicas running, as
// one that was killed does; the next one adopts them.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/event_loop.h"
#include "base/log.h"
#include "base/result.h"
#include "config/config.h"
#include "pool/backend.h"
#include "pool/dispatch.h"
#include "pool/ejection.h"
#include "pool/policy.h"
#include "pool/roll.h"
#include "pool/state_dir.h"
#include "pool/warm_numbers.h"

namespace hearth::pool {

// What the controller needs of the gateway. A replica may be removed and added again under its id:
// one that says it is not ready drains, and comes back when it says so and what it had is done.
// `readmit` is also called when slots have become free without a request having ended: what is held
// may be bound.
struct ControllerLinks {
  std::function<void(ReplicaId, const http::Url&, int slots)> add;
  std::function<void(ReplicaId)> eject, readmit, drain, remove;
};

struct ReplicaStatus {
  ReplicaId id;
  ReplicaState state = ReplicaState::kStarting;
  std::string version;
  bool current = true;
  bool ejected = false;
  bool adopted = false;
  int slots = 1;
  int busy = 0;
  double age_seconds = 0;
  double start_seconds = 0;  // started → ready; 0: not yet
  int64_t pid = 0;
  std::string container;
  std::string url;
  std::string log_path;
  int64_t memory_bytes = 0;  // looked at every few seconds; 0: not known
  std::string end_reason;    // once it is gone, with words
  double gone_seconds = 0;   // how long ago
};

struct DecisionStatus {
  int64_t unix_ms = 0;
  int desired = 0;
  int in_use = 0;
  std::string reason;
};

// What has happened since this controller began, for metrics.
struct PoolCounts {
  int64_t starts = 0;  // replicas that the backend has started
  int64_t start_failures =
      0;  // the backend could not, or it ended or was killed before it was ready
  int64_t adopted = 0;
  int64_t decisions = 0;  // Step has been asked
  std::map<EndReason, int64_t> ends;
};

struct PoolStatus {
  std::string name;
  Sourced floor, spare, max;
  double keep_warm_seconds = 0;
  int in_use = 0;
  int desired = 0;
  int ready = 0;
  int starting = 0;
  int waiting = 0;
  std::string version;
  RollState roll_state = RollState::kNone;
  std::string roll;                     // empty, or what a roll is doing, or how the last one ended
  std::vector<ReplicaStatus> replicas;  // by id; those gone in the last minutes at the end
  std::vector<DecisionStatus> decisions;  // newest first, at most 50; only when something changed
  PoolCounts counts;
};

class Controller {
 public:
  // All references outlive it.
  Controller(EventLoop& loop, const config::Config& config, StateDir& state,
             std::unique_ptr<ReplicaBackend> backend, Dispatcher& dispatcher, ControllerLinks links,
             const Log& log);
  ~Controller();

  // Adopts what runs, then keeps the pool until Stop. Failures are of the state directory.
  Status Start(const ReplicaSpec& spec);
  // Everything drains and ends; then `done`, in a later turn of the loop. A second call does not
  // wait: kills.
  void Stop(std::function<void()> done);

  // What people ask for. Scale: kAsInFile gives a stored number up, so that hearth.toml's counts
  // again. Roll: to what runs already, nothing happens. Failures: kUnprocessable (floor above max),
  // kNotFound (no such replica), kUnavailable (a roll is on, or the pool goes down).
  static constexpr int kAsInFile = -1;
  Status Scale(std::optional<int> floor, std::optional<int> spare, std::optional<int> max);
  Status Drain(ReplicaId replica);  // replaced by another one
  Status Roll(const ReplicaSpec& spec);

  // From the gateway.
  void OnSign(ReplicaId replica, Sign sign);
  void OnPressure();
  void OnIdle(ReplicaId replica);

  PoolStatus status() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace hearth::pool
