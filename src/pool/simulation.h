// Simulation: the pool on a virtual clock. It calls the very same Step, Reconcile, DemandWindow,
// Dispatcher, Ejection and RetryBudget as the controller and the gateway; what is simulated is the
// rest: when requests come, how long work and starts take, what fails.
//
// Deterministic: equal inputs and seed give equal results. Arrivals and service times have random
// streams of their own, so two policies are compared on the very same requests. About a microsecond
// a request; memory does not grow with their number (but with `history`).
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "pool/dispatch.h"
#include "pool/history.h"
#include "pool/reconcile.h"
#include "pool/simulation_models.h"
#include "pool/simulation_waits.h"

namespace hearth::pool {

// What goes wrong at a given time. "One" is drawn from those in that state; none there: nothing.
struct ScriptedFault {
  enum class Kind {
    kKillIdle,
    kKillBusy,
    kKillStarting,
    kKillDraining,
    kKillAll,
    kHangOne,       // of the ready ones, for `lasts`
    kStartsFail,    // every start from then on, for `lasts`
    kForgetAll,     // the controller restarts with an empty memory
    kRoll,          // to a new version
    kChangePolicy,  // to `policy`
  };
  Duration at{};
  Kind kind = Kind::kKillIdle;
  Duration lasts{};
  Policy policy{};
};

struct Faults {
  double start_fails = 0;   // share of starts that exit somewhere in the middle
  double start_never = 0;   // … that never get ready
  double start_slow = 0;    // … that take 10 times as long
  double ignores_term = 0;  // share of replicas that end only when they are killed
  Duration mean_life{};     // of a ready replica, memoryless; 0: for ever
  Duration mean_to_hang{};  // of a ready replica, memoryless; 0: never hangs
  Distribution hang = Distribution::LogNormal(10, 20);
  std::vector<ScriptedFault> script;  // in the order of time
};

struct SimulationConfig {
  uint64_t seed = 1;
  Duration length = std::chrono::hours(1);  // of arrivals; then what is there is finished
  Policy policy;
  int initial_ready = 0;  // replicas that are there and ready at the beginning

  Distribution service = Distribution::Constant(0.02);
  Distribution start = Distribution::Constant(2);
  Distribution stop = Distribution::Constant(0.05);  // from SIGTERM to the end
  Faults faults;

  int surge = 1;
  Duration start_timeout = std::chrono::seconds(30);
  Duration drain_time = std::chrono::seconds(30);
  Duration stop_time = std::chrono::seconds(10);
  Duration health_interval = std::chrono::seconds(5);
  Duration unhealthy_after = std::chrono::seconds(30);

  int hold_requests = 256;
  Duration hold_time = std::chrono::seconds(10);
  Duration attempt_timeout = std::chrono::seconds(30);  // of hung replicas only
  double repeatable = 1;                                // share of requests that may be sent twice
  int attempts_max = 3;
  double retry_share = 0.2;
  int retry_at_least = 3;

  Duration tick = std::chrono::seconds(1);
  Duration look_gap = std::chrono::milliseconds(100);  // least time between two looks

  bool history = false;
  size_t decisions_max = 10'000;
};

struct SimulationDecision {
  Duration at{};
  int desired = 0;
  int in_use = 0;
  std::string reason;
};

// One look of the controller: for tests and charts. Valid during the call.
struct SimulationLook {
  Time now;
  const Observation& observation;
  const Policy& policy;
  const Decision& decision;
  const std::vector<Action>& actions;
};

struct SimulationResult {
  int64_t requests = 0;
  int64_t answered = 0;
  int64_t refused = 0;    // 503: too many were held
  int64_t expired = 0;    // 503: held too long
  int64_t failed = 0;     // 502
  int64_t timed_out = 0;  // 504
  int64_t retries = 0;
  WaitHistogram waits;  // arrival → first slot, of those that got one

  double replica_seconds = 0;  // of everything that ran, start to end
  int replicas_peak = 0;       // starting, ready, draining or stopping at once
  int starts = 0;
  int start_failures = 0;
  int deaths = 0;   // of ready or draining ones, by a fault
  int retired = 0;  // told to drain or to end
  int64_t looks = 0;
  std::vector<SimulationDecision> decisions;  // the first decisions_max that changed something
  std::vector<Event> history;

  std::string Summary() const;  // one line, for test output and comparisons
};

// Where virtual time begins. Not at 0: a default Time is then long ago.
constexpr Time kSimulationBegin{std::chrono::hours(1)};

SimulationResult Simulate(const SimulationConfig& config, ArrivalSource& arrivals,
                          const std::function<void(const SimulationLook&)>& on_look = {});

}  // namespace hearth::pool
