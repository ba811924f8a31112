// hearth down: ends the pool that runs here, replicas and all.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>

#include "cli/admin_client.h"
#include "cli/command.h"
#include "cli/pool_wait.h"

namespace hearth::cli {
namespace {

struct DownFlags {
  PoolFlags pool;
  WaitFlags wait;
};

int RunDown(const DownFlags& flags) {
  const auto client = AdminClient::Find(flags.pool);
  if (!client) return Report(client.error());
  if (Status asked = client->Post("/v1/down", ""); !asked) return Report(asked.error());
  if (flags.wait.wait) {
    if (Status gone = WaitUntilGone(*client, flags.wait); !gone) return Report(gone.error());
  }
  fmt::print("{}\n", flags.wait.wait ? "the pool has ended" : "the pool goes down");
  return 0;
}

}  // namespace

void AddDownCommand(CLI::App& app, Run* run) {
  auto flags = std::make_shared<DownFlags>();
  CLI::App* down = app.add_subcommand(
      "down", "Ends the pool: what is under way is answered, then the replicas end");
  AddPoolFlags(down, &flags->pool);
  AddWaitFlags(down, "return when everything has ended", &flags->wait);
  down->callback([flags, run] { *run = [flags] { return RunDown(*flags); }; });
}

}  // namespace hearth::cli
