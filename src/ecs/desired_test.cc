#include "ecs/desired.h"

#include <gmock/gmock.h>

#include <set>

#include "aws/document.h"
#include "ecs/desired_test_support.h"

namespace hearth::ecs {
namespace {

using aws::ListOf;
using aws::ObjectOf;
using aws::TextOf;
using testing::ElementsAre;

constexpr const char* kSeed = R"(
[pool]
floor = 4
max = 12
[replica]
memory = "4GiB"
)";
constexpr const char* kSeedEcs = R"(
server = "other"
family = "embedding-service"
container = "embedding"
exec = true
task_role = "task"
[ecs.tags]
purpose = "warm-pool"
)";

// Field by field what the seed's script sends; what is beyond it is listed where it is compared
// with the script itself (tests/ecs).
TEST(Desired, TheSeedsTaskDefinition) {
  const auto input = InputOf(GoodSpec(FileWith(kSeed, kSeedEcs)), Kind::kTaskDefinition);
  EXPECT_EQ(boost::json::value(input), Json(R"({
    "family": "embedding-service", "networkMode": "awsvpc",
    "requiresCompatibilities": ["FARGATE"], "cpu": "1024", "memory": "4096",
    "runtimePlatform": {"cpuArchitecture": "X86_64", "operatingSystemFamily": "LINUX"},
    "executionRoleArn": "arn:aws:iam::123456789012:role/ecsTaskExecutionRole",
    "taskRoleArn": "task",
    "containerDefinitions": [{
      "name": "embedding",
      "image": "123456789012.dkr.ecr.us-east-1.amazonaws.com/embedding-service:1.4.2",
      "essential": true,
      "portMappings": [{"containerPort": 8000, "protocol": "tcp"}],
      "healthCheck": {
        "command": ["CMD-SHELL", "python -c \"import urllib.request; urllib.request.urlopen('http://localhost:8000/ready')\" || exit 1"],
        "interval": 15, "timeout": 5, "retries": 3, "startPeriod": 90},
      "stopTimeout": 35,
      "logConfiguration": {"logDriver": "awslogs", "options": {
        "awslogs-group": "/ecs/embedding-service", "awslogs-region": "us-east-1",
        "awslogs-stream-prefix": "ecs"}}}],
    "tags": [{"key": "hearth:pool", "value": "ml-inference/embedding-warm-pool"},
             {"key": "purpose", "value": "warm-pool"}]})"));
}

TEST(Desired, TheSeedsServiceAndScaling) {
  const EcsSpec spec = GoodSpec(FileWith(kSeed, kSeedEcs));
  EXPECT_EQ(boost::json::value(InputOf(spec, Kind::kService)), Json(R"({
    "cluster": "ml-inference", "serviceName": "embedding-warm-pool",
    "taskDefinition": "${task_definition}", "desiredCount": 4, "launchType": "FARGATE",
    "platformVersion": "LATEST",
    "deploymentConfiguration": {"minimumHealthyPercent": 100, "maximumPercent": 200,
      "deploymentCircuitBreaker": {"enable": true, "rollback": true}},
    "networkConfiguration": {"awsvpcConfiguration": {
      "subnets": ["subnet-abc123", "subnet-def456"], "securityGroups": ["sg-warm-pool"],
      "assignPublicIp": "DISABLED"}},
    "healthCheckGracePeriodSeconds": 90, "availabilityZoneRebalancing": "DISABLED",
    "enableExecuteCommand": true, "propagateTags": "SERVICE",
    "tags": [{"key": "hearth:pool", "value": "ml-inference/embedding-warm-pool"},
             {"key": "purpose", "value": "warm-pool"}]})"));
  EXPECT_EQ(boost::json::value(InputOf(spec, Kind::kScalableTarget)), Json(R"({
    "ServiceNamespace": "ecs", "ResourceId": "service/ml-inference/embedding-warm-pool",
    "ScalableDimension": "ecs:service:DesiredCount", "MinCapacity": 4, "MaxCapacity": 12,
    "Tags": {"hearth:pool": "ml-inference/embedding-warm-pool", "purpose": "warm-pool"}})"));
  EXPECT_EQ(boost::json::value(InputOf(spec, Kind::kScalingPolicy)), Json(R"({
    "ServiceNamespace": "ecs", "ResourceId": "service/ml-inference/embedding-warm-pool",
    "ScalableDimension": "ecs:service:DesiredCount", "PolicyName": "embedding-warm-pool-cpu",
    "PolicyType": "TargetTrackingScaling",
    "TargetTrackingScalingPolicyConfiguration": {"TargetValue": 60.0,
      "PredefinedMetricSpecification": {"PredefinedMetricType": "ECSServiceAverageCPUUtilization"},
      "ScaleOutCooldown": 60, "ScaleInCooldown": 300}})"));
}

