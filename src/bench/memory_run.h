// `hearth bench memory`: several replicas of one server side by side, idle after some requests:
// what each costs.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include "base/result.h"
#include "bench/process_usage.h"
#include "bench/server_under_test.h"
#include "bench/target.h"

namespace hearth::bench {

struct MemoryOptions {
  int replicas = 4;
  int requests = 20;  // to each replica before it is looked at
  std::chrono::milliseconds settle{1000};
  std::chrono::milliseconds idle{10'000};  // over which the idle CPU time is counted
  ServerPaths paths;
  std::chrono::milliseconds timeout{120'000};
  std::string log_folder;
};

struct MemoryRow {
  std::string target;
  MemoryUsage alone;                  // of the first replica before the others start
  std::vector<MemoryUsage> replicas;  // of each when all are up
  double idle_cpu_percent = 0;        // of one core, per replica
};

Result<MemoryRow> MeasureMemory(const Target& target, const MemoryOptions& options);

}  // namespace hearth::bench
