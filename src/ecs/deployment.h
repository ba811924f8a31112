// The truth about a deployment: ListServiceDeployments and DescribeServiceDeployments (botocore's
// waiter ServicesStable knows nothing of rollbacks). Reading and judging are pure; Follow asks.
#pragma once

#include <boost/json/object.hpp>
#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "aws/service_client.h"
#include "base/cancel.h"
#include "base/result.h"
#include "ecs/spec.h"

namespace hearth::ecs {

enum class DeploymentEnd { kUnderWay, kDone, kRolledBack, kStopped, kFailed };

struct DeploymentState {
  std::string arn, status, reason, lifecycle_stage, target_revision;
  DeploymentEnd end = DeploymentEnd::kUnderWay;
  bool first = false;                        // there was no revision before: nothing to go back to
  int wanted = 0, running = 0, pending = 0;  // tasks of the target revision
  int failed_tasks = 0, failure_threshold = 0;
  std::string rollback_reason;
  std::vector<std::string> alarms;              // triggered
  std::optional<double> created_s, finished_s;  // since 1970
};
// An item of DescribeServiceDeployments.
DeploymentState ReadDeployment(const boost::json::object& described);

// The same from a service of DescribeServices, for accounts and endpoints that do not tell service
// deployments: the deployment `id`, or the newest where it is empty. It knows neither stages nor
// alarms. nullopt: there is none, or none created after `begun_after_s`.
std::optional<DeploymentState> DeploymentOfService(const boost::json::object& service,
                                                   std::string_view id,
                                                   std::optional<double> begun_after_s);

// "the deployment was rolled back: tasks failed to start; 3 of 3 tasks failed (circuit breaker)".
std::string EndText(const DeploymentState& state);

// For --json.
boost::json::object DeploymentJson(const DeploymentState& state);

struct FollowOptions {
  std::chrono::milliseconds timeout{15 * 60'000};
  std::chrono::milliseconds poll{10'000};       // longer while AWS throttles
  DeploymentEnd wanted = DeploymentEnd::kDone;  // kRolledBack for whoever asked for that
  // Deployments begun before are not ours; empty: the newest.
  std::optional<double> begun_after_s;
};
// Each new thing seen: a service event, a changed count, a stopped task with its reason, a stage.
using FollowEvent = std::function<void(const std::string& line)>;

// Waits for the service's newest deployment to end and its wanted tasks to be ready. kUnavailable
// with the reason (rollback, circuit breaker, alarms; the stopped reason and last log lines of a
// task that failed), kDeadlineExceeded at `timeout`, kCancelled; kNotFound: no such service. The
// reason is the first line; log lines stand under it, one each. Throttling and AWS's own failures
// are waited out.
Result<DeploymentState> Follow(const aws::CallService& call, const EcsSpec& spec,
                               const FollowOptions& options, const Cancel& cancel,
                               const FollowEvent& event);

// The service's newest deployment; its created_s, by AWS's clock, is what FollowOptions calls begun
// before. nullopt: there is no service, or it has none.
Result<std::optional<DeploymentState>> NewestDeployment(const aws::CallService& call,
                                                        const EcsSpec& spec);

}  // namespace hearth::ecs