TEST(Desired, TheTargetGroupAndItsRule) {
  const EcsSpec spec = GoodSpec(
      FileWith("", fmt::format("listener = \"{}\"\nrule_hosts = [\"a.example\"]\n", kListener)));
  const auto group = InputOf(spec, Kind::kTargetGroup);
  EXPECT_EQ(TextOf(group, "HealthCheckPath"), "/ready");
  EXPECT_EQ(TextOf(ObjectOf(group, "Matcher"), "HttpCode"), "200");
  EXPECT_EQ(group.at("HealthyThresholdCount"), 2);
  EXPECT_EQ(TextOf(group, "TargetType"), "ip");
  EXPECT_EQ(TextOf(group, "VpcId"), kVpcRef);
  EXPECT_EQ(boost::json::value(InputOf(spec, Kind::kTargetGroupAttributes)), Json(R"({
    "TargetGroupArn": "${target_group}", "Attributes": [
      {"Key": "deregistration_delay.timeout_seconds", "Value": "30"},
      {"Key": "load_balancing.algorithm.type", "Value": "least_outstanding_requests"}]})"));
  const auto rule = InputOf(spec, Kind::kListenerRule);
  EXPECT_EQ(rule.at("Conditions"), Json(R"([
    {"Field": "host-header", "HostHeaderConfig": {"Values": ["a.example"]}},
    {"Field": "path-pattern", "PathPatternConfig": {"Values": ["/*"]}}])"));
  EXPECT_EQ(rule.at("Priority"), Json("\"${priority}\""));
  EXPECT_EQ(rule.at("Actions"),
            Json(R"([{"Type": "forward", "TargetGroupArn": "${target_group}"}])"));
  EXPECT_EQ(InputOf(spec, Kind::kService).at("loadBalancers"),
            Json(R"([{"targetGroupArn": "${target_group}", "containerName": "replica",
                      "containerPort": 8000}])"));
}

