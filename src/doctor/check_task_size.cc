// Fargate has only some pairs of cpu and memory: any other is refused when the task definition is
// registered. Looks at: cpu and memory of the task definition.
#include <fmt/format.h>

#include "aws/document.h"
#include "doctor/checks.h"
#include "doctor/finding.h"
#include "doctor/memory_need.h"
#include "doctor/setup.h"

namespace hearth::doctor {
namespace {

constexpr double kMibMax = 1e6;

Finding Judge(const Setup& setup, const Facts&) {
  const double cpu = aws::NumberOf(setup.task_definition, "cpu").value_or(0);
  const double mib = aws::NumberOf(setup.task_definition, "memory").value_or(0);
  if (!(cpu > 0 && cpu < kMibMax && mib > 0 && mib < kMibMax)) {
    return Ng(fmt::format("{}: the task has no size", setup.where),
              {fmt::format("cpu \"{}\", memory \"{}\": Fargate needs both",
                           aws::TextOf(setup.task_definition, "cpu"),
                           aws::TextOf(setup.task_definition, "memory"))},
              SetKey("replica", "memory", "\"2GiB\"") + ", with `cpu = 1`");
  }
  const int units = static_cast<int>(cpu);
  const auto nearest = SmallestTask(units, static_cast<int64_t>(mib) * (1 << 20));
  const std::string pair = fmt::format("cpu {} and memory {} MiB", units, mib);
  if (nearest && nearest->cpu_units == units && nearest->memory_mib == static_cast<int>(mib)) {
    return Ok(fmt::format("{}: {}", setup.where, pair));
  }
  if (!nearest) {
    return Ng(fmt::format("{}: Fargate has no task of {}", setup.where, pair),
              {"its largest has 16384 units and 122880 MiB"}, SetKey("replica", "memory", "…"));
  }
  return Ng(fmt::format("{}: Fargate has no pair of {}", setup.where, pair),
            {fmt::format("the nearest that holds it: cpu {} and memory {} MiB", nearest->cpu_units,
                         nearest->memory_mib)},
            FixMemory(*nearest, units));
}

}  // namespace

std::vector<Finding> CheckTaskSize(const Facts& facts) { return ForEachSetup(facts, Judge); }

}  // namespace hearth::doctor
