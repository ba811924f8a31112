#include <fmt/format.h>

#include "ecs/inputs.h"

namespace hearth::ecs {
namespace {

namespace json = boost::json;

json::object Target(const EcsSpec& spec) {
  return {{"ServiceNamespace", "ecs"},
          {"ResourceId", fmt::format("service/{}/{}", spec.cluster, spec.service)},
          {"ScalableDimension", "ecs:service:DesiredCount"}};
}

}  // namespace

json::object ScalableTargetInput(const EcsSpec& spec, int floor) {
  json::object input = Target(spec);
  input["MinCapacity"] = floor;
  input["MaxCapacity"] = spec.max;
  input["Tags"] = TagsAsMap(spec);
  return input;
}

json::object CpuPolicyInput(const EcsSpec& spec) {
  json::object input = Target(spec);
  input["PolicyName"] = spec.service + "-cpu";
  input["PolicyType"] = "TargetTrackingScaling";
  input["TargetTrackingScalingPolicyConfiguration"] = {
      {"TargetValue", spec.cpu_target},
      {"PredefinedMetricSpecification",
       {{"PredefinedMetricType", "ECSServiceAverageCPUUtilization"}}},
      {"ScaleOutCooldown", spec.scale_out_cooldown.count()},
      {"ScaleInCooldown", spec.scale_in_cooldown.count()}};
  return input;
}

json::object ScheduledActionInput(const EcsSpec& spec, const ScaleTimes& times) {
  json::object input = Target(spec);
  input["ScheduledActionName"] = times.name;
  input["Schedule"] = fmt::format("cron({})", times.cron);
  input["Timezone"] = times.timezone;
  input["ScalableTargetAction"] = {{"MinCapacity", times.floor}};
  return input;
}

}  // namespace hearth::ecs
