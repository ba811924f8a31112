// hearth bench: how fast a server starts, answers and holds up, hearth's or any other, alternated
// in one run.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "base/atomic_file.h"
#include "bench/load_run.h"
#include "bench/machine.h"
#include "bench/memory_run.h"
#include "bench/page_cache.h"
#include "bench/report.h"
#include "bench/start_run.h"
#include "bench/target.h"
#include "bench/toml_edit.h"
#include "cli/command.h"

namespace hearth::cli {

namespace {

constexpr const char* kDescription =
    "Measure start, latency, throughput and memory of any embedding server";
constexpr const char* kTargetHelp = R"(
A TARGET is a command that starts a server, with {port} where its port goes, or the URL of one that runs:
  hearth bench start "build/release/hearth serve --model m.hearth --port {port}"
  hearth bench load http://127.0.0.1:8000
Several targets take turns in one run, and ratios are to the first. LABEL= names one in the tables; LABEL:FORM=
also says how it wants to be asked: seed ({"text": …}), tei ({"inputs": […]}) or openai:
  hearth bench load "hearth=hearth serve --model m.hearth --port {port}" "llama:openai=llama-server … --port {port}"
A command is run without a shell: quotes group words, variables and pipes do not work.
Figures of a busy machine are no figures: `foreign` says how many cores others used meanwhile ("!" from 0.15 on).)";

struct CommonFlags {
  std::vector<std::string> targets;
  std::string form = "seed";
  std::string json;
  std::string health = "/health";
  std::string ready = "/ready";
  double timeout = 120;
  bool quiet = false;
};

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

struct MemoryFlags {
  CommonFlags common;
  int replicas = 4;
  int requests = 20;
  double idle = 10;
};

std::chrono::milliseconds Milliseconds(double seconds) {
  return std::chrono::milliseconds(std::llround(seconds * 1000));
}

// A folder for the servers' output, removed with its contents.
class LogFolder {
 public:
  LogFolder() {
    std::string path = (std::filesystem::temp_directory_path() / "hearth-bench-XXXXXX").string();
    if (::mkdtemp(path.data()) != nullptr) path_ = path;
  }
  ~LogFolder() {
    std::error_code ignored;
    if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
  }
  LogFolder(const LogFolder&) = delete;
  LogFolder& operator=(const LogFolder&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

Result<std::vector<bench::Target>> ReadTargets(const CommonFlags& flags, bool commands_only) {
  const Result<bench::Form> form = bench::ParseForm(flags.form);
  if (!form) return tl::unexpected<Error>(form.error());
  std::vector<bench::Target> out;
  for (const std::string& text : flags.targets) {
    Result<bench::Target> target = bench::ParseTarget(text, *form);
    if (!target) return Forward(target);
    if (commands_only && !target->is_command()) {
      return Fail(Code::kUsage,
                  "the target \"{}\" runs already; this needs a command that starts it", text);
    }
    for (const bench::Target& other : out) {
      if (other.label == target->label) {
        return Fail(Code::kUsage, "two targets are called \"{}\": name them, LABEL=…",
                    target->label);
      }
    }
    out.push_back(std::move(*target));
  }
  return out;
}

void Progress(const CommonFlags& flags, const std::string& line) {
  if (!flags.quiet) fmt::print(stderr, "  {}\n", line);
}

// The table, and the JSON where it is asked for ("-": instead of the table).
int Print(const CommonFlags& flags, const std::string& table, const std::string& json) {
  fmt::print("{}", flags.json == "-" ? json : table);
  if (flags.json.empty() || flags.json == "-") return 0;
  Result<AtomicFile> file = AtomicFile::Create(flags.json);
  if (!file) return Report(file.error());
  if (Status written = file->Write(std::as_bytes(std::span(json))); !written) {
    return Report(written.error());
  }
  if (Status done = file->Commit(); !done) return Report(done.error());
  return 0;
}

int WriteMeasured(const StartFlags& flags, const bench::StartSeries& series) {
  double slowest = 0;
  for (const bench::StartSample& sample : series.samples) slowest = std::max(slowest, sample.ready);
  // The slowest start, rounded up: health checks and grace periods are derived from it.
  const std::chrono::milliseconds start_time(std::llround(std::ceil(slowest)));
  if (Status written = bench::WriteStartTime(flags.config, start_time); !written) {
    return Report(written.error());
  }
  fmt::print(stderr, "start_time = \"{}\" is in {}\n", bench::FormatDuration(start_time),
             flags.config);
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

void AddCommonFlags(CLI::App* command, CommonFlags* flags) {
  command->footer(kTargetHelp);
  command->add_option("TARGET", flags->targets, "what to measure (see below)")->required();
  command->add_option("--form", flags->form, "how targets are asked unless their label says")
      ->check(CLI::IsMember({"seed", "tei", "openai"}))
      ->capture_default_str()
      ->type_name("FORM");
  command
      ->add_option("--json", flags->json,
                   "also write every figure as JSON; \"-\": to stdout instead of the table")
      ->type_name("FILE");
  command->add_option("--health", flags->health, "the path that answers when the server lives")
      ->capture_default_str()
      ->type_name("PATH");
  command
      ->add_option("--ready", flags->ready,
                   "the path that answers 200 when it can work; on 404 its health path counts")
      ->capture_default_str()
      ->type_name("PATH");
  command
      ->add_option("--timeout", flags->timeout, "the longest wait, for a start and for an answer")
      ->check(CLI::PositiveNumber)
      ->capture_default_str()
      ->type_name("SECONDS");
  command->add_flag("-q,--quiet", flags->quiet, "no progress lines on stderr");
}

void AddStart(CLI::App* parent, Run* run) {
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

void AddLoad(CLI::App* parent, Run* run) {
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

void AddMemory(CLI::App* parent, Run* run) {
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

}  // namespace

void AddBenchCommand(CLI::App& app, Run* run) {
  CLI::App* command = app.add_subcommand("bench", kDescription);
  command->require_subcommand(1);
  AddStart(command, run);
  AddLoad(command, run);
  AddMemory(command, run);
}

}  // namespace hearth::cli
