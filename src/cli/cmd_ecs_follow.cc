// hearth ecs wait, status, rollback: how the pool does, how its deployment ends, and back.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdio>
#include <memory>
#include <string>
#include <utility>

#include "cli/ecs_session.h"
#include "ecs/rollback.h"
#include "ecs/service_status.h"

namespace hearth::cli {
namespace {

struct RollbackFlags {
  EcsFlags ecs;
  FollowFlags follow;
  bool no_wait = false;
  bool yes = false;
};

struct WaitEcsFlags {
  EcsFlags ecs;
  FollowFlags follow;
};

Result<int> Wait(const WaitEcsFlags& flags, Cancel& cancel) {
  auto session = OpenEcs(flags.ecs, &cancel);
  if (!session) return Forward(session);
  auto end = FollowDeployment(*session, flags.follow, {}, cancel);
  if (!end) return Forward(end);
  fmt::print(stderr, "{} is warm\n", session->spec.service);
  if (flags.ecs.json) PrintJson(ecs::DeploymentJson(*end));
  return 0;
}

Result<int> ShowStatus(const EcsFlags& flags, Cancel& cancel) {
  auto session = OpenEcs(flags, &cancel);
  if (!session) return Forward(session);
  auto status = ecs::ReadStatus(session->call(), session->spec, std::chrono::system_clock::now());
  if (!status) return Forward(status);
  if (flags.json) {
    PrintJson(ecs::StatusJson(*status, NowSeconds()));
  } else {
    fmt::print("{}", ecs::StatusText(*status, NowSeconds()));
  }
  return 0;
}

// With --json stdout is for the document alone.
void Say(const EcsFlags& flags, const std::string& line) {
  fmt::print(flags.json ? stderr : stdout, "{}\n", line);
  std::fflush(stdout);
}

Result<int> Rollback(const RollbackFlags& flags, Cancel& cancel) {
  auto session = OpenEcs(flags.ecs, &cancel);
  if (!session) return Forward(session);
  const aws::CallService call = session->call();
  auto plan = ecs::ChooseRollback(call, session->spec);
  if (!plan) return Forward(plan);
  Say(flags.ecs, plan->words);
  ecs::FollowOptions options;
  options.wanted = plan->wanted;
  if (plan->request) {
    if (Status asked = Confirm(flags.yes, "Do this?"); !asked) return Forward(asked);
    if (plan->wanted == ecs::DeploymentEnd::kDone) {
      auto newest = ecs::NewestDeployment(call, session->spec);
      if (!newest) return Forward(newest);
      if (*newest) options.begun_after_s = (*newest)->created_s;
    }
    auto answer = call(*plan->request);
    if (!answer) return tl::unexpected(std::move(answer.error().error));
  }
  Say(flags.ecs, "hearth.toml is as it was: the next `hearth ecs apply` brings its version again");
  if (flags.no_wait) return 0;
  auto end = FollowDeployment(*session, flags.follow, options, cancel);
  if (!end) return Forward(end);
  fmt::print(stderr, "{} is warm again\n", session->spec.service);
  if (flags.ecs.json) PrintJson(ecs::DeploymentJson(*end));
  return 0;
}

}  // namespace

void AddEcsWait(CLI::App* ecs, Run* run) {
  auto flags = std::make_shared<WaitEcsFlags>();
  CLI::App* command = ecs->add_subcommand(
      "wait", "Waits until the newest deployment has ended and all wanted tasks are ready");
  AddEcsFlags(command, &flags->ecs);
  AddJsonFlag(command, "how the deployment ended, as one JSON document", &flags->ecs);
  AddFollowFlags(command, &flags->follow);
  command->callback([flags, run] {
    *run = [flags] { return RunEcs([&](Cancel& cancel) { return Wait(*flags, cancel); }); };
  });
}

void AddEcsStatus(CLI::App* ecs, Run* run) {
  auto flags = std::make_shared<EcsFlags>();
  CLI::App* command = ecs->add_subcommand(
      "status", "Shows tasks, the numbers in force and where they come from, targets, events");
  AddEcsFlags(command, flags.get());
  AddJsonFlag(command, "as one JSON document", flags.get());
  command->callback([flags, run] {
    *run = [flags] { return RunEcs([&](Cancel& cancel) { return ShowStatus(*flags, cancel); }); };
  });
}

void AddEcsRollback(CLI::App* ecs, Run* run) {
  auto flags = std::make_shared<RollbackFlags>();
  CLI::App* command = ecs->add_subcommand(
      "rollback", "Stops the deployment under way, or goes back to the revision before");
  AddEcsFlags(command, &flags->ecs);
  AddJsonFlag(command, "how the deployment ended, as one JSON document", &flags->ecs);
  AddFollowFlags(command, &flags->follow);
  command->add_flag("--yes", flags->yes, "do not ask");
  command->add_flag("--no-wait", flags->no_wait, "return when the request is made");
  command->callback([flags, run] {
    *run = [flags] { return RunEcs([&](Cancel& cancel) { return Rollback(*flags, cancel); }); };
  });
}

}  // namespace hearth::cli
