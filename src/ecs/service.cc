#include "ecs/desired.h"
#include "ecs/inputs.h"
#include "ecs/merge.h"

namespace hearth::ecs {
namespace {

namespace json = boost::json;

// Never fewer than before while a deployment runs, and twice as many for as long as it takes.
json::object DeploymentConfiguration() {
  return {{"minimumHealthyPercent", 100},
          {"maximumPercent", 200},
          {"deploymentCircuitBreaker", {{"enable", true}, {"rollback", true}}}};
}

json::object Network(const EcsSpec& spec) {
  return {{"awsvpcConfiguration",
           {{"subnets", Texts(spec.subnets)},
            {"securityGroups", Texts(spec.security_groups)},
            {"assignPublicIp", spec.public_ip ? "ENABLED" : "DISABLED"}}}};
}

}  // namespace

Result<json::object> ServiceInput(const EcsSpec& spec, int desired) {
  json::object input = {{"cluster", spec.cluster},
                        {"serviceName", spec.service},
                        {"taskDefinition", kTaskDefinitionRef},
                        {"desiredCount", desired}};
  // Spot is a capacity provider, and a launch type beside one is refused.
  if (spec.capacity == "FARGATE") {
    input["launchType"] = "FARGATE";
  } else {
    input["capacityProviderStrategy"] =
        json::array{json::object{{"capacityProvider", spec.capacity}, {"weight", 1}, {"base", 0}}};
  }
  input["platformVersion"] = "LATEST";
  input["deploymentConfiguration"] = DeploymentConfiguration();
  input["networkConfiguration"] = Network(spec);
  if (spec.balancer) {
    input["loadBalancers"] = json::array{json::object{{"targetGroupArn", kTargetGroupRef},
                                                      {"containerName", spec.container},
                                                      {"containerPort", spec.port}}};
  }
  input["healthCheckGracePeriodSeconds"] = spec.grace.count();
  // Left out, a new service has it on, and ECS stops warm tasks to even out the zones.
  input["availabilityZoneRebalancing"] = spec.rebalancing ? "ENABLED" : "DISABLED";
  input["enableExecuteCommand"] = spec.exec;
  input["propagateTags"] = "SERVICE";
  input["tags"] = TagsInSmall(spec);
  if (Status merged = Merge(spec.service_extra, "ecs.service_definition", &input); !merged) {
    return Forward(merged);
  }
  return input;
}

}  // namespace hearth::ecs
