// `hearth bench start`: from exec to the first vector, again and again, targets in turn.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "bench/page_cache.h"
#include "bench/process_usage.h"
#include "bench/server_under_test.h"
#include "bench/target.h"

namespace hearth::bench {

struct StartOptions {
  int runs = 5;
  CacheState cache = CacheState::kWarm;
  std::vector<std::string> files;  // PATH or LABEL=PATH, beside what a command names itself
  ServerPaths paths;
  int steady_requests = 30;
  int tokens = 16;  // of the text that is asked for
  std::chrono::milliseconds timeout{120'000};
  std::string log_folder;  // where each server's output goes
};

// One start; times in milliseconds from exec.
struct StartSample {
  double connect = 0;
  double health = 0;
  double ready = 0;
  double first_vector = 0;
  double first_request = 0;  // what the first request took by itself
  double steady_median = 0;  // of the requests after it
  double cpu_seconds = 0;    // used up to the first vector
  MemoryUsage memory;        // after the steady requests
  double foreign_cores = 0;
};

struct StartSeries {
  Target target;
  std::vector<StartSample> samples;
  std::optional<Error> error;  // why there are no more
};

// Every target must be a command. A target that fails keeps its error and is left out of later
// rounds. `on_progress` gets one line per start.
std::vector<StartSeries> RunStarts(const std::vector<Target>& targets, const StartOptions& options,
                                   const std::function<void(const std::string&)>& on_progress);

Result<StartSample> MeasureStart(const Target& target, const StartOptions& options);

}  // namespace hearth::bench
