// hearth drain: takes one replica out of the pool; another one takes its place.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <string>

#include "base/json_print.h"
#include "cli/admin_client.h"
#include "cli/command.h"
#include "cli/pool_wait.h"

namespace hearth::cli {
namespace {

struct DrainFlags {
  PoolFlags pool;
  WaitFlags wait;
  std::string replica;
};

int RunDrain(const DrainFlags& flags) {
  const auto client = AdminClient::Find(flags.pool);
  if (!client) return Report(client.error());
  std::string body = R"({"replica":)";
  AppendJsonString(flags.replica, &body);
  if (Status asked = client->Post("/v1/drain", body + "}"); !asked) return Report(asked.error());
  if (!flags.wait.wait) {
    fmt::print("{} drains\n", flags.replica);
    return 0;
  }
  const Status ended = WaitFor(*client, flags.wait, fmt::format("{} has not ended", flags.replica),
                               [&](const PoolView& view) -> std::optional<Status> {
                                 const PoolView::Replica* replica = view.Find(flags.replica);
                                 if (replica != nullptr && replica->state != "gone")
                                   return std::nullopt;
                                 return Status();
                               });
  if (!ended) return Report(ended.error());
  fmt::print("{} has ended\n", flags.replica);
  return 0;
}

}  // namespace

void AddDrainCommand(CLI::App& app, Run* run) {
  auto flags = std::make_shared<DrainFlags>();
  CLI::App* drain = app.add_subcommand(
      "drain", "Takes a replica out: it gets no more requests, finishes what it has, is replaced");
  AddPoolFlags(drain, &flags->pool);
  drain->add_option("REPLICA", flags->replica, "its name, as `hearth status` says it: r7")
      ->required();
  AddWaitFlags(drain, "return when it has ended", &flags->wait);
  drain->callback([flags, run] { *run = [flags] { return RunDrain(*flags); }; });
}

}  // namespace hearth::cli
