// Deployments: the newest one's end, by DescribeServiceDeployments, and how many are active (five
// are the most: the next UpdateService is refused).
#include <fmt/format.h>

#include "aws/document.h"
#include "doctor/checks.h"
#include "doctor/finding.h"
#include "doctor/setup.h"

namespace hearth::doctor {
namespace {

namespace json = boost::json;

constexpr int kActiveMax = 5;

const json::object* Newest(const json::array& deployments) {
  const json::object* newest = nullptr;
  double at = -1;
  for (const json::value& item : deployments) {
    const json::object& deployment = aws::AsObject(item);
    const double created = aws::NumberOf(deployment, "createdAt").value_or(0);
    if (created <= at) continue;
    newest = &deployment;
    at = created;
  }
  return newest;
}

Finding JudgeNewest(const json::object& deployment) {
  const std::string_view status = aws::TextOf(deployment, "status");
  std::vector<std::string> evidence;
  const auto add = [&](std::string_view what, std::string_view words) {
    if (!words.empty()) evidence.push_back(fmt::format("{}: {}", what, OneLine(words)));
  };
  add("reason", aws::TextOf(deployment, "statusReason"));
  add("rollback", aws::TextOf(aws::ObjectOf(deployment, "rollback"), "reason"));
  const json::object& breaker = aws::ObjectOf(deployment, "deploymentCircuitBreaker");
  if (const auto failures = WholeOf(breaker, "failureCount"); failures && *failures > 0) {
    evidence.push_back(fmt::format("circuit breaker: {} failed tasks, it trips at {}", *failures,
                                   WholeOf(breaker, "threshold").value_or(0)));
  }
  const bool bad = status.starts_with("ROLLBACK") || status.starts_with("STOP");
  if (!bad) return Ok(fmt::format("the newest is {}", status), std::move(evidence));
  return Ng(fmt::format("the newest deployment is {}", status), std::move(evidence),
            "mend what ended its tasks (the checks above), then run `hearth ecs apply`; until then "
            "the service runs the revision before");
}

}  // namespace

std::vector<Finding> CheckDeployments(const Facts& facts) {
  if (!facts.live) return {Skip(WhyNotLive(facts))};
  std::vector<Finding> findings;
  int active = 0;
  std::vector<std::string> revisions;
  for (const json::value& item : aws::ListOf(LiveService(facts), "deployments")) {
    const std::string_view status = aws::TextOf(aws::AsObject(item), "status");
    if (status != "ACTIVE" && status != "PRIMARY") continue;
    ++active;
    revisions.push_back(fmt::format("{} {}: {} running", status,
                                    aws::TextOf(aws::AsObject(item), "taskDefinition"),
                                    WholeOf(aws::AsObject(item), "runningCount").value_or(0)));
  }
  if (active >= kActiveMax) {
    findings.push_back(Ng(
        fmt::format("{} deployments are active: the next one is refused", active), revisions,
        "wait until old tasks have ended; where they are protected from scale-in, end that: `aws "
        "ecs update-task-protection --no-protection-enabled`"));
  }
  const json::object* newest = Newest(facts.live->deployments);
  const std::string not_seen = WhyNotSeen(facts, "deployments");
  if (newest != nullptr) {
    findings.push_back(JudgeNewest(*newest));
  } else if (findings.empty()) {
    findings.push_back(Skip(not_seen.empty() ? "no deployment is on record" : not_seen));
  }
  return findings;
}

}  // namespace hearth::doctor
