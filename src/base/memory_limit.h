// How much memory this process's container may use: cgroup v2 (memory.max, memory.high) and v1
// (memory.limit_in_bytes), the tightest of the process's own group and its parents.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace hearth {

struct MemoryBudget {
  // Bytes. Absent: no limit but the machine's. v2's memory.high counts as a limit: above it the
  // kernel does not kill but holds the process back until it is of no use.
  std::optional<int64_t> limit;
  // What the group uses now, page cache that it brought in counted; absent where no group says.
  std::optional<int64_t> usage;
  // Processes of the group that the kernel has killed for memory since it began; absent likewise.
  std::optional<int64_t> oom_kills;
};

// `root` as of Cgroup (base/cgroup.h).
MemoryBudget ReadMemoryBudget(const std::string& root = "");

}  // namespace hearth
