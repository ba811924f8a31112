// Scale-in protection: with as many protected tasks as are desired, nothing can be scaled in and a
// deployment is blocked (DEPLOYMENT_BLOCKED). Looks at: GetTaskProtection of the running tasks.
#include <fmt/format.h>

#include "aws/document.h"
#include "doctor/checks.h"
#include "doctor/finding.h"
#include "doctor/setup.h"

namespace hearth::doctor {

std::vector<Finding> CheckProtection(const Facts& facts) {
  if (!facts.live) return {Skip(WhyNotLive(facts))};
  const std::string not_seen = WhyNotSeen(facts, "task protection");
  if (!not_seen.empty()) return {Skip(not_seen)};
  const boost::json::object& service = LiveService(facts);
  if (service.empty()) return {Skip("the service is not on AWS")};
  int protected_tasks = 0;
  for (const boost::json::value& item : facts.live->protected_tasks) {
    if (aws::BoolOf(aws::AsObject(item), "protectionEnabled").value_or(false)) ++protected_tasks;
  }
  const int desired = WholeOf(service, "desiredCount").value_or(0);
  const std::string counts = fmt::format("{} protected, {} desired", protected_tasks, desired);
  if (protected_tasks == 0 || protected_tasks < desired) return {Ok(counts)};
  return {
      Ng(fmt::format("{}: nothing can be scaled in, a deployment is blocked", counts),
         {"a protected task is spared by scaling and by deployments until its protection ends"},
         fmt::format("`hearth ecs scale --floor {}`, or end the protection of idle tasks: `aws ecs "
                     "update-task-protection --no-protection-enabled`",
                     protected_tasks + 1))};
}

}  // namespace hearth::doctor