TEST(Desired, AModelOnS3HasAContainerThatPullsIt) {
  const EcsSpec spec = GoodSpec(FileWith("[model]\nsource = \"s3://b/m\"", "task_role = \"task\""));
  const auto input = InputOf(spec, Kind::kTaskDefinition);
  EXPECT_EQ(input.at("volumes"), Json(R"([{"name": "model", "host": {}}])"));
  EXPECT_EQ(input.at("ephemeralStorage"), Json(R"({"sizeInGiB": 21})"));
  const auto& containers = ListOf(input, "containerDefinitions");
  ASSERT_EQ(containers.size(), 2U);
  const auto& pull = containers[0].as_object();
  EXPECT_EQ(pull.at("essential"), false);
  EXPECT_FALSE(pull.contains("startTimeout"));
  EXPECT_EQ(pull.at("command"),
            Json(R"(["pull", "s3://b/m", "--pack", "-o", "/models/model.hearth"])"));
  const auto& replica = containers[1].as_object();
  EXPECT_EQ(replica.at("dependsOn"),
            Json(R"([{"containerName": "hearth-pull", "condition": "SUCCESS"}])"));
  EXPECT_EQ(replica.at("mountPoints"), Json(R"([{"sourceVolume": "model",
    "containerPath": "/models", "readOnly": true}])"));
}

TEST(Desired, SpotIsAStrategyAndNoLaunchType) {
  const auto service =
      InputOf(GoodSpec(FileWith("", "capacity = \"FARGATE_SPOT\"")), Kind::kService);
  EXPECT_FALSE(service.contains("launchType"));
  EXPECT_EQ(service.at("capacityProviderStrategy"),
            Json(R"([{"capacityProvider": "FARGATE_SPOT", "weight": 1, "base": 0}])"));
}

TEST(Desired, TheFloorInForceIsTheOneOfTheHour) {
  const EcsSpec spec = GoodSpec(FileWith(R"(
[[pool.schedule]]
cron = "0 8 * * 1-5"
timezone = "Europe/Paris"
floor = 6
[[pool.schedule]]
cron = "0 20 * * *"
timezone = "Europe/Paris"
floor = 1
)"));
  const auto floor_at = [&](std::chrono::sys_seconds now) {
    const Desired desired = GoodDesired(spec, now);
    const auto& target = desired.Find(Kind::kScalableTarget)->input;
    const auto& service = desired.Find(Kind::kService)->input;
    EXPECT_EQ(target.at("MinCapacity"), service.at("desiredCount"));
    return target.at("MinCapacity").as_int64();
  };
  EXPECT_EQ(floor_at(kNoon), 6);
  EXPECT_EQ(floor_at(kNoon + std::chrono::hours(9)), 1);
  // 07:30 UTC is 08:30 in Paris.
  EXPECT_EQ(floor_at(kNoon - std::chrono::minutes(270)), 6);
  EXPECT_EQ(floor_at(kNoon - std::chrono::minutes(310)), 1);
  EXPECT_EQ(boost::json::value(InputOf(spec, Kind::kScheduledAction)), Json(R"json({
    "ServiceNamespace": "ecs", "ResourceId": "service/ml-inference/embedding-warm-pool",
    "ScalableDimension": "ecs:service:DesiredCount",
    "ScheduledActionName": "embedding-warm-pool-floor-1",
    "Schedule": "cron(0 8 ? * MON-FRI *)", "Timezone": "Europe/Paris",
    "ScalableTargetAction": {"MinCapacity": 6}
})json"));
}

TEST(Desired, FreeTablesAreMergedByName) {
  const EcsSpec spec = GoodSpec(FileWith("", R"(
[ecs.task_definition]
containerDefinitions = [
  { name = "replica", readonlyRootFilesystem = true, healthCheck = { retries = 5 } },
  { name = "sidecar", image = "x" } ]
[ecs.service_definition]
deploymentConfiguration = { maximumPercent = 150 }
)"));
  const auto input = InputOf(spec, Kind::kTaskDefinition);
  const auto& merged = ListOf(input, "containerDefinitions");
  ASSERT_EQ(merged.size(), 2U);
  EXPECT_EQ(merged[0].at("readonlyRootFilesystem"), true);
  EXPECT_EQ(merged[0].at("healthCheck").at("retries"), 5);
  EXPECT_EQ(merged[0].at("healthCheck").at("interval"), 15);
  EXPECT_EQ(merged[1].at("name"), "sidecar");
  const auto service = InputOf(spec, Kind::kService);
  EXPECT_EQ(service.at("deploymentConfiguration").at("maximumPercent"), 150);
  EXPECT_EQ(service.at("deploymentConfiguration").at("minimumHealthyPercent"), 100);
}

TEST(Desired, AFreeTableThatDoesNotFitIsRefused) {
  const auto refusal = [](const char* table) {
    const auto desired = MakeDesired(GoodSpec(FileWith("", table)), kNoon);
    return desired ? "no error" : desired.error().message;
  };
  EXPECT_EQ(refusal("[ecs.task_definition]\ncontainerDefinitions = []"),
            "ecs.task_definition.containerDefinitions leaves out the replica, \"replica\"");
  EXPECT_THAT(
      refusal("[ecs.task_definition]\ncontainer_definitions = []"),
      testing::StartsWith("ecs.task_definition.container_definitions: names are the API's"));
  EXPECT_THAT(refusal("[ecs.service_definition]\nnetworkConfiguration = 3"),
              testing::HasSubstr("cannot take the place of"));
}

TEST(Desired, RenderHasEverythingOnce) {
  const EcsSpec spec =
      GoodSpec(FileWith("[[pool.schedule]]\ncron = \"0 8 * * *\"\nfloor = 3\n",
                        fmt::format("listener = \"{}\"\nlog_retention_days = 30\n", kListener)));
  const Desired desired = GoodDesired(spec);
  const auto rendered = Render(desired);
  std::vector<std::string> names;
  for (const auto& [name, value] : rendered) names.emplace_back(name);
  EXPECT_THAT(names, ElementsAre("logGroup", "logRetention", "taskDefinition", "targetGroup",
                                 "targetGroupAttributes", "listenerRule", "service",
                                 "scalableTarget", "scalingPolicies", "scheduledActions"));
  EXPECT_EQ(rendered.at("scalingPolicies").as_array().size(), 2U);
  EXPECT_EQ(rendered.at("logRetention"),
            Json(R"({"logGroupName": "/ecs/embedding-warm-pool", "retentionInDays": 30})"));
  Kind last = Kind::kLogGroup;
  for (const Resource& resource : desired.resources) {
    EXPECT_GE(resource.kind, last);
    last = resource.kind;
    EXPECT_EQ(FactsOf(resource.kind).kind, resource.kind);
  }
  EXPECT_EQ(desired.Find(Kind::kScalingPolicy, "embedding-warm-pool-spare"),
            &desired.resources[desired.resources.size() - 2]);
  EXPECT_EQ(desired.Find(Kind::kScalingPolicy, "x"), nullptr);
}

}  // namespace
}  // namespace hearth::ecs
