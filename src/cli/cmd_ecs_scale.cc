// hearth ecs scale: floor, spare and max on AWS, at once.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <utility>

#include "cli/ecs_session.h"
#include "ecs/scale.h"

namespace hearth::cli {
namespace {

constexpr int kTasksMax = 1'000;
constexpr const char* kFooter = R"(
Kept on AWS alone: hearth.toml should follow, or the next apply goes by the file.

Examples:
  hearth ecs scale --floor 6
  hearth ecs scale --spare 2 --max 20)";

struct ScaleEcsFlags {
  EcsFlags ecs;
  ecs::ScaleWish wish;
};

Result<int> Scale(const ScaleEcsFlags& flags, Cancel& cancel) {
  if (!flags.wish.floor && !flags.wish.spare && !flags.wish.max) {
    return Fail(Code::kUsage, "scale needs --floor, --spare or --max");
  }
  auto session = OpenEcs(flags.ecs, &cancel);
  if (!session) return Forward(session);
  const aws::CallService call = session->call();
  auto now = ecs::ReadScaleNow(call, session->spec);
  if (!now) return Forward(now);
  auto plan = ecs::PlanScale(session->spec, flags.wish, *now);
  if (!plan) return Forward(plan);
  for (const aws::ServiceRequest& request : plan->requests) {
    auto answer = call(request);
    if (!answer) return tl::unexpected(std::move(answer.error().error));
    if (!flags.ecs.json) fmt::print("done: {}\n", request.action);
  }
  if (flags.ecs.json) {
    PrintJson(ecs::ScaleJson(*plan));
    return 0;
  }
  for (const std::string& note : plan->notes) fmt::print("note: {}\n", note);
  return 0;
}

}  // namespace

void AddEcsScale(CLI::App* ecs, Run* run) {
  auto flags = std::make_shared<ScaleEcsFlags>();
  CLI::App* command =
      ecs->add_subcommand("scale", "Changes floor, spare and max of the service, at once");
  command->footer(kFooter);
  AddEcsFlags(command, &flags->ecs);
  AddJsonFlag(command, "requests and notes as one JSON document", &flags->ecs);
  command->add_option("--floor", flags->wish.floor, "never fewer tasks (MinCapacity)")
      ->check(CLI::Range(0, kTasksMax))
      ->type_name("N");
  command->add_option("--spare", flags->wish.spare, "ready tasks to keep above those in use")
      ->check(CLI::Range(0, kTasksMax))
      ->type_name("N");
  command->add_option("--max", flags->wish.max, "never more tasks (MaxCapacity)")
      ->check(CLI::Range(1, kTasksMax))
      ->type_name("N");
  command->callback([flags, run] {
    *run = [flags] { return RunEcs([&](Cancel& cancel) { return Scale(*flags, cancel); }); };
  });
}

}  // namespace hearth::cli
