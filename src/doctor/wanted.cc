#include "doctor/wanted.h"

#include <fmt/format.h>

#include "doctor/setup.h"

namespace hearth::doctor {

std::optional<WantedPool> WantedOf(const Facts& facts) {
  if (!facts.file || !facts.file->config.ecs.given) return std::nullopt;
  const config::Config& config = facts.file->config;
  WantedPool wanted{config.pool.floor, fmt::format("[pool] floor = {}", config.pool.floor)};
  const ecs::Resource* target =
      facts.file->desired ? facts.file->desired->Find(ecs::Kind::kScalableTarget) : nullptr;
  if (target != nullptr) {
    const auto min = WholeOf(target->input, "MinCapacity");
    if (min && *min != wanted.tasks) {
      wanted = {*min, fmt::format("the schedule's floor is {} now", *min)};
    }
  }
  if (config.ecs.desired > wanted.tasks) {
    wanted = {config.ecs.desired, fmt::format("[ecs] desired = {}", config.ecs.desired)};
  }
  return wanted;
}

}  // namespace hearth::doctor
