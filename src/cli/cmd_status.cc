// hearth status: what the pool does, and why.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>

#include "cli/admin_client.h"
#include "cli/command.h"
#include "cli/pool_view.h"

namespace hearth::cli {
namespace {

struct StatusFlags {
  PoolFlags pool;
  bool json = false;
};

int RunStatus(const StatusFlags& flags) {
  const auto client = AdminClient::Find(flags.pool);
  if (!client) return Report(client.error());
  const auto answer = client->Get("/v1/status");
  if (!answer) return Report(answer.error());
  if (flags.json) {
    fmt::print("{}\n", *answer);
    return 0;
  }
  const auto view = ReadPoolView(*answer);
  if (!view) return Report(view.error());
  fmt::print("{}", StatusText(*view));
  return 0;
}

}  // namespace

void AddStatusCommand(CLI::App& app, Run* run) {
  auto flags = std::make_shared<StatusFlags>();
  CLI::App* status = app.add_subcommand(
      "status", "Shows the pool: replicas, the three warm numbers and where they come from, why");
  AddPoolFlags(status, &flags->pool);
  status->add_flag("--json", flags->json, "the admin API's answer as it is (docs/admin-api.md)");
  status->callback([flags, run] { *run = [flags] { return RunStatus(*flags); }; });
}

}  // namespace hearth::cli
