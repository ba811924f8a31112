// hearth bench: how fast a server starts, answers and holds up, hearth's or any other, alternated
// in one run.
#include <CLI/CLI.hpp>

#include "cli/bench_flags.h"

namespace hearth::cli {

void AddBenchCommand(CLI::App& app, Run* run) {
  CLI::App* command = app.add_subcommand(
      "bench", "Measure start, latency, throughput and memory of any embedding server");
  command->require_subcommand(1);
  AddBenchStart(command, run);
  AddBenchLoad(command, run);
  AddBenchMemory(command, run);
}

}  // namespace hearth::cli
