#include <algorithm>

#include "ecs/desired.h"
#include "ecs/inputs.h"

namespace hearth::ecs {
namespace {

namespace json = boost::json;

constexpr int kHealthyChecks = 2;
constexpr int kThresholdLeast = 2;  // of ELB; at most 10, as of ECS

}  // namespace

json::object TargetGroupInput(const EcsSpec& spec) {
  return {{"Name", spec.balancer->target_group},
          {"Protocol", "HTTP"},
          {"Port", spec.port},
          {"VpcId", kVpcRef},
          {"TargetType", "ip"},
          {"HealthCheckEnabled", true},
          {"HealthCheckProtocol", "HTTP"},
          {"HealthCheckPort", "traffic-port"},
          {"HealthCheckPath", spec.balancer->path},
          {"HealthCheckIntervalSeconds", spec.check.interval.count()},
          {"HealthCheckTimeoutSeconds", spec.check.timeout.count()},
          {"HealthyThresholdCount", kHealthyChecks},
          {"UnhealthyThresholdCount", std::max(spec.check.retries, kThresholdLeast)},
          {"Matcher", {{"HttpCode", "200"}}},
          {"Tags", TagsInCapitals(spec)}};
}

json::object TargetGroupAttributesInput(const EcsSpec& spec) {
  const auto attribute = [](std::string_view key, std::string value) {
    return json::object{{"Key", key}, {"Value", std::move(value)}};
  };
  return {{"TargetGroupArn", kTargetGroupRef},
          {"Attributes",
           {attribute("deregistration_delay.timeout_seconds",
                      std::to_string(spec.balancer->deregistration_delay.count())),
            attribute("load_balancing.algorithm.type", "least_outstanding_requests")}}};
}

json::object ListenerRuleInput(const EcsSpec& spec) {
  const LoadBalancer& balancer = *spec.balancer;
  json::array conditions;
  if (!balancer.rule_hosts.empty()) {
    conditions.push_back(json::object{
        {"Field", "host-header"}, {"HostHeaderConfig", {{"Values", Texts(balancer.rule_hosts)}}}});
  }
  if (!balancer.rule_paths.empty()) {
    conditions.push_back(
        json::object{{"Field", "path-pattern"},
                     {"PathPatternConfig", {{"Values", Texts(balancer.rule_paths)}}}});
  }
  json::object input = {
      {"ListenerArn", balancer.listener},
      {"Conditions", std::move(conditions)},
      {"Priority", kPriorityRef},
      {"Actions", {json::object{{"Type", "forward"}, {"TargetGroupArn", kTargetGroupRef}}}},
      {"Tags", TagsInCapitals(spec)}};
  if (balancer.rule_priority != 0) input["Priority"] = balancer.rule_priority;
  return input;
}

}  // namespace hearth::ecs
