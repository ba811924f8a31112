// What must exist before: cluster, subnets, security groups, listener, roles. Looks at: what
// Observe asked for by name.
#include <fmt/format.h>

#include "doctor/checks.h"
#include "doctor/finding.h"
#include "doctor/setup.h"

namespace hearth::doctor {

std::vector<Finding> CheckInputs(const Facts& facts) {
  if (!facts.live) return {Skip(WhyNotLive(facts))};
  std::vector<Finding> findings;
  std::vector<std::string> there;
  for (const ecs::InputCheck& input : facts.live->observed.inputs) {
    const std::string name = fmt::format("{} {}", input.what, input.name);
    if (input.not_checked) {
      findings.push_back(Skip(fmt::format("{}: {}", name, OneLine(input.remedy))));
    } else if (input.remedy.empty()) {
      there.push_back(name);
    } else {
      findings.push_back(Ng(fmt::format("{} is not there", name), {}, OneLine(input.remedy)));
    }
  }
  if (!there.empty()) {
    findings.push_back(
        Ok(fmt::format("{} there", Count(static_cast<int64_t>(there.size()), "input")),
           {fmt::format("{}", fmt::join(there, ", "))}));
  }
  if (findings.empty()) findings.push_back(Skip("no inputs were looked up"));
  return findings;
}

}  // namespace hearth::doctor
