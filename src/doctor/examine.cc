#include <algorithm>

#include "doctor/check.h"

namespace hearth::doctor {

Verdicts Examine(const Facts& facts, std::span<const Group> groups) {
  Verdicts verdicts;
  for (const Check& check : Checks()) {
    if (!groups.empty() && std::find(groups.begin(), groups.end(), check.group) == groups.end()) {
      continue;
    }
    Verdicts::Of of{&check, check.run(facts)};
    for (const Finding& finding : of.findings) {
      verdicts.any_ng = verdicts.any_ng || finding.verdict == Verdict::kNg;
    }
    verdicts.checks.push_back(std::move(of));
  }
  return verdicts;
}

}  // namespace hearth::doctor
