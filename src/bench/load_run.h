// `hearth bench load`: the same loads on several servers, in turn within each round, all servers
// alive throughout.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "bench/load_cell.h"
#include "bench/server_under_test.h"
#include "bench/target.h"

namespace hearth::bench {

struct LoadOptions {
  std::vector<CellSpec> cells;  // each is run on each target in each round
  int rounds = 3;
  bool neighbour = false;  // run each cell a second time beside a busy process
  ServerPaths paths;
  std::chrono::milliseconds start_timeout{120'000};
  std::string log_folder;
};

// One cell on one target, all rounds.
struct LoadRow {
  std::string target;
  Form form = Form::kSeed;
  CellSpec spec;
  bool beside_neighbour = false;
  std::vector<CellResult> rounds;
  std::vector<double> foreign_cores;     // per round
  std::vector<double> server_cpu_cores;  // per round; 0 for a URL
  std::optional<Error> error;            // why rounds are missing
};

// kUsage and start failures of the first target end the run; a later target that does not start is
// left out with its error in its rows.
Result<std::vector<LoadRow>> RunLoads(const std::vector<Target>& targets,
                                      const LoadOptions& options,
                                      const std::function<void(const std::string&)>& on_progress);

// Over rounds.
double MedianTextsPerSecond(const LoadRow& row);
// The median of the per-round ratios texts/s of `row` over `base`; 0 where there is none.
double ThroughputRatio(const LoadRow& row, const LoadRow& base);
// The median of the per-round ratios of p50 latencies.
double LatencyRatio(const LoadRow& row, const LoadRow& base);
std::vector<double> AllLatencies(const LoadRow& row);
std::vector<double> AllProbeLatencies(const LoadRow& row);

}  // namespace hearth::bench
