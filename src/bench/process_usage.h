// Memory and CPU time of a process and its descendants, and of the machine, from /proc.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string_view>
#include <vector>

namespace hearth::bench {

// Sums over the tree, in bytes. Shared pages count in part in `pss` (divided by how many map them)
// and wholly in `rss`.
struct MemoryUsage {
  int64_t rss = 0;
  int64_t pss = 0;
  int64_t private_dirty = 0;  // what one more process of the kind costs
  int64_t private_clean = 0;
};

// `root` and everything below it, in no order; empty when it is gone.
std::vector<pid_t> ProcessTree(pid_t root);

MemoryUsage MemoryOf(const std::vector<pid_t>& processes);

// User and system seconds of `processes`, with those of children they have waited for.
double CpuSecondsOf(const std::vector<pid_t>& processes);

// The same to the nanosecond, of the threads that live now (from schedstat; ticks are 10 ms). 0
// where the kernel has none.
double ThreadSecondsOf(const std::vector<pid_t>& processes);

// Seconds that all cores together were busy since boot, and that a hypervisor took from them.
struct MachineCpu {
  double busy = 0;
  double stolen = 0;
};
MachineCpu ReadMachineCpu();

// The texts of smaps_rollup and of /proc/stat's first line, parsed (pure).
MemoryUsage ParseSmapsRollup(std::string_view text);
MachineCpu ParseStat(std::string_view text, double ticks_per_second);

}  // namespace hearth::bench
