// hearth bench memory: replicas side by side, and CPU time when idle.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <utility>
#include <vector>

#include "bench/machine.h"
#include "bench/memory_run.h"
#include "bench/report.h"
#include "cli/bench_flags.h"

namespace hearth::cli {
namespace {

struct MemoryFlags {
  CommonFlags common;
  int replicas = 4;
  int requests = 20;
  double idle = 10;
};

int RunMemory(const MemoryFlags& flags) {
  const LogFolder logs;
  Result<std::vector<bench::Target>> targets = ReadTargets(flags.common, true);
  if (!targets) return Report(targets.error());
  bench::MemoryOptions options;
  options.replicas = flags.replicas;
  options.requests = flags.requests;
  options.idle = Milliseconds(flags.idle);
  options.paths = {.health = flags.common.health, .ready = flags.common.ready};
  options.timeout = Milliseconds(flags.common.timeout);
  options.log_folder = logs.path();
  std::vector<bench::MemoryRow> rows;
  for (const bench::Target& target : *targets) {
    Progress(flags.common, fmt::format("{}: {} replicas", target.label, options.replicas));
    Result<bench::MemoryRow> row = bench::MeasureMemory(target, options);
    if (!row) {
      return Report({row.error().code,
                     fmt::format("cannot measure {}: {}", target.label, row.error().message)});
    }
    rows.push_back(std::move(*row));
  }
  return Print(flags.common, bench::MemoryTable(rows),
               bench::MemoryJson(rows, options, bench::ReadMachineFacts()));
}

}  // namespace

void AddBenchMemory(CLI::App* parent, Run* run) {
  auto flags = std::make_shared<MemoryFlags>();
  CLI::App* command =
      parent->add_subcommand("memory", "Memory of replicas side by side, and CPU time when idle");
  AddCommonFlags(command, &flags->common);
  command->add_option("--replicas", flags->replicas, "how many run at once")
      ->check(CLI::Range(1, 100))
      ->capture_default_str()
      ->type_name("N");
  command->add_option("--requests", flags->requests, "to each replica before it is looked at")
      ->check(CLI::Range(1, 100000))
      ->capture_default_str()
      ->type_name("N");
  command->add_option("--idle", flags->idle, "how long idle CPU time is counted")
      ->check(CLI::PositiveNumber)
      ->capture_default_str()
      ->type_name("SECONDS");
  command->callback([flags, run] { *run = [flags] { return RunMemory(*flags); }; });
}

}  // namespace hearth::cli
