// The file itself: read, and fit for ECS where it has an [ecs].
#include "doctor/checks.h"
#include "doctor/finding.h"

namespace hearth::doctor {

std::vector<Finding> CheckFile(const Facts& facts) {
  if (!facts.file_problem.empty()) {
    return {Ng("hearth.toml is refused", {facts.file_problem},
               "change what the line above names; docs/config.md has every key with its range")};
  }
  if (!facts.file) return {Skip("hearth.toml was not read")};
  const config::Config& config = facts.file->config;
  const std::string name = config.path.empty() ? "no hearth.toml: all defaults" : config.path;
  if (!facts.file->spec_problem.empty()) {
    return {Ng("[ecs] cannot be made on AWS as it stands", {facts.file->spec_problem},
               "change what the line above names, then `hearth ecs render` shows the result")};
  }
  if (!config.ecs.given) return {Ok(name, {"no [ecs]: the pool runs on this machine only"})};
  return {Ok(name)};
}

}  // namespace hearth::doctor
