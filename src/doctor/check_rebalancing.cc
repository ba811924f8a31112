// availabilityZoneRebalancing is ENABLED for a service that was created without saying so: ECS then
// starts and stops tasks to even out zones, warm ones too. Looks at: the service.
#include <fmt/format.h>

#include "aws/document.h"
#include "doctor/checks.h"
#include "doctor/finding.h"
#include "doctor/setup.h"

namespace hearth::doctor {
namespace {

Finding Judge(const Setup& setup, const Facts& facts) {
  if (setup.service.empty()) return Skip(fmt::format("{}: no service", setup.where));
  const std::string_view said = aws::TextOf(setup.service, "availabilityZoneRebalancing");
  const bool enabled = said == "ENABLED" || (!setup.live && said.empty());
  const bool asked = facts.file && facts.file->config.ecs.rebalancing;
  if (!enabled) return Ok(fmt::format("{}: zones are not rebalanced", setup.where));
  if (asked) return Ok(fmt::format("{}: zones are rebalanced, as [ecs] asks", setup.where));
  return Ng(
      fmt::format("{}: availabilityZoneRebalancing is ENABLED", setup.where),
      {"the default of CreateService: ECS stops warm tasks to even out zones, and starts cold "
       "ones"},
      "set `[ecs] rebalancing = false` in hearth.toml (its default), then run `hearth ecs "
      "apply`; `rebalancing = true` says that it is wanted");
}

}  // namespace

std::vector<Finding> CheckRebalancing(const Facts& facts) { return ForEachSetup(facts, Judge); }

}  // namespace hearth::doctor
