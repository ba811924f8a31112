#include "ecs/service_ask.h"

#include <algorithm>
#include <map>
#include <utility>

#include "aws/document.h"
#include "ecs/task_view.h"

namespace hearth::ecs {
namespace {

using boost::json::array;
using boost::json::object;

double CreatedOf(const object& deployment) {
  return aws::NumberOf(deployment, "createdAt").value_or(0);
}

bool IsReady(const EcsSpec& spec, const TaskView& task) {
  if (task.last_status != "RUNNING") return false;
  if (spec.check.command.empty()) return task.health != "UNHEALTHY";
  return task.health == "HEALTHY";
}

}  // namespace

Asked<std::optional<object>> AskService(const aws::CallService& call, const EcsSpec& spec) {
  auto answer = call(
      {"ecs", "DescribeServices", {{"cluster", spec.cluster}, {"services", array{spec.service}}}});
  if (!answer) {
    if (answer.error().said.code == "ServiceNotFoundException") return std::nullopt;
    return tl::unexpected(std::move(answer.error()));
  }
  for (const auto& item : aws::ListOf(*answer, "services")) {
    const object& service = aws::AsObject(item);
    if (aws::TextOf(service, "status") != "INACTIVE") return service;
  }
  return std::nullopt;
}

Asked<std::optional<DeploymentState>> AskNewestDeployment(const aws::CallService& call,
                                                          const EcsSpec& spec,
                                                          std::optional<double> begun_after_s) {
  object input{{"cluster", spec.cluster}, {"service", spec.service}};
  if (begun_after_s) input["createdAt"] = object{{"after", *begun_after_s}};
  auto listed = aws::CallAll(call, {"ecs", "ListServiceDeployments", std::move(input)},
                             {"serviceDeployments", "nextToken", "nextToken"});
  if (!listed) return tl::unexpected(std::move(listed.error()));
  const object* newest = nullptr;
  for (const auto& item : *listed) {
    const object& one = aws::AsObject(item);
    // `after` may mean "at or after".
    if (begun_after_s && CreatedOf(one) <= *begun_after_s) continue;
    if (newest == nullptr || CreatedOf(one) > CreatedOf(*newest)) newest = &one;
  }
  if (newest == nullptr) return std::nullopt;
  return AskDeployment(call, std::string(aws::TextOf(*newest, "serviceDeploymentArn")));
}

Asked<std::optional<DeploymentState>> AskDeployment(const aws::CallService& call,
                                                    const std::string& arn) {
  auto answer =
      call({"ecs", "DescribeServiceDeployments", {{"serviceDeploymentArns", array{arn}}}});
  if (!answer) return tl::unexpected(std::move(answer.error()));
  const array& found = aws::ListOf(*answer, "serviceDeployments");
  if (found.empty()) return std::nullopt;
  return ReadDeployment(aws::AsObject(found.front()));
}

Asked<std::map<std::string, int>> AskTargets(const aws::CallService& call, const object& service) {
  std::map<std::string, int> out;
  for (const auto& item : aws::ListOf(service, "loadBalancers")) {
    const std::string_view group = aws::TextOf(aws::AsObject(item), "targetGroupArn");
    if (group.empty()) continue;
    auto answer = call({"elbv2", "DescribeTargetHealth", {{"TargetGroupArn", group}}});
    if (!answer) return tl::unexpected(std::move(answer.error()));
    for (const auto& target : aws::ListOf(*answer, "TargetHealthDescriptions")) {
      const object& health = aws::ObjectOf(aws::AsObject(target), "TargetHealth");
      ++out[std::string(aws::TextOf(health, "State"))];
    }
  }
  return out;
}

Asked<int> AskReady(const aws::CallService& call, const EcsSpec& spec, const object& service) {
  if (!aws::ListOf(service, "loadBalancers").empty()) {
    auto targets = AskTargets(call, service);
    if (!targets) return tl::unexpected(std::move(targets.error()));
    return (*targets)["healthy"];
  }
  auto tasks = ReadTasks(call, spec, "RUNNING");
  if (!tasks) return tl::unexpected(std::move(tasks.error()));
  return static_cast<int>(std::count_if(tasks->begin(), tasks->end(),
                                        [&](const TaskView& task) { return IsReady(spec, task); }));
}

}  // namespace hearth::ecs
