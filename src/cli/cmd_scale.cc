// hearth scale: floor, spare and max of the pool that runs.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <optional>
#include <string>

#include "cli/admin_client.h"
#include "cli/command.h"
#include "cli/pool_view.h"

namespace hearth::cli {
namespace {

constexpr int kReplicasMax = 10'000;
constexpr const char* kFooter = R"(
What is set here wins over hearth.toml and its schedule, also after a restart of the pool, until
[pool] in hearth.toml changes or --reset gives it up.

Examples:
  hearth scale --floor 4
  hearth scale --spare 2 --max 20
  hearth scale --reset)";

struct ScaleFlags {
  PoolFlags pool;
  std::optional<int> floor, spare, max;
  bool reset = false;
};

std::string BodyOf(const ScaleFlags& flags) {
  std::string body;
  const auto add = [&](const char* name, const std::optional<int>& value) {
    if (!value && !flags.reset) return;
    body += fmt::format(R"({}"{}":{})", body.empty() ? "{" : ",", name,
                        value ? fmt::format("{}", *value) : "null");
  };
  add("floor", flags.floor);
  add("spare", flags.spare);
  add("max", flags.max);
  return body + "}";
}

int RunScale(const ScaleFlags& flags) {
  if (!flags.floor && !flags.spare && !flags.max && !flags.reset) {
    return Report({Code::kUsage, "scale needs --floor, --spare, --max or --reset"});
  }
  const auto client = AdminClient::Find(flags.pool);
  if (!client) return Report(client.error());
  if (Status scaled = client->Post("/v1/scale", BodyOf(flags)); !scaled) {
    return Report(scaled.error());
  }
  const auto answer = client->Get("/v1/status");
  if (!answer) return Report(answer.error());
  const auto view = ReadPoolView(*answer);
  if (!view) return Report(view.error());
  fmt::print("{}\n", NumbersLine(*view));
  return 0;
}

}  // namespace

void AddScaleCommand(CLI::App& app, Run* run) {
  auto flags = std::make_shared<ScaleFlags>();
  CLI::App* scale =
      app.add_subcommand("scale", "Changes floor, spare and max of the pool that runs");
  scale->footer(kFooter);
  AddPoolFlags(scale, &flags->pool);
  scale->add_option("--floor", flags->floor, "never fewer replicas than this")
      ->check(CLI::Range(0, kReplicasMax))
      ->type_name("N");
  scale->add_option("--spare", flags->spare, "ready replicas to keep above those in use")
      ->check(CLI::Range(0, kReplicasMax))
      ->type_name("N");
  scale->add_option("--max", flags->max, "never more replicas than this")
      ->check(CLI::Range(1, kReplicasMax))
      ->type_name("N");
  scale->add_flag("--reset", flags->reset, "hearth.toml's numbers again, but for those given here");
  scale->callback([flags, run] { *run = [flags] { return RunScale(*flags); }; });
}

}  // namespace hearth::cli
