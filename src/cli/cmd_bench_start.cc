// hearth bench start: from exec to health, ready and the first vector.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "base/duration.h"
#include "bench/corpus.h"
#include "bench/machine.h"
#include "bench/page_cache.h"
#include "bench/report.h"
#include "bench/start_run.h"
#include "bench/toml_edit.h"
#include "cli/bench_flags.h"

namespace hearth::cli {
namespace {

struct StartFlags {
  CommonFlags common;
  int runs = 5;
  std::string cache = "warm";
  std::vector<std::string> files;
  int steady = 30;
  int tokens = 16;
  bool write = false;
  std::string config = "hearth.toml";
};

int WriteMeasured(const StartFlags& flags, const bench::StartSeries& series) {
  double slowest = 0;
  for (const bench::StartSample& sample : series.samples) slowest = std::max(slowest, sample.ready);
  // The slowest start, rounded up: health checks and grace periods are derived from it.
  const std::chrono::milliseconds start_time(std::llround(std::ceil(slowest)));
  if (Status written = bench::WriteStartTime(flags.config, start_time); !written) {
    return Report(written.error());
  }
  fmt::print(stderr, "start_time = \"{}\" is in {}\n", FormatDuration(start_time), flags.config);
  return 0;
}

int RunStart(const StartFlags& flags) {
  const LogFolder logs;
  Result<std::vector<bench::Target>> targets = ReadTargets(flags.common, true);
  if (!targets) return Report(targets.error());
  const Result<bench::CacheState> cache = bench::ParseCacheState(flags.cache);
  if (!cache) return Report(cache.error());
  if (flags.write && targets->size() != 1) {
    return Report({Code::kUsage, "--write needs one target, the pool's replica"});
  }
  bench::StartOptions options;
  options.runs = flags.runs;
  options.cache = *cache;
  options.files = flags.files;
  options.paths = {.health = flags.common.health, .ready = flags.common.ready};
  options.steady_requests = flags.steady;
  options.tokens = flags.tokens;
  options.timeout = Milliseconds(flags.common.timeout);
  options.log_folder = logs.path();
  const auto series = bench::RunStarts(
      *targets, options, [&](const std::string& line) { Progress(flags.common, line); });
  const int printed = Print(flags.common, bench::StartTable(series, options),
                            bench::StartJson(series, options, bench::ReadMachineFacts()));
  if (printed != 0) return printed;
  for (const bench::StartSeries& one : series) {
    if (one.error) return TraitsOf(one.error->code).exit_code;
  }
  return flags.write ? WriteMeasured(flags, series.front()) : 0;
}

}  // namespace

void AddBenchStart(CLI::App* parent, Run* run) {
  auto flags = std::make_shared<StartFlags>();
  CLI::App* command = parent->add_subcommand(
      "start",
      "From exec to health, ready and the first vector; first request against steady ones");
  AddCommonFlags(command, &flags->common);
  command->add_option("-n,--runs", flags->runs, "how often each target is started")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str()
      ->type_name("N");
  command
      ->add_option("--cache", flags->cache,
                   "before each start, read the files (warm), drop them from the page cache "
                   "(cold), or leave it (keep)")
      ->check(CLI::IsMember({"warm", "cold", "keep"}))
      ->capture_default_str()
      ->type_name("STATE");
  command
      ->add_option("--files", flags->files,
                   "a file or folder for --cache, beside those that the command itself names; "
                   "LABEL=PATH: of one target; may be repeated")
      ->allow_extra_args(false)
      ->type_name("[LABEL=]PATH");
  command
      ->add_option("--steady", flags->steady,
                   "requests after the first one, whose median is `steady`")
      ->check(CLI::Range(1, 100000))
      ->capture_default_str()
      ->type_name("N");
  command->add_option("--tokens", flags->tokens, "length of the text that is asked for")
      ->check(CLI::Range(3, bench::kCorpusTokensMax))
      ->capture_default_str()
      ->type_name("N");
  command->add_flag("--write", flags->write,
                    "put the slowest exec→ready into the configuration as replica.start_time");
  command->add_option("--config", flags->config, "the configuration for --write; made when missing")
      ->capture_default_str()
      ->type_name("FILE");
  command->callback([flags, run] { *run = [flags] { return RunStart(*flags); }; });
}

}  // namespace hearth::cli
