// Reconcile: what to do so that what runs becomes what is wanted. Pure; from any state it
// converges, one call at a time, however the world answers in between. Rolls are here: make before
// break.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "pool/policy.h"

namespace hearth::pool {

struct Desired {
  Decision decision;  // of Step
  int floor = 0;      // capacity that a roll must not go below
  int max = 0;
  int surge = 1;          // replicas above what is wanted while a roll is on; below 1 counts as 1
  bool stopping = false;  // the pool goes down: everything drains
  std::vector<ReplicaId> drain;  // asked for by hand: replaced like an old version
  Duration start_timeout = std::chrono::seconds(30);
  Duration drain_time = std::chrono::seconds(30);
  Duration stop_time = std::chrono::seconds(10);  // between SIGTERM and SIGKILL
};

struct Action {
  enum class Kind {
    kStart,      // one replica of the current version
    kDrain,      // no more requests
    kTerminate,  // drained, past its drain_time, or retired while it starts: SIGTERM
    kKill,       // past start_timeout or stop_time, or hung: SIGKILL. Again at each call until gone
  };
  Kind kind = Kind::kStart;
  ReplicaId replica;  // not for kStart
  EndReason end = EndReason::kRetired;
  std::string reason;  // for people
};

std::string_view ToString(Action::Kind kind);

// At most one action a replica. Never drains an old replica before a new one is ready in its place;
// in a roll, what starts, is ready or is an old one on its way out is never more than desired +
// surge. Old replicas that start, and those that are ejected while others work, go at once. What
// Step retires waits for the end of a roll. `look_again` of the decision and the deadlines here are
// the caller's ticks.
std::vector<Action> Reconcile(const Desired& desired, const std::vector<ReplicaView>& actual,
                              Time now);

}  // namespace hearth::pool
