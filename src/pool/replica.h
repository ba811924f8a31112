// What a replica is to the pool: its name, its states, how it can end.
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

namespace hearth::pool {

// Never used again within a pool (the state directory counts on). Printed "r7".
struct ReplicaId {
  uint64_t value = 0;
  auto operator<=>(const ReplicaId&) const = default;
};

inline std::string ToString(ReplicaId id) { return "r" + std::to_string(id.value); }

// starting → ready → draining → stopping → gone. Only the controller moves it. A replica that fails
// its health checks stays ready and is *ejected* (Dispatcher) until it answers again or is
// replaced.
enum class ReplicaState {
  kStarting,  // started, has not said ready yet
  kReady,     // may get requests
  kDraining,  // gets no more; works off what it has
  kStopping,  // has been told to end (SIGTERM), or killed
  kGone,      // ended; kept for a while so that `status` can say why
};

std::string_view ToString(ReplicaState state);  // "starting", …

// Why a replica ended, in the words of status and metrics.
enum class EndReason {
  kRetired,      // surplus, drained by hand, or the pool went down
  kReplaced,     // an older version, in a roll
  kExited,       // by itself
  kKilled,       // by a signal that was not ours
  kOutOfMemory,  // by the kernel, at its memory limit
  kNeverReady,   // past start_timeout: killed by us
  kUnhealthy,    // failed its health checks for too long: killed by us
};

std::string_view ToString(EndReason reason);  // "retired", …, snake_case

}  // namespace hearth::pool
