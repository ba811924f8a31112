// MinCapacity is the floor: scaling goes down to it, whatever desiredCount was at creation. And the
// floor holds for scaling only: someone may have set desiredCount below it. Looks at: the scalable
// target, the service.
#include <fmt/format.h>

#include "aws/document.h"
#include "doctor/checks.h"
#include "doctor/finding.h"
#include "doctor/setup.h"
#include "doctor/wanted.h"

namespace hearth::doctor {
namespace {

Finding JudgeNoTarget(const Setup& setup, const Facts& facts) {
  const std::string not_seen = setup.live ? WhyNotSeen(facts, "scalable target") : "";
  if (!not_seen.empty()) return Skip(not_seen);
  return Ng(fmt::format("{}: there is no scalable target", setup.where),
            {"nothing keeps the pool at its floor, nothing scales it"},
            "run `hearth ecs apply`: it registers one");
}

Finding Judge(const Setup& setup, const Facts& facts) {
  if (setup.service.empty()) return Skip(fmt::format("{}: no service", setup.where));
  const auto min = WholeOf(setup.scalable_target, "MinCapacity");
  if (!min) return JudgeNoTarget(setup, facts);
  const auto wanted = WantedOf(facts);
  if (wanted && *min < wanted->tasks) {
    return Ng(
        fmt::format("{}: MinCapacity is {}, the wanted pool size is {}", setup.where, *min,
                    wanted->tasks),
        {wanted->from, fmt::format("scaling in may take the pool down to {}", *min)},
        setup.live && facts.file->config.pool.floor >= wanted->tasks
            ? fmt::format("run `hearth ecs apply`, or `hearth ecs scale --floor {}`", wanted->tasks)
            : SetKey("pool", "floor", fmt::format("{}", wanted->tasks)));
  }
  const auto desired = WholeOf(setup.service, "desiredCount");
  if (setup.live && desired && *desired < *min) {
    return Ng(
        fmt::format("{}: desiredCount is {}, below MinCapacity {}", setup.where, *desired, *min),
        {"UpdateService is not held by the scalable target: someone set it by hand"},
        fmt::format("run `hearth ecs scale --floor {}`: registering the floor again lifts "
                    "desiredCount to it",
                    *min));
  }
  return Ok(fmt::format("{}: MinCapacity is {}", setup.where, *min));
}

}  // namespace

std::vector<Finding> CheckFloor(const Facts& facts) { return ForEachSetup(facts, Judge); }

}  // namespace hearth::doctor
