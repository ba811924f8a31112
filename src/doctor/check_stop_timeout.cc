// stopTimeout is the end of draining (Fargate: at most 120 s). A deregistration delay that is
// longer lets the load balancer wait for answers of a task that is dead by then.
#include <fmt/format.h>

#include "aws/document.h"
#include "doctor/checks.h"
#include "doctor/finding.h"
#include "doctor/setup.h"

namespace hearth::doctor {
namespace {

constexpr double kMost = 120;
constexpr double kDelayDefault = 300;
constexpr std::string_view kDelay = "deregistration_delay.timeout_seconds";

Finding Judge(const Setup& setup, const Facts&) {
  const double stop = setup.StopTimeout();
  if (stop > kMost) {
    return Ng(fmt::format("{}: stopTimeout is {} s, Fargate takes at most 120", setup.where, stop),
              {"RegisterTaskDefinition refuses it"}, SetKey("ecs", "stop_timeout", "\"120s\""));
  }
  const std::string fine = fmt::format("{}: stopTimeout {} s", setup.where, stop);
  if (!setup.HasBalancer() || (setup.live && setup.attributes.empty())) return Ok(fine);
  double delay = kDelayDefault;
  for (const boost::json::value& item : setup.attributes) {
    if (aws::TextOf(aws::AsObject(item), "Key") != kDelay) continue;
    delay = aws::NumberOf(aws::AsObject(item), "Value").value_or(delay);
  }
  if (delay <= stop) return Ok(fmt::format("{}, deregistration delay {} s", fine, delay));
  return Ng(fmt::format("{}: the deregistration delay of {} s is longer than stopTimeout {} s",
                        setup.where, delay, stop),
            {"a task is killed at stopTimeout, whatever it still answers",
             "300 s is AWS's default of a new target group"},
            SetKey("ecs", "deregistration_delay", fmt::format("\"{}s\"", stop)));
}

}  // namespace

std::vector<Finding> CheckStopTimeout(const Facts& facts) { return ForEachSetup(facts, Judge); }

}  // namespace hearth::doctor
