#include "pool/replica.h"

namespace hearth::pool {

std::string_view ToString(ReplicaState state) {
  switch (state) {
    case ReplicaState::kStarting:
      return "starting";
    case ReplicaState::kReady:
      return "ready";
    case ReplicaState::kDraining:
      return "draining";
    case ReplicaState::kStopping:
      return "stopping";
    case ReplicaState::kGone:
      return "gone";
  }
  return "unknown";
}

std::string_view ToString(EndReason reason) {
  switch (reason) {
    case EndReason::kRetired:
      return "retired";
    case EndReason::kReplaced:
      return "replaced";
    case EndReason::kExited:
      return "exited";
    case EndReason::kKilled:
      return "killed";
    case EndReason::kOutOfMemory:
      return "out_of_memory";
    case EndReason::kNeverReady:
      return "never_ready";
    case EndReason::kUnhealthy:
      return "unhealthy";
  }
  return "unknown";
}

}  // namespace hearth::pool
