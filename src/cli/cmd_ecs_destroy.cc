// hearth ecs destroy: what carries this pool's tag goes, and nothing else.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>
#include <utility>

#include "cli/ecs_session.h"
#include "ecs/apply.h"
#include "ecs/observed.h"
#include "ecs/plan.h"

namespace hearth::cli {
namespace {

struct DestroyFlags {
  EcsFlags ecs;
  bool yes = false;
  bool dry_run = false;
};

Result<int> Destroy(const DestroyFlags& flags, Cancel& cancel) {
  auto session = OpenEcs(flags.ecs, &cancel);
  if (!session) return Forward(session);
  auto observed = ecs::Observe(session->call(), session->spec, {.all_revisions = true});
  if (!observed) return Forward(observed);
  const ecs::Plan plan = ecs::MakeDestroyPlan(session->spec, *observed);
  if (flags.dry_run) {
    fmt::print("{}", ecs::DryRun(plan));
    return 0;
  }
  if (flags.ecs.json) {
    PrintJson(ecs::PlanJson(plan));
  } else {
    fmt::print("{}", ecs::PrintPlan(plan));
  }
  std::fflush(stdout);
  if (plan.actions.empty()) return 0;
  if (Status asked =
          Confirm(flags.yes, fmt::format("Destroy all of this in {}?", session->client->region()));
      !asked) {
    return Forward(asked);
  }
  auto outcome = ecs::Apply(session->call(), plan, *observed, cancel, StepLines(plan));
  if (!outcome) return Forward(outcome);
  fmt::print(stderr, "all of this is gone\n");
  return 0;
}

}  // namespace

void AddEcsDestroy(CLI::App* ecs, Run* run) {
  auto flags = std::make_shared<DestroyFlags>();
  CLI::App* command = ecs->add_subcommand(
      "destroy", "Takes away what carries this pool's tag, names the rest, and waits until gone");
  AddEcsFlags(command, &flags->ecs);
  AddJsonFlag(command, "the plan as one JSON document", &flags->ecs);
  command->add_flag("--yes", flags->yes, "do not ask");
  command->add_flag("--dry-run", flags->dry_run,
                    "print the exact requests, one JSON object a line; send none");
  command->callback([flags, run] {
    *run = [flags] { return RunEcs([&](Cancel& cancel) { return Destroy(*flags, cancel); }); };
  });
}

}  // namespace hearth::cli
