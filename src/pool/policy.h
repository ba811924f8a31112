// The pool's policy: how many replicas there should be, and which go. Pure: the controller, the
// simulator and the planner call the very same function.
//
// Three numbers, never mixed (ARCHITECTURE.md, "The three warm numbers"): floor, a lower bound on
// the total; spare, ready replicas above those in use; keep_warm, how long surplus stays.
//
//   in use  = ceil(occupied slots / slots), or more while a backlog is drained (at most twice that)
//   desired = clamp(max(in use, peak of in use within keep_warm) + spare, floor, max)
//
// Source of the rules: Little's law for the offered load; the measured comparison of signals in
// docs/pool.md.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "pool/replica.h"

namespace hearth::pool {

using Time = std::chrono::steady_clock::time_point;
using Duration = std::chrono::steady_clock::duration;

struct Policy {
  int floor = 2;
  int spare = 1;
  int max = 12;
  Duration keep_warm = std::chrono::minutes(5);
  int slots = 1;                                     // of one replica
  Duration start_time = std::chrono::seconds(2);     // what a start usually takes
  Duration drain_backlog = std::chrono::seconds(1);  // in how long a backlog should be worked off
  int starts_at_once = 4;                            // replicas that may be starting at a time
  Duration backoff_first = std::chrono::seconds(1);  // after one failed start; doubles
  Duration backoff_max = std::chrono::minutes(1);
};

struct ReplicaView {
  ReplicaId id;
  ReplicaState state = ReplicaState::kStarting;
  int slots = 1;
  int busy = 0;              // occupied slots
  bool ejected = false;      // ready, but failing
  bool hung = false;         // failed its health checks for too long: Reconcile kills it
  bool old_version = false;  // to be replaced: an older version, or drained by hand
  Time since;                // when it came into `state`
  Time idle_since;           // when busy last became 0 (ready ones)
};

// The recent past, as the pool has seen it itself: empty after a restart of the controller.
struct Demand {
  int in_use_peak = 0;  // highest `in use` within the last keep_warm
  Time watched_since;   // when the watching began; less than keep_warm ago: no scale-in
  double offered_slots =
      0;  // mean occupied slots over the last seconds (arrival rate × service time)
  double arriving_slots = 0;   // arrival rate × service time: what the load asks for while it waits
  double service_seconds = 0;  // mean time a request holds a slot; 0: not known
};

struct Observation {
  std::vector<ReplicaView> replicas;  // not those that are gone
  int waiting = 0;                    // requests held at the gateway
  Demand demand;
  int start_failures = 0;  // starts that failed since one last succeeded
  Time last_start_failure;
};

struct Decision {
  int desired = 0;                 // replicas starting or ready
  int in_use = 0;                  // as counted for this decision
  int start = 0;                   // now
  int may_start = 0;               // what pacing and back-off allow now; a roll may use the rest
  std::vector<ReplicaId> retire;   // now, in this order; starting before idle before busy
  std::optional<Time> look_again;  // when time alone would change the decision (back-off, window)
  std::string reason;              // one sentence for people, with the numbers
};

// desired is never above max nor below floor (max wins). Never retires before a full window was
// watched, nor while an old version is being replaced (Reconcile does that). A replica that is
// draining or stopping does not count. Ejected ones count neither as spare nor as capacity, but are
// not retired for it; with them, no more than max run. After a failed start only one at a time is
// tried, later and later. The same observation always gives the same decision; when it was acted
// on, the next is empty.
Decision Step(const Observation& observation, const Policy& policy, Time now);

// ceil(occupied / slots), 0 for nothing.
int InUse(int occupied_slots, int slots);

}  // namespace hearth::pool
