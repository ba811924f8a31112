#include "ecs/deployment.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "aws/document.h"

namespace hearth::ecs {
namespace {

using boost::json::object;

int IntOf(const object& in, std::string_view name) {
  return static_cast<int>(aws::NumberOf(in, name).value_or(0));
}

std::string StringOf(const object& in, std::string_view name) {
  return std::string(aws::TextOf(in, name));
}

DeploymentEnd EndOf(std::string_view status) {
  if (status == "SUCCESSFUL") return DeploymentEnd::kDone;
  if (status == "ROLLBACK_SUCCESSFUL") return DeploymentEnd::kRolledBack;
  if (status == "ROLLBACK_FAILED") return DeploymentEnd::kFailed;
  if (status == "STOPPED") return DeploymentEnd::kStopped;
  return DeploymentEnd::kUnderWay;
}

std::string_view Words(DeploymentEnd end) {
  switch (end) {
    case DeploymentEnd::kUnderWay:
      return "is under way";
    case DeploymentEnd::kDone:
      return "is done";
    case DeploymentEnd::kRolledBack:
      return "was rolled back";
    case DeploymentEnd::kStopped:
      return "was stopped";
    case DeploymentEnd::kFailed:
      return "failed, and so did its rollback";
  }
  return "";
}

const object* Primary(const boost::json::array& deployments) {
  for (const auto& item : deployments) {
    if (aws::TextOf(aws::AsObject(item), "status") == "PRIMARY") return &aws::AsObject(item);
  }
  return nullptr;
}

// A service without rolloutState (an external controller, a test double) is done when one
// deployment is left and runs what is wanted.
std::string_view RolloutOf(const object& deployment, size_t deployments) {
  const std::string_view said = aws::TextOf(deployment, "rolloutState");
  if (!said.empty()) return said;
  const bool done =
      deployments == 1 && IntOf(deployment, "runningCount") == IntOf(deployment, "desiredCount");
  return done ? "COMPLETED" : "IN_PROGRESS";
}

}  // namespace

DeploymentState ReadDeployment(const object& described) {
  DeploymentState out;
  out.arn = StringOf(described, "serviceDeploymentArn");
  out.status = StringOf(described, "status");
  out.reason = StringOf(described, "statusReason");
  out.lifecycle_stage = StringOf(described, "lifecycleStage");
  out.end = EndOf(out.status);
  out.first = aws::ListOf(described, "sourceServiceRevisions").empty();
  const object& target = aws::ObjectOf(described, "targetServiceRevision");
  out.target_revision = StringOf(target, "arn");
  out.wanted = IntOf(target, "requestedTaskCount");
  out.running = IntOf(target, "runningTaskCount");
  out.pending = IntOf(target, "pendingTaskCount");
  const object& breaker = aws::ObjectOf(described, "deploymentCircuitBreaker");
  out.failed_tasks = IntOf(breaker, "failureCount");
  out.failure_threshold = IntOf(breaker, "threshold");
  out.rollback_reason = StringOf(aws::ObjectOf(described, "rollback"), "reason");
  for (const auto& name : aws::ListOf(aws::ObjectOf(described, "alarms"), "triggeredAlarmNames")) {
    out.alarms.emplace_back(aws::AsText(name));
  }
  out.created_s = aws::NumberOf(described, "createdAt");
  out.finished_s = aws::NumberOf(described, "finishedAt");
  return out;
}

std::optional<DeploymentState> DeploymentOfService(const object& service, std::string_view id,
                                                   std::optional<double> begun_after_s) {
  const auto& deployments = aws::ListOf(service, "deployments");
  const object* primary = Primary(deployments);
  if (primary == nullptr) return std::nullopt;
  const object* found = nullptr;
  for (const auto& item : deployments) {
    if (!id.empty() && aws::TextOf(aws::AsObject(item), "id") == id) found = &aws::AsObject(item);
  }
  DeploymentState out;
  if (!id.empty() && found == nullptr) {
    // It was there and is gone: another took its place.
    out.arn = id;
    out.status = "REPLACED";
    out.reason = fmt::format("{} took its place", aws::TextOf(*primary, "id"));
    out.end = DeploymentEnd::kRolledBack;
    return out;
  }
  if (found == nullptr) found = primary;
  out.created_s = aws::NumberOf(*found, "createdAt");
  if (id.empty() && begun_after_s && out.created_s && *out.created_s <= *begun_after_s) {
    return std::nullopt;
  }
  const std::string_view rollout = RolloutOf(*found, deployments.size());
  out.arn = StringOf(*found, "id");
  out.status = rollout;
  out.reason = StringOf(*found, "rolloutStateReason");
  out.target_revision = StringOf(*found, "taskDefinition");
  out.first = deployments.size() == 1;
  out.wanted = IntOf(*found, "desiredCount");
  out.running = IntOf(*found, "runningCount");
  out.pending = IntOf(*found, "pendingCount");
  out.failed_tasks = IntOf(*found, "failedTasks");
  if (rollout == "COMPLETED") out.end = DeploymentEnd::kDone;
  if (rollout == "FAILED") {
    out.end = found == primary ? DeploymentEnd::kStopped : DeploymentEnd::kRolledBack;
  }
  return out;
}

std::string EndText(const DeploymentState& state) {
  std::vector<std::string> why;
  if (!state.reason.empty()) why.push_back(state.reason);
  if (!state.rollback_reason.empty() && state.rollback_reason != state.reason) {
    why.push_back(state.rollback_reason);
  }
  if (state.failure_threshold > 0 && state.failed_tasks >= state.failure_threshold) {
    why.push_back(fmt::format("{} of {} tasks failed (circuit breaker)", state.failed_tasks,
                              state.failure_threshold));
  } else if (state.failed_tasks > 0) {
    why.push_back(fmt::format("{} tasks failed", state.failed_tasks));
  }
  if (!state.alarms.empty()) {
    why.push_back(fmt::format("alarms: {}", fmt::join(state.alarms, ", ")));
  }
  return fmt::format("the deployment {}{}{}", Words(state.end), why.empty() ? "" : ": ",
                     fmt::join(why, "; "));
}

}  // namespace hearth::ecs
