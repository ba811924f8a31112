// hearth ecs export: the same pool as a template for other tools.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <utility>

#include "cli/ecs_session.h"
#include "ecs/export.h"

namespace hearth::cli {
namespace {

using ExportFunction = Result<std::string> (*)(const ecs::EcsSpec& spec,
                                               const ecs::Desired& desired);

Result<int> Export(const EcsFlags& flags, ExportFunction write, Cancel& cancel) {
  auto session = OpenEcs(flags, &cancel);
  if (!session) return Forward(session);
  auto desired = DesiredNow(session->spec);
  if (!desired) return Forward(desired);
  auto text = write(session->spec, *desired);
  if (!text) return Forward(text);
  fmt::print("{}", *text);
  return 0;
}

void AddForm(CLI::App* parent, Run* run, const char* name, const char* description,
             ExportFunction write) {
  auto flags = std::make_shared<EcsFlags>();
  CLI::App* command = parent->add_subcommand(name, description);
  AddEcsFlags(command, flags.get());
  command->callback([flags, run, write] {
    *run = [flags, write] {
      return RunEcs([&](Cancel& cancel) { return Export(*flags, write, cancel); });
    };
  });
}

}  // namespace

void AddEcsExport(CLI::App* ecs, Run* run) {
  CLI::App* command =
      ecs->add_subcommand("export", "Prints the pool as a template for other tools");
  command->require_subcommand(1);
  AddForm(command, run, "cloudformation", "A CloudFormation template, JSON",
          ecs::ExportCloudFormation);
  AddForm(command, run, "terraform", "Terraform, HCL", ecs::ExportTerraform);
}

}  // namespace hearth::cli
