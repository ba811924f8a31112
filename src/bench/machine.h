// What a reader must know about the machine to judge a figure: processor, instruction sets, cores,
// kernel, and how much of it others used meanwhile.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bench/process_usage.h"

namespace hearth::bench {

struct MachineFacts {
  std::string processor;         // "AMD EPYC 7R13"
  std::string instruction_sets;  // "avx2 fma avx512f …", those that matter here
  int cores = 0;                 // that this process may use
  int64_t memory_bytes = 0;
  std::string kernel;  // "Linux 6.1.0 x86_64"
  std::string date;    // "2026-11-25T07:30:00Z"
};

MachineFacts ReadMachineFacts();

// The processor's name and the notable flags from the text of /proc/cpuinfo (pure).
void ParseCpuInfo(std::string_view text, MachineFacts* facts);

// Counts the cores that anyone but this process and `servers` kept busy, stolen time included.
class ForeignMeter {
 public:
  explicit ForeignMeter(std::vector<pid_t> servers);
  // Average number of foreign cores since construction; 0.15 and more means: measure again.
  // `servers` must still live. `more_own_seconds`: CPU time of processes that began after
  // construction and are the measurement's own.
  double Read(double more_own_seconds = 0) const;
  double ServerCpuSeconds() const;

 private:
  std::vector<pid_t> servers_;
  double own_before_ = 0;
  double servers_before_ = 0;
  MachineCpu machine_before_;
  std::chrono::steady_clock::time_point begin_;
};

}  // namespace hearth::bench
