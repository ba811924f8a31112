#include "ecs/scaling_ask.h"

#include <fmt/format.h>

#include <utility>

#include "aws/document.h"

namespace hearth::ecs {
namespace {

using boost::json::array;
using boost::json::object;

constexpr std::string_view kService = "application-autoscaling";

std::string ResourceOf(const EcsSpec& spec) {
  return fmt::format("service/{}/{}", spec.cluster, spec.service);
}

Asked<array> AskAll(const aws::CallService& call, const EcsSpec& spec, std::string action,
                    std::string_view list) {
  return aws::CallAll(call, {std::string(kService), std::move(action), ScalableName(spec)},
                      {list, "NextToken", "NextToken"});
}

}  // namespace

object ScalableName(const EcsSpec& spec) {
  return {{"ServiceNamespace", "ecs"},
          {"ResourceId", ResourceOf(spec)},
          {"ScalableDimension", "ecs:service:DesiredCount"}};
}

Asked<std::optional<object>> AskScalableTarget(const aws::CallService& call, const EcsSpec& spec) {
  auto answer = call({std::string(kService),
                      "DescribeScalableTargets",
                      {{"ServiceNamespace", "ecs"},
                       {"ResourceIds", array{ResourceOf(spec)}},
                       {"ScalableDimension", "ecs:service:DesiredCount"}}});
  if (!answer) return tl::unexpected(std::move(answer.error()));
  const array& found = aws::ListOf(*answer, "ScalableTargets");
  if (found.empty()) return std::nullopt;
  return aws::AsObject(found.front());
}

Asked<array> AskPolicies(const aws::CallService& call, const EcsSpec& spec) {
  return AskAll(call, spec, "DescribeScalingPolicies", "ScalingPolicies");
}

Asked<array> AskScheduledActions(const aws::CallService& call, const EcsSpec& spec) {
  return AskAll(call, spec, "DescribeScheduledActions", "ScheduledActions");
}

}  // namespace hearth::ecs
