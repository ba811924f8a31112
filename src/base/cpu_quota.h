// How many threads this process may keep busy: the container's CPU quota (cgroup v2 cpu.max, v1 cfs
// quota) and its CPU affinity, whichever is less. Not the host's core count: threads beyond the
// quota only get throttled.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace hearth {

struct CpuBudget {
  int affinity = 1;             // CPUs that the kernel may put this process on
  std::optional<double> quota;  // CPUs' worth of time per period; absent: unlimited
};

// At least 1. A part of a CPU counts whole: 0.5 → 1, 1.5 → 2 (time left over is lost with fewer
// threads).
int ThreadsFor(const CpuBudget& budget);

// Reads the affinity, and the tightest quota of the process's cgroup and its parents. `root` is ""
// except in tests, where it is a folder that holds proc/self/cgroup and sys/fs/cgroup.
CpuBudget ReadCpuBudget(const std::string& root = "");

// How long the container was throttled since it began, in seconds; absent where no cgroup says.
std::optional<double> ReadCpuThrottledSeconds(const std::string& root = "");

// "max 100000" → absent, "50000 100000" → 0.5; absent for anything else too.
std::optional<double> ParseCpuMax(std::string_view text);

}  // namespace hearth
