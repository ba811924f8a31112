// hearth ecs apply: look, plan, show, ask, do, and wait until the pool is warm.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>
#include <optional>
#include <utility>

#include "cli/ecs_session.h"
#include "ecs/apply.h"
#include "ecs/observed.h"
#include "ecs/plan.h"

namespace hearth::cli {
namespace {

constexpr const char* kFooter = R"(
Nothing is made twice: what a run that was cut off has done is found by the next one, which goes on
from there. A deployment that AWS rolls back is exit code 1, with the reason.

Examples:
  hearth ecs apply
  hearth ecs apply --yes --timeout 30m      # in a pipeline
  hearth ecs apply --dry-run                # the exact requests, one a line)";

struct ApplyFlags {
  EcsFlags ecs;
  FollowFlags follow;
  bool no_wait = false;
  bool dry_run = false;
  bool yes = false;
  bool lower_floor = false;
};

void Show(const EcsFlags& flags, const ecs::Plan& plan) {
  if (flags.json) {
    PrintJson(ecs::PlanJson(plan));
  } else {
    fmt::print("{}", ecs::PrintPlan(plan));
  }
  std::fflush(stdout);
}

// What this apply began, or what is under way still from one before; an older end is no news.
Result<int> WaitUntilWarm(const EcsSession& session, const ApplyFlags& flags,
                          const std::optional<ecs::DeploymentState>& before, bool started,
                          const Cancel& cancel) {
  if (!started) {
    auto newest = ecs::NewestDeployment(session.call(), session.spec);
    if (!newest) return Forward(newest);
    if (!*newest || (*newest)->end != ecs::DeploymentEnd::kUnderWay) return 0;
  }
  ecs::FollowOptions options;
  if (started && before) options.begun_after_s = before->created_s;
  auto end = FollowDeployment(session, flags.follow, options, cancel);
  if (!end) return Forward(end);
  fmt::print(stderr, "{} is warm\n", session.spec.service);
  return 0;
}

Result<int> Apply(const ApplyFlags& flags, Cancel& cancel) {
  auto session = OpenEcs(flags.ecs, &cancel);
  if (!session) return Forward(session);
  auto desired = DesiredNow(session->spec);
  if (!desired) return Forward(desired);
  auto observed = ecs::Observe(session->call(), session->spec);
  if (!observed) return Forward(observed);
  const ecs::Plan plan =
      ecs::MakePlan(session->spec, *desired, *observed, {.lower_floor = flags.lower_floor});
  if (flags.dry_run && plan.problems.empty()) {
    fmt::print("{}", ecs::DryRun(plan));
    return 0;
  }
  Show(flags.ecs, plan);
  if (!plan.problems.empty()) {
    return Fail(Code::kUnprocessable, "nothing is done: {}", plan.problems.front());
  }
  // By AWS's clock: what comes after it is ours.
  std::optional<ecs::DeploymentState> before;
  bool started = false;
  if (!plan.actions.empty()) {
    if (Status asked = Confirm(flags.yes, "Do this?"); !asked) return Forward(asked);
    auto newest = ecs::NewestDeployment(session->call(), session->spec);
    if (!newest) return Forward(newest);
    before = *std::move(newest);
    auto outcome = ecs::Apply(session->call(), plan, *observed, cancel, StepLines(plan));
    if (!outcome) return Forward(outcome);
    started = outcome->deployment_started;
  }
  if (flags.no_wait) return 0;
  return WaitUntilWarm(*session, flags, before, started, cancel);
}

}  // namespace

void AddEcsApply(CLI::App* ecs, Run* run) {
  auto flags = std::make_shared<ApplyFlags>();
  CLI::App* command =
      ecs->add_subcommand("apply", "Makes AWS as the file says, and waits until the pool is warm");
  command->footer(kFooter);
  AddEcsFlags(command, &flags->ecs);
  AddJsonFlag(command, "the plan as one JSON document", &flags->ecs);
  command->add_flag("--yes", flags->yes, "do not ask");
  auto* dry = command->add_flag("--dry-run", flags->dry_run,
                                "print the exact requests, one JSON object a line; send none");
  command->add_flag("--no-wait", flags->no_wait, "return when the requests are made")
      ->excludes(dry);
  command->add_flag("--lower-floor", flags->lower_floor,
                    "also lower a MinCapacity that someone raised above the file's floor");
  AddFollowFlags(command, &flags->follow);
  command->callback([flags, run] {
    *run = [flags] { return RunEcs([&](Cancel& cancel) { return Apply(*flags, cancel); }); };
  });
}

}  // namespace hearth::cli
