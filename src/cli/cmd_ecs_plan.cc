// hearth ecs render, diff, plan: what ought to be, what differs, what would be done. They only
// read.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <utility>

#include "cli/ecs_session.h"
#include "ecs/observed.h"
#include "ecs/plan.h"

namespace hearth::cli {
namespace {

constexpr int kDiffers = 2;

struct PlanFlags {
  EcsFlags ecs;
  bool lower_floor = false;
};

Result<int> Render(const EcsFlags& flags, Cancel& cancel) {
  auto session = OpenEcs(flags, &cancel);
  if (!session) return Forward(session);
  auto desired = DesiredNow(session->spec);
  if (!desired) return Forward(desired);
  PrintJson(ecs::Render(*desired));
  return 0;
}

Result<ecs::Plan> PlanNow(const PlanFlags& flags, Cancel& cancel) {
  auto session = OpenEcs(flags.ecs, &cancel);
  if (!session) return Forward(session);
  auto desired = DesiredNow(session->spec);
  if (!desired) return Forward(desired);
  auto observed = ecs::Observe(session->call(), session->spec);
  if (!observed) return Forward(observed);
  return ecs::MakePlan(session->spec, *desired, *observed, {.lower_floor = flags.lower_floor});
}

Result<int> ShowPlan(const PlanFlags& flags, bool diff, Cancel& cancel) {
  auto plan = PlanNow(flags, cancel);
  if (!plan) return Forward(plan);
  if (flags.ecs.json) {
    PrintJson(ecs::PlanJson(*plan));
  } else {
    fmt::print("{}", ecs::PrintPlan(*plan));
  }
  // What stands in the way is an error of both; `diff` tells a difference by its exit code.
  if (!plan->problems.empty()) return 1;
  return diff && !plan->actions.empty() ? kDiffers : 0;
}

void AddPlanLike(CLI::App* ecs, Run* run, const char* name, const char* description, bool diff) {
  auto flags = std::make_shared<PlanFlags>();
  CLI::App* command = ecs->add_subcommand(name, description);
  AddEcsFlags(command, &flags->ecs);
  AddJsonFlag(command, "as one JSON document, with the requests", &flags->ecs);
  command->add_flag("--lower-floor", flags->lower_floor,
                    "also lower a MinCapacity that someone raised above the file's floor");
  command->callback([flags, run, diff] {
    *run = [flags, diff] {
      return RunEcs([&](Cancel& cancel) { return ShowPlan(*flags, diff, cancel); });
    };
  });
}

}  // namespace

void AddEcsRender(CLI::App* ecs, Run* run) {
  auto flags = std::make_shared<EcsFlags>();
  CLI::App* command = ecs->add_subcommand(
      "render", "Prints everything that ought to exist, in the API's shape, as JSON");
  AddEcsFlags(command, flags.get());
  AddJsonFlag(command, "what it prints anyway", flags.get());
  command->callback([flags, run] {
    *run = [flags] { return RunEcs([&](Cancel& cancel) { return Render(*flags, cancel); }); };
  });
}

void AddEcsDiff(CLI::App* ecs, Run* run) {
  AddPlanLike(ecs, run, "diff",
              "Shows what differs between file and AWS; exit code 0 nothing, 2 something, 1 error",
              true);
}

void AddEcsPlan(CLI::App* ecs, Run* run) {
  AddPlanLike(ecs, run, "plan", "Shows what `apply` would do, in order, and why", false);
}

}  // namespace hearth::cli
