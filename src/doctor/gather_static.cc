#include "doctor/gather_static.h"

#include <utility>

namespace hearth::doctor {

StaticFacts GatherStatic(config::Config config, std::chrono::system_clock::time_point now) {
  StaticFacts facts;
  facts.config = std::move(config);
  if (!facts.config.ecs.given) return facts;
  auto spec = ecs::MakeSpec(facts.config);
  if (!spec) {
    facts.spec_problem = spec.error().message;
    return facts;
  }
  facts.spec = *std::move(spec);
  auto desired = ecs::MakeDesired(*facts.spec, now);
  if (desired) {
    facts.desired = *std::move(desired);
  } else {
    facts.spec_problem = desired.error().message;
  }
  return facts;
}

}  // namespace hearth::doctor
