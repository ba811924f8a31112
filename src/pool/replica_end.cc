#include "pool/replica_end.h"

#include <fmt/format.h>

#include <csignal>
#include <string>

#include "base/cgroup.h"

namespace hearth::pool {
namespace {

std::string BytesInWords(int64_t bytes) {
  constexpr int64_t kMiB = 1 << 20;
  constexpr int64_t kGiB = 1 << 30;
  if (bytes % kGiB == 0) return fmt::format("{} GiB", bytes / kGiB);
  return fmt::format("{} MiB", bytes / kMiB);
}

std::string MemoryLimitInWords(const ReplicaGroup& group) {
  for (const std::string& folder : group.folders) {
    for (const char* file : {"/memory.max", "/memory.limit_in_bytes"}) {
      if (const auto bytes = ReadInt(folder + file)) return " at " + BytesInWords(*bytes);
    }
  }
  return "";
}

}  // namespace

// A kill for memory long ago does not explain a clean end, nor one by another signal.
ReplicaExit Explain(ReplicaId replica, const ReplicaGroup& group, const ProcessEnd& end) {
  using Kind = ProcessEnd::Kind;
  const bool could_be_memory = end.kind == Kind::kUnknown ||
                               (end.kind == Kind::kSignal && end.value == SIGKILL) ||
                               (end.kind == Kind::kCode && end.value != 0);
  if (could_be_memory && OomKills(group) > 0) {
    return {replica, EndReason::kOutOfMemory, "out of memory" + MemoryLimitInWords(group)};
  }
  if (end.kind == Kind::kCode) {
    return {replica, EndReason::kExited, fmt::format("exit {}", end.value)};
  }
  if (end.kind == Kind::kSignal) {
    return {replica, EndReason::kKilled, fmt::format("signal {}", end.value)};
  }
  return {replica, EndReason::kExited, "ended (its exit status went to another process)"};
}

}  // namespace hearth::pool
