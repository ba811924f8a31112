#include "ecs/spec.h"

#include "ecs/spec_parts.h"

namespace hearth::ecs {
namespace {

constexpr SpecPart kParts[] = {FillNames,    FillServer,  FillPull,  FillSize, FillTimes,
                               FillBalancer, FillScaling, FillRoles, FillEnv,  FillExtras};

}  // namespace

std::string PoolTagValue(const EcsSpec& spec) { return spec.cluster + "/" + spec.service; }

Result<EcsSpec> MakeSpec(const config::Config& config) {
  const SpecSource source{config, config.path.empty() ? "hearth.toml" : config.path};
  if (!config.ecs.given) {
    return source.Missing(
        "there is no [ecs]: `hearth ecs init` writes one, docs/ecs.md has an example");
  }
  EcsSpec spec;
  for (const SpecPart part : kParts) {
    if (Status done = part(source, &spec); !done) return Forward(done);
  }
  return spec;
}

}  // namespace hearth::ecs
