#include "ecs/compare_rules.h"

#include <algorithm>
#include <boost/json/parse.hpp>
#include <iterator>
#include <span>

namespace hearth::ecs {
namespace {

struct DefaultRule {
  std::string_view in, name;
  std::string_view value;  // JSON
};

constexpr std::string_view kNone = "null";

// At the top of a task definition.
constexpr DefaultRule kTaskDefinition[] = {
    {"", "taskRoleArn", kNone},
    {"", "executionRoleArn", kNone},
    {"", "networkMode", kNone},
    {"", "volumes", kNone},
    {"", "placementConstraints", kNone},
    {"", "requiresCompatibilities", kNone},
    {"", "cpu", kNone},
    {"", "memory", kNone},
    {"", "pidMode", kNone},
    {"", "ipcMode", kNone},
    {"", "proxyConfiguration", kNone},
    {"", "inferenceAccelerators", kNone},
    {"", "ephemeralStorage", R"({"sizeInGiB":20})"},
    {"", "runtimePlatform", R"({"cpuArchitecture":"X86_64","operatingSystemFamily":"LINUX"})"},
    {"", "enableFaultInjection", "false"},
    {"ephemeralStorage", "sizeInGiB", "20"},
    {"runtimePlatform", "cpuArchitecture", R"("X86_64")"},
    {"runtimePlatform", "operatingSystemFamily", R"("LINUX")"},

    {"containerDefinitions", "image", kNone},
    {"containerDefinitions", "repositoryCredentials", kNone},
    {"containerDefinitions", "cpu", "0"},
    {"containerDefinitions", "memory", kNone},
    {"containerDefinitions", "memoryReservation", kNone},
    {"containerDefinitions", "links", kNone},
    {"containerDefinitions", "portMappings", kNone},
    {"containerDefinitions", "essential", "true"},
    {"containerDefinitions", "restartPolicy", kNone},
    {"containerDefinitions", "entryPoint", kNone},
    {"containerDefinitions", "command", kNone},
    {"containerDefinitions", "environment", kNone},
    {"containerDefinitions", "environmentFiles", kNone},
    {"containerDefinitions", "mountPoints", kNone},
    {"containerDefinitions", "volumesFrom", kNone},
    {"containerDefinitions", "linuxParameters", kNone},
    {"containerDefinitions", "secrets", kNone},
    {"containerDefinitions", "dependsOn", kNone},
    {"containerDefinitions", "startTimeout", kNone},
    {"containerDefinitions", "stopTimeout", "30"},
    {"containerDefinitions", "versionConsistency", R"("enabled")"},
    {"containerDefinitions", "hostname", kNone},
    {"containerDefinitions", "user", kNone},
    {"containerDefinitions", "workingDirectory", kNone},
    {"containerDefinitions", "disableNetworking", "false"},
    {"containerDefinitions", "privileged", "false"},
    {"containerDefinitions", "readonlyRootFilesystem", "false"},
    {"containerDefinitions", "dnsServers", kNone},
    {"containerDefinitions", "dnsSearchDomains", kNone},
    {"containerDefinitions", "extraHosts", kNone},
    {"containerDefinitions", "dockerSecurityOptions", kNone},
    {"containerDefinitions", "interactive", "false"},
    {"containerDefinitions", "pseudoTerminal", "false"},
    {"containerDefinitions", "dockerLabels", kNone},
    {"containerDefinitions", "ulimits", kNone},
    {"containerDefinitions", "logConfiguration", kNone},
    {"containerDefinitions", "healthCheck", kNone},
    {"containerDefinitions", "systemControls", kNone},
    {"containerDefinitions", "resourceRequirements", kNone},
    {"containerDefinitions", "firelensConfiguration", kNone},
    {"containerDefinitions", "credentialSpecs", kNone},
    {"portMappings", "protocol", R"("tcp")"},
    {"portMappings", "name", kNone},
    {"portMappings", "appProtocol", kNone},
    {"portMappings", "containerPortRange", kNone},
    {"environment", "value", kNone},
    {"healthCheck", "command", kNone},
    {"healthCheck", "interval", "30"},
    {"healthCheck", "timeout", "5"},
    {"healthCheck", "retries", "3"},
    {"healthCheck", "startPeriod", "0"},
    {"logConfiguration", "options", kNone},
    {"logConfiguration", "secretOptions", kNone},
    {"restartPolicy", "enabled", "false"},
    {"restartPolicy", "restartAttemptPeriod", "300"},
    {"restartPolicy", "ignoredExitCodes", kNone},
    {"mountPoints", "sourceVolume", kNone},
    {"mountPoints", "readOnly", "false"},
    {"volumesFrom", "readOnly", "false"},
    {"volumes", "host", kNone},
    {"volumes", "configuredAtLaunch", "false"},
    {"volumes", "efsVolumeConfiguration", kNone},
    {"volumes", "s3filesVolumeConfiguration", kNone},
    {"volumes", "dockerVolumeConfiguration", kNone},
    {"efsVolumeConfiguration", "rootDirectory", R"("/")"},
    {"efsVolumeConfiguration", "transitEncryption", R"("DISABLED")"},
    {"efsVolumeConfiguration", "authorizationConfig", kNone},
    {"authorizationConfig", "iam", R"("DISABLED")"},
    {"authorizationConfig", "accessPointId", kNone},
    {"linuxParameters", "initProcessEnabled", "false"},
    {"linuxParameters", "capabilities", kNone},
    {"linuxParameters", "devices", kNone},
    {"capabilities", "add", kNone},
    {"capabilities", "drop", kNone},
};

constexpr DefaultRule kService[] = {
    {"", "healthCheckGracePeriodSeconds", "0"},
    {"", "loadBalancers", kNone},
    {"", "serviceRegistries", kNone},
    {"", "enableExecuteCommand", "false"},
    {"", "enableECSManagedTags", "false"},
    {"", "propagateTags", R"("NONE")"},
    {"", "placementConstraints", kNone},
    {"", "placementStrategy", kNone},
    {"", "capacityProviderStrategy", kNone},
    {"", "schedulingStrategy", R"("REPLICA")"},
    {"", "platformVersion", R"("LATEST")"},
    {"", "availabilityZoneRebalancing", R"("DISABLED")"},
    {"", "deploymentController", R"({"type":"ECS"})"},
    {"", "deploymentConfiguration", kNone},
    {"deploymentController", "type", R"("ECS")"},
    {"deploymentConfiguration", "maximumPercent", "200"},
    {"deploymentConfiguration", "minimumHealthyPercent", "100"},
    {"deploymentConfiguration", "deploymentCircuitBreaker", kNone},
    {"deploymentConfiguration", "alarms", kNone},
    {"deploymentConfiguration", "strategy", R"("ROLLING")"},
    {"deploymentConfiguration", "bakeTimeInMinutes", "0"},
    {"deploymentConfiguration", "lifecycleHooks", kNone},
    {"deploymentCircuitBreaker", "enable", "false"},
    {"deploymentCircuitBreaker", "rollback", "false"},
    {"deploymentCircuitBreaker", "resetOnHealthyTask", "true"},
    {"deploymentCircuitBreaker", "thresholdConfiguration",
     R"({"type":"BOUNDED_PERCENT","value":50})"},
    {"thresholdConfiguration", "type", R"("BOUNDED_PERCENT")"},
    {"thresholdConfiguration", "value", "50"},
    {"alarms", "alarmNames", kNone},
    {"alarms", "enable", "false"},
    {"alarms", "rollback", "false"},
    // Security groups that the file does not name are the VPC's default one: not in this table.
    {"networkConfiguration", "awsvpcConfiguration", kNone},
    {"awsvpcConfiguration", "subnets", kNone},
    {"awsvpcConfiguration", "assignPublicIp", R"("DISABLED")"},
    {"loadBalancers", "advancedConfiguration", kNone},
    {"capacityProviderStrategy", "weight", "0"},
    {"capacityProviderStrategy", "base", "0"},
};

constexpr DefaultRule kTargetGroup[] = {
    {"", "Protocol", kNone},
    {"", "Port", kNone},
    {"", "TargetType", R"("instance")"},
    {"", "ProtocolVersion", R"("HTTP1")"},
    {"", "IpAddressType", R"("ipv4")"},
    {"", "TargetControlPort", kNone},
    {"", "HealthCheckProtocol", R"("HTTP")"},
    {"", "HealthCheckPort", R"("traffic-port")"},
    {"", "HealthCheckEnabled", "true"},
    {"", "HealthCheckPath", R"("/")"},
    {"", "HealthCheckIntervalSeconds", "30"},
    {"", "HealthCheckTimeoutSeconds", "5"},
    {"", "HealthyThresholdCount", "5"},
    {"", "UnhealthyThresholdCount", "2"},
    {"", "Matcher", R"({"HttpCode":"200"})"},
    {"Matcher", "HttpCode", R"("200")"},
};

constexpr DefaultRule kRule[] = {
    {"", "Conditions", kNone},
    {"", "Actions", kNone},
    {"", "Transforms", kNone},
    {"Conditions", "Values", kNone},
    {"Actions", "TargetGroupArn", kNone},
    {"Actions", "ForwardConfig", kNone},
};

constexpr DefaultRule kPolicy[] = {
    {"", "PolicyType", kNone},
    {"", "TargetTrackingScalingPolicyConfiguration", kNone},
    {"", "StepScalingPolicyConfiguration", kNone},
    {"TargetTrackingScalingPolicyConfiguration", "DisableScaleIn", "false"},
    {"TargetTrackingScalingPolicyConfiguration", "ScaleOutCooldown", "300"},
    {"TargetTrackingScalingPolicyConfiguration", "ScaleInCooldown", "300"},
    {"TargetTrackingScalingPolicyConfiguration", "PredefinedMetricSpecification", kNone},
    {"TargetTrackingScalingPolicyConfiguration", "CustomizedMetricSpecification", kNone},
    {"PredefinedMetricSpecification", "PredefinedMetricType", kNone},
    {"PredefinedMetricSpecification", "ResourceLabel", kNone},
    {"CustomizedMetricSpecification", "MetricName", kNone},
    {"CustomizedMetricSpecification", "Namespace", kNone},
    {"CustomizedMetricSpecification", "Dimensions", kNone},
    {"CustomizedMetricSpecification", "Statistic", kNone},
    {"CustomizedMetricSpecification", "Unit", kNone},
    {"CustomizedMetricSpecification", "Metrics", kNone},
    {"Metrics", "Expression", kNone},
    {"Metrics", "Label", kNone},
    {"Metrics", "MetricStat", kNone},
    {"Metrics", "ReturnData", "true"},
    {"MetricStat", "Unit", kNone},
    {"Metric", "Dimensions", kNone},
    {"StepScalingPolicyConfiguration", "AdjustmentType", kNone},
    {"StepScalingPolicyConfiguration", "StepAdjustments", kNone},
    {"StepScalingPolicyConfiguration", "MinAdjustmentMagnitude", kNone},
    {"StepScalingPolicyConfiguration", "Cooldown", "300"},
    {"StepScalingPolicyConfiguration", "MetricAggregationType", R"("Average")"},
};

constexpr DefaultRule kScheduledAction[] = {
    {"", "Timezone", R"("UTC")"},
    {"", "StartTime", kNone},
    {"", "EndTime", kNone},
    {"", "ScalableTargetAction", kNone},
    {"ScalableTargetAction", "MinCapacity", kNone},
    {"ScalableTargetAction", "MaxCapacity", kNone},
};

constexpr SetRule kSets[] = {
    {"containerDefinitions", "name"},
    {"environment", "name"},
    {"secrets", "name"},
    {"secretOptions", "name"},
    {"mountPoints", "containerPath"},
    {"portMappings", "containerPort"},
    {"dependsOn", "containerName"},
    {"ulimits", "name"},
    {"volumes", "name"},
    {"systemControls", "namespace"},
    {"extraHosts", "hostname"},
    {"volumesFrom", "sourceContainer"},
    {"resourceRequirements", "type"},
    {"properties", "name"},
    {"requiresCompatibilities", ""},
    {"ignoredExitCodes", ""},
    {"add", ""},
    {"drop", ""},
    {"placementConstraints", ""},
    {"subnets", ""},
    {"securityGroups", ""},
    {"loadBalancers", "targetGroupArn"},
    {"serviceRegistries", "registryArn"},
    {"capacityProviderStrategy", "capacityProvider"},
    {"alarmNames", ""},
    {"volumeConfigurations", "name"},
    {"Conditions", "Field"},
    {"Values", ""},
    {"Attributes", "Key", true},
    {"Metrics", "Id"},
    {"Dimensions", "Name"},
    {"StepAdjustments", ""},
};

constexpr std::string_view kMaps[] = {"options", "dockerLabels", "labels", "driverOpts"};

std::span<const DefaultRule> RulesOf(Kind kind) {
  switch (kind) {
    case Kind::kTaskDefinition:
      return kTaskDefinition;
    case Kind::kService:
      return kService;
    case Kind::kTargetGroup:
      return kTargetGroup;
    case Kind::kListenerRule:
      return kRule;
    case Kind::kScalingPolicy:
      return kPolicy;
    case Kind::kScheduledAction:
      return kScheduledAction;
    case Kind::kLogGroup:
    case Kind::kLogRetention:
    case Kind::kTargetGroupAttributes:
    case Kind::kScalableTarget:
      return {};
  }
  return {};
}

}  // namespace

std::optional<boost::json::value> DefaultOf(Kind kind, std::string_view in, std::string_view name) {
  for (const DefaultRule& rule : RulesOf(kind)) {
    if (rule.in != in || rule.name != name) continue;
    boost::json::error_code error;
    return boost::json::parse(boost::json::string_view(rule.value.data(), rule.value.size()),
                              error);
  }
  return std::nullopt;
}

bool KnowsInside(Kind kind, std::string_view in) {
  const std::span<const DefaultRule> rules = RulesOf(kind);
  return std::any_of(rules.begin(), rules.end(),
                     [&](const DefaultRule& rule) { return rule.in == in; });
}

bool IsIdentity(Kind kind, std::string_view name) {
  switch (kind) {
    case Kind::kLogGroup:
    case Kind::kLogRetention:
      return name == "logGroupName";
    case Kind::kTaskDefinition:
      return name == "family";
    case Kind::kTargetGroup:
      return name == "Name";
    case Kind::kTargetGroupAttributes:
      return name == "TargetGroupArn";
    case Kind::kListenerRule:
      return name == "ListenerArn";
    case Kind::kService:  // the number of tasks is scaling's from the first moment on
      return name == "cluster" || name == "serviceName" || name == "desiredCount" ||
             name == "clientToken";
    case Kind::kScalableTarget:
    case Kind::kScalingPolicy:
    case Kind::kScheduledAction:
      return name == "ServiceNamespace" || name == "ResourceId" || name == "ScalableDimension" ||
             name == "PolicyName" || name == "ScheduledActionName";
  }
  return false;
}

bool IsMap(std::string_view name) {
  return std::find(std::begin(kMaps), std::end(kMaps), name) != std::end(kMaps);
}

const SetRule* FindSet(std::string_view list) {
  const auto found = std::find_if(std::begin(kSets), std::end(kSets),
                                  [&](const SetRule& rule) { return rule.list == list; });
  return found == std::end(kSets) ? nullptr : &*found;
}

}  // namespace hearth::ecs
