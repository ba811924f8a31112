// hearth pull: brings a model from the Hugging Face hub, S3 or a folder. The composition root.
#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdio>
#include <memory>
#include <string>

#include "base/cancel.h"
#include "base/duration.h"
#include "base/env.h"
#include "base/log.h"
#include "cli/cancel_on_signal.h"
#include "cli/command.h"
#include "cli/pack_choices.h"
#include "cli/pull_packed.h"
#include "fetch/checksum.h"
#include "fetch/files.h"
#include "fetch/progress.h"
#include "fetch/pull.h"

namespace hearth::cli {
namespace {

using std::chrono::milliseconds;

constexpr const char* kDescription =
    "Bring a model from the Hugging Face hub, S3 or a folder, as fast as the network allows";
constexpr const char* kFooter = R"(
Examples:
  hearth pull hf://sentence-transformers/all-MiniLM-L6-v2
  hearth pull hf://sentence-transformers/all-MiniLM-L6-v2 --pack -o /models/minilm.hearth
  hearth pull s3://my-bucket/models/minilm -o /models/minilm
  hearth pull s3://public-bucket/weights.safetensors -o weights.safetensors --no-sign-request

What is brought: the files that hearth reads (config.json, tokenizer, modules.json, *.safetensors),
not the same weights in other formats; --include brings others. Without -o a model of the hub goes
into the hub's cache, which Python tools share. The last line on stdout is where it is.

A pull that was cut off is gone on with by running it again. Two at once do the work once.

Environment: HF_TOKEN, HF_ENDPOINT, HF_HOME, HF_HUB_CACHE, HF_HUB_OFFLINE for the hub; AWS_PROFILE,
AWS_REGION, AWS_ENDPOINT_URL and the usual credentials for S3; HTTPS_PROXY, NO_PROXY. docs/pull.md
has them all.)";

struct PullFlags {
  std::string source;
  std::string output;
  bool pack = false;
  PackChoices choices;
  std::vector<std::string> include;
  std::vector<std::string> sha256;
  int connections = fetch::kConnectionsDefault;
  std::string deadline = "1h";
  std::string idle_timeout = "30s";
  bool offline = false;
  bool no_sign_request = false;
  bool quiet = false;
  std::string log;
};

Result<milliseconds> ParseTime(const char* flag, const std::string& text) {
  constexpr milliseconds kMost = std::chrono::days(30);
  if (const auto found = ReadDuration(text, milliseconds(1), kMost)) return *found;
  return Fail(Code::kUsage, "{}: must be a time such as 500ms, 30s, 10m or 1h, not \"{}\"", flag,
              text);
}

Result<std::pair<std::string, std::string>> ParseSha256(const std::string& text) {
  const size_t equals = text.rfind('=');
  const std::string name = equals == std::string::npos ? "" : text.substr(0, equals);
  const auto hex = fetch::AsHex(equals == std::string::npos ? text : text.substr(equals + 1), 64);
  if (!hex) {
    return Fail(Code::kUsage, "--sha256: must be 64 hexadecimal digits or NAME=HEX, not \"{}\"",
                text);
  }
  return std::pair(name, *hex);
}

Result<fetch::PullOptions> ReadFlags(const PullFlags& flags, Cancel* cancel) {
  fetch::PullOptions out;
  auto source = fetch::ParseSource(flags.source, fetch::IsFolder(flags.source));
  if (!source) return Forward(source);
  out.source = *std::move(source);
  out.output = flags.output;
  const bool hub = std::holds_alternative<fetch::HubSource>(out.source);
  if (out.output.empty() && (!hub || flags.pack)) {
    return Fail(Code::kUsage, "say where to: -o {}; see `hearth pull --help`",
                flags.pack ? "FILE.hearth" : "DIR (or FILE, for one object)");
  }
  while (!hub && !flags.pack && out.output.size() > 1 && out.output.ends_with("//")) {
    out.output.pop_back();
  }
  auto deadline = ParseTime("--deadline", flags.deadline);
  if (!deadline) return Forward(deadline);
  auto idle = ParseTime("--idle-timeout", flags.idle_timeout);
  if (!idle) return Forward(idle);
  out.deadline = http::Clock::now() + *deadline;
  out.idle_timeout = *idle;
  for (const std::string& text : flags.sha256) {
    auto sum = ParseSha256(text);
    if (!sum) return Forward(sum);
    out.sha256.push_back(*std::move(sum));
  }
  out.include = flags.include;
  out.connections = flags.connections;
  out.offline = flags.offline;
  out.sign = !flags.no_sign_request;
  out.env = ProcessEnv();
  out.cancel = cancel;
  return out;
}

fetch::ProgressStyle StyleOf(const PullFlags& flags) {
  if (flags.quiet) return fetch::ProgressStyle::kQuiet;
  if (flags.log == "json") return fetch::ProgressStyle::kJson;
  if (flags.log == "text") return fetch::ProgressStyle::kText;
  return ::isatty(STDERR_FILENO) == 1 ? fetch::ProgressStyle::kBar : fetch::ProgressStyle::kJson;
}

void Say(fetch::ProgressStyle style, const std::string& source, const PackedPull& done,
         double seconds) {
  const fetch::Pulled& pulled = done.pulled;
  const double rate = seconds > 0 ? static_cast<double>(pulled.state.arrived) / 1e6 / seconds : 0;
  if (style == fetch::ProgressStyle::kBar) {
    for (const std::string& note : done.notes) fmt::print(stderr, "note: {}\n", note);
    if (!done.text.empty()) fmt::print(stderr, "{}\n", done.text);
    fmt::print(stderr,
               "{} at {}: {} files, {}, of which {} over the network in {:.1f} s, {:.1f} MB/s\n",
               source, pulled.revision, pulled.files, fetch::SizeText(pulled.bytes),
               fetch::SizeText(pulled.state.arrived), seconds, rate);
  } else if (style != fetch::ProgressStyle::kQuiet) {
    const Log log(STDERR_FILENO,
                  style == fetch::ProgressStyle::kJson ? LogFormat::kJson : LogFormat::kText,
                  LogLevel::kInfo);
    for (const std::string& note : done.notes) log.Info(note);
    if (!done.text.empty()) log.Info(done.text);
    log.Info(done.was_there ? "Already there" : "Pulled",
             {{"source", std::string_view(source)},
              {"path", std::string_view(pulled.path)},
              {"revision", std::string_view(pulled.revision)},
              {"files", static_cast<int64_t>(pulled.files)},
              {"bytes", static_cast<int64_t>(pulled.bytes)},
              {"bytes_arrived", static_cast<int64_t>(pulled.state.arrived)},
              {"bytes_resumed", static_cast<int64_t>(pulled.state.resumed)},
              {"retries", static_cast<int64_t>(pulled.state.retries)},
              {"seconds", seconds},
              {"megabytes_per_second", rate}});
  }
  fmt::print("{}\n", pulled.path);
}

Result<PackedPull> Run(const PullFlags& flags, fetch::PullOptions options) {
  if (flags.pack) return PullPacked(std::move(options), flags.choices);
  auto pulled = fetch::Pull(options);
  if (!pulled) return Forward(pulled);
  return PackedPull{.pulled = *std::move(pulled), .text = {}, .notes = {}};
}

int RunPull(const PullFlags& flags) {
  Cancel cancel;
  auto options = ReadFlags(flags, &cancel);
  if (!options) return Report(options.error());
  CancelOnSignal(&cancel);
  const fetch::ProgressStyle style = StyleOf(flags);
  fetch::Progress progress(style);
  options->events = {.on_state = [&](const fetch::DownloadState& state) { progress.State(state); },
                     .on_wait = [&](const std::string& lock) { progress.Wait(lock); },
                     .on_retry = [&](const std::string& name, const Error& error,
                                     double seconds) { progress.Retry(name, error, seconds); }};
  const auto began = http::Clock::now();
  const std::string source = ToString(options->source);
  auto done = Run(flags, *std::move(options));
  progress.Clear();
  if (!done) {
    const int code = Report(done.error());
    const int number = CancellingSignal();
    return number != 0 ? 128 + number : code;
  }
  Say(style, source, *done, std::chrono::duration<double>(http::Clock::now() - began).count());
  return 0;
}

void AddTransferFlags(CLI::App* pull, PullFlags* flags) {
  pull->add_option("--sha256", flags->sha256,
                   "what the one file must have, or NAME=HEX for one of several")
      ->type_name("HEX")
      ->allow_extra_args(false);
  pull->add_option("--connections", flags->connections, "how many at once")
      ->check(CLI::Range(1, fetch::kConnectionsMax))
      ->capture_default_str()
      ->type_name("N");
  pull->add_option("--deadline", flags->deadline, "give up after that long, retries included")
      ->capture_default_str()
      ->type_name("TIME");
  pull->add_option("--idle-timeout", flags->idle_timeout,
                   "a server that sends nothing for that long is asked again")
      ->capture_default_str()
      ->type_name("TIME");
  pull->add_flag("--offline", flags->offline,
                 "only the hub's cache; fails when something is missing (HF_HUB_OFFLINE=1)");
  pull->add_flag("--no-sign-request", flags->no_sign_request, "S3: public objects, no credentials");
  pull->add_flag("--quiet", flags->quiet, "only errors, and where the model is");
  pull->add_option("--log", flags->log, "log lines in place of the bar: json or text")
      ->check(CLI::IsMember({"json", "text"}))
      ->type_name("FORMAT");
}

}  // namespace

void AddPullCommand(CLI::App& app, ::hearth::cli::Run* run) {
  auto flags = std::make_shared<PullFlags>();
  CLI::App* pull = app.add_subcommand("pull", kDescription);
  pull->footer(kFooter);
  pull->add_option("SOURCE", flags->source,
                   "hf://org/name[@revision] (org/name will do), s3://bucket/prefix, or a folder")
      ->required();
  pull->add_option("-o,--output", flags->output,
                   "a folder (or a file, for one object, or with --pack)")
      ->type_name("PATH");
  pull->add_option("--include", flags->include,
                   "bring the files that match (may be given more than once), not the usual ones")
      ->type_name("GLOB")
      ->allow_extra_args(false);
  auto* pack = pull->add_flag("--pack", flags->pack,
                              "pack what was brought into the file -o, as `hearth pack` does; "
                              "nothing is done when it is up to date");
  AddPackChoices(pull, &flags->choices);
  for (const char* name : {"--dtype", "--pooling", "--normalize", "--no-normalize", "--name"}) {
    pull->get_option(name)->needs(pack);
  }
  AddTransferFlags(pull, flags.get());
  pull->callback([flags, run] { *run = [flags] { return RunPull(*flags); }; });
}

}  // namespace hearth::cli
