// hearth ecs: the pool on Amazon ECS, from the same hearth.toml.
#include <CLI/CLI.hpp>

#include "cli/command.h"
#include "cli/ecs_session.h"

namespace hearth::cli {
namespace {

constexpr const char* kFooter = R"(
What it works from is [ecs] in hearth.toml (docs/ecs.md has every key). Clusters, subnets, security
groups, listeners and roles must exist; the rest is made, tagged, and destroyed by tag.

A first pool:
  hearth ecs init              # writes [ecs] with placeholders
  hearth ecs plan              # what would be made
  hearth ecs apply             # makes it and waits until it is warm)";

}  // namespace

void AddEcsCommand(CLI::App& app, Run* run) {
  CLI::App* ecs =
      app.add_subcommand("ecs", "A warm pool on Amazon ECS: plan, apply, follow, scale, roll back");
  ecs->require_subcommand(1);
  ecs->footer(kFooter);
  AddEcsInit(ecs, run);
  AddEcsRender(ecs, run);
  AddEcsDiff(ecs, run);
  AddEcsPlan(ecs, run);
  AddEcsApply(ecs, run);
  AddEcsWait(ecs, run);
  AddEcsStatus(ecs, run);
  AddEcsScale(ecs, run);
  AddEcsRollback(ecs, run);
  AddEcsDestroy(ecs, run);
  AddEcsExport(ecs, run);
}

}  // namespace hearth::cli
