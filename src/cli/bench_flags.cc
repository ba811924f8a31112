#include "cli/bench_flags.h"

#include <fmt/format.h>

#include <cmath>
#include <cstdio>
#include <span>
#include <utility>

#include "base/atomic_file.h"

namespace hearth::cli {
namespace {

constexpr const char* kTargetHelp = R"(
A TARGET is a command that starts a server, with {port} where its port goes, or the URL of one that runs:
  hearth bench start "build/release/hearth serve --model m.hearth --port {port}"
  hearth bench load http://127.0.0.1:8000
Several targets take turns in one run, and ratios are to the first. LABEL= names one in the tables; LABEL:FORM=
also says how it wants to be asked: seed ({"text": …}), tei ({"inputs": […]}) or openai:
  hearth bench load "hearth=hearth serve --model m.hearth --port {port}" "llama:openai=llama-server … --port {port}"
A command is run without a shell: quotes group words, variables and pipes do not work.
Figures of a busy machine are no figures: `foreign` says how many cores others used meanwhile ("!" from 0.15 on).)";

}  // namespace

std::chrono::milliseconds Milliseconds(double seconds) {
  return std::chrono::milliseconds(std::llround(seconds * 1000));
}

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

}  // namespace hearth::cli
