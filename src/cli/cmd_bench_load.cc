// hearth bench load: latency and throughput under closed-loop clients or an open-loop rate.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "bench/load_run.h"
#include "bench/machine.h"
#include "bench/report.h"
#include "cli/bench_flags.h"

namespace hearth::cli {
namespace {

struct LoadFlags {
  CommonFlags common;
  std::vector<int> clients = {1};
  double rate = 0;
  bool constant = false;
  double duration = 5;
  double warmup = 0.5;
  size_t requests = 0;
  int rounds = 3;
  std::vector<std::string> corpora = {"mixed"};
  std::vector<size_t> batches = {1};
  std::string probe;
  bool neighbour = false;
  uint64_t seed = 1;
  bool allow_remote = false;
};

Result<std::vector<bench::CellSpec>> CellsOf(const LoadFlags& flags) {
  std::vector<bench::CellSpec> cells;
  for (const std::string& name : flags.corpora) {
    const Result<bench::CorpusSpec> corpus = bench::ParseCorpus(name);
    if (!corpus) return tl::unexpected<Error>(corpus.error());
    for (const int clients : flags.clients) {
      for (const size_t batch : flags.batches) {
        bench::CellSpec spec;
        spec.corpus = *corpus;
        spec.clients = clients;
        spec.batch = batch;
        spec.rate = flags.rate;
        spec.arrivals =
            flags.constant ? bench::ArrivalKind::kConstant : bench::ArrivalKind::kPoisson;
        spec.warmup = Milliseconds(flags.warmup);
        spec.duration = Milliseconds(flags.duration);
        spec.requests_max = flags.requests;
        spec.timeout = Milliseconds(flags.common.timeout);
        spec.seed = flags.seed;
        spec.probe_path = flags.probe;
        cells.push_back(std::move(spec));
      }
    }
  }
  return cells;
}

Status CheckLoad(const LoadFlags& flags, const std::vector<bench::Target>& targets) {
  for (const bench::Target& target : targets) {
    if (!target.is_command() && !flags.allow_remote && !bench::IsThisMachine(target.url)) {
      return Fail(Code::kUsage,
                  "\"{}\" is not this machine: add --allow-remote if it is yours to load",
                  target.url);
    }
    const bool batched =
        std::ranges::any_of(flags.batches, [](size_t batch) { return batch != 1; });
    if (batched && target.form == bench::Form::kSeed) {
      return Fail(Code::kUsage,
                  "target {} is asked in the seed's form, which carries one text: use --form tei "
                  "or openai for batches",
                  target.label);
    }
  }
  return {};
}

int RunLoad(const LoadFlags& flags) {
  const LogFolder logs;
  Result<std::vector<bench::Target>> targets = ReadTargets(flags.common, false);
  if (!targets) return Report(targets.error());
  if (Status fine = CheckLoad(flags, *targets); !fine) return Report(fine.error());
  Result<std::vector<bench::CellSpec>> cells = CellsOf(flags);
  if (!cells) return Report(cells.error());
  bench::LoadOptions options;
  options.cells = std::move(*cells);
  options.rounds = flags.rounds;
  options.neighbour = flags.neighbour;
  options.paths = {.health = flags.common.health, .ready = flags.common.ready};
  options.start_timeout = Milliseconds(flags.common.timeout);
  options.log_folder = logs.path();
  const auto rows = bench::RunLoads(*targets, options,
                                    [&](const std::string& line) { Progress(flags.common, line); });
  if (!rows) return Report(rows.error());
  const int printed = Print(flags.common, bench::LoadTable(*rows),
                            bench::LoadJson(*rows, options, bench::ReadMachineFacts()));
  const bool failed =
      std::ranges::any_of(*rows, [](const auto& row) { return row.error.has_value(); });
  return printed != 0 ? printed : static_cast<int>(failed);
}

void AddLoadShape(CLI::App* command, LoadFlags* flags) {
  command
      ->add_option("-c,--clients", flags->clients,
                   "connections that each wait for their answer; several values make several rows")
      ->check(CLI::Range(1, 10000))
      ->delimiter(',')
      ->allow_extra_args(false)
      ->capture_default_str()
      ->type_name("N,…");
  command
      ->add_option(
          "--rate", flags->rate,
          "requests a second at fixed instants instead (open loop); latencies count from the "
          "planned instant; --clients is then the most connections: give it enough")
      ->check(CLI::NonNegativeNumber)
      ->type_name("R");
  command->add_flag("--constant", flags->constant,
                    "with --rate: equal gaps instead of random ones");
  command
      ->add_option("-d,--duration", flags->duration, "of one cell: one load, one target, one round")
      ->check(CLI::Range(0.1, 3600.0))
      ->capture_default_str()
      ->type_name("SECONDS");
  command->add_option("--warmup", flags->warmup, "load before each cell that is not counted")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str()
      ->type_name("SECONDS");
  command
      ->add_option("--requests", flags->requests, "end a cell after so many requests (0: no limit)")
      ->capture_default_str()
      ->type_name("N");
}

}  // namespace

void AddBenchLoad(CLI::App* parent, Run* run) {
  auto flags = std::make_shared<LoadFlags>();
  CLI::App* command = parent->add_subcommand(
      "load", "Latency and throughput under closed-loop clients or an open-loop rate");
  AddCommonFlags(command, &flags->common);
  AddLoadShape(command, flags.get());
  command->add_option("-r,--rounds", flags->rounds, "how often the targets take turns")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str()
      ->type_name("N");
  command
      ->add_option("--corpus", flags->corpora,
                   "\"mixed\" (4 to 250 tokens, median 23, mean 32) or a length in tokens; several "
                   "make several rows")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->capture_default_str()
      ->type_name("NAME,…");
  command
      ->add_option("-b,--batch", flags->batches, "texts in one request; several make several rows")
      ->check(CLI::Range(1, 4096))
      ->delimiter(',')
      ->allow_extra_args(false)
      ->capture_default_str()
      ->type_name("N,…");
  command
      ->add_option("--probe", flags->probe,
                   "ask this path every 10 ms beside the load, and report its latency")
      ->type_name("PATH");
  command->add_flag("--neighbour", flags->neighbour,
                    "run each cell a second time beside a process that keeps one core busy");
  command->add_option("--seed", flags->seed, "of texts and instants")
      ->capture_default_str()
      ->type_name("N");
  command->add_flag("--allow-remote", flags->allow_remote, "load a URL that is not this machine");
  command->callback([flags, run] { *run = [flags] { return RunLoad(*flags); }; });
}

}  // namespace hearth::cli
