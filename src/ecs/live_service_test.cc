// A live service read and written as hearth.toml: the seed's own, and one with everything.
#include "ecs/live_service.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json/parse.hpp>

#include "config/config.h"
#include "ecs/scripted_aws.h"
#include "ecs/spec.h"

namespace hearth::ecs {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* kService = R"({"services": [{"serviceName": "embedding-warm-pool",
  "status": "ACTIVE", "taskDefinition": "arn:aws:ecs:us-east-1:1:task-definition/embedding-service:3",
  "desiredCount": 4, "launchType": "FARGATE", "enableExecuteCommand": true,
  "availabilityZoneRebalancing": "ENABLED", "healthCheckGracePeriodSeconds": 60,
  "networkConfiguration": {"awsvpcConfiguration": {"subnets": ["subnet-abc123", "subnet-def456"],
    "securityGroups": ["sg-warm-pool"], "assignPublicIp": "DISABLED"}},
  "loadBalancers": [{"targetGroupArn": "arn:tg", "containerName": "embedding", "containerPort": 8000}],
  "tags": [{"key": "purpose", "value": "warm-pool"}, {"key": "aws:x", "value": "y"}]}]})";
constexpr const char* kDefinition =
    R"({"taskDefinition": {"family": "embedding-service", "revision": 3,
  "networkMode": "awsvpc", "requiresCompatibilities": ["FARGATE"], "cpu": "1024", "memory": "4096",
  "executionRoleArn": "arn:aws:iam::123456789012:role/exec",
  "taskRoleArn": "arn:aws:iam::123456789012:role/task",
  "volumes": [{"name": "cache"}],
  "containerDefinitions": [
    {"name": "embedding", "image": "repo/embedding-service:1.2", "essential": true, "cpu": 0,
     "portMappings": [{"containerPort": 8000, "protocol": "tcp"}],
     "environment": [{"name": "LOG_LEVEL", "value": "info"}],
     "secrets": [{"name": "KEY", "valueFrom": "arn:secret"}],
     "mountPoints": [], "healthCheck": {"command": ["CMD-SHELL", "python -c \"x\" || exit 1"],
       "interval": 15, "timeout": 5, "retries": 3, "startPeriod": 90},
     "logConfiguration": {"logDriver": "awslogs", "options": {"awslogs-group": "/ecs/embedding-service",
       "awslogs-region": "us-east-1", "awslogs-stream-prefix": "ecs"}}},
    {"name": "agent", "image": "repo/agent:1", "essential": false}]}})";

constexpr const char* kListener =
    "arn:aws:elasticloadbalancing:us-east-1:123456789012:listener/app/lb/0123456789abcdef/"
    "fedcba9876543210";

ScriptedAws Seed() {
  ScriptedAws aws;
  aws.Answer("DescribeServices", kService)
      .Answer("DescribeTaskDefinition", kDefinition)
      .Answer("DescribeScalableTargets",
              R"({"ScalableTargets": [{"MinCapacity": 4, "MaxCapacity": 12}]})")
      .Answer("DescribeScalingPolicies",
              R"({"ScalingPolicies": [{"PolicyName": "embedding-cpu-scaling",
        "TargetTrackingScalingPolicyConfiguration": {"TargetValue": 55.0, "ScaleInCooldown": 300,
        "ScaleOutCooldown": 60, "PredefinedMetricSpecification":
        {"PredefinedMetricType": "ECSServiceAverageCPUUtilization"}}}]})")
      .Answer("DescribeScheduledActions", R"json({"ScheduledActions": [
        {"ScheduledActionName": "morning", "Schedule": "cron(0 8 ? * MON-FRI *)",
         "Timezone": "Europe/Paris", "ScalableTargetAction": {"MinCapacity": 8}},
        {"ScheduledActionName": "odd", "Schedule": "rate(1 hour)",
         "ScalableTargetAction": {"MinCapacity": 1}}]})json")
      .Answer("DescribeTargetGroups", R"({"TargetGroups": [{"TargetGroupArn": "arn:tg",
        "TargetGroupName": "embedding", "HealthCheckPath": "/up", "LoadBalancerArns": ["arn:lb"]}]})")
      .Answer("DescribeTargetGroupAttributes", R"({"Attributes": [
        {"Key": "deregistration_delay.timeout_seconds", "Value": "300"}]})")
      .Answer("DescribeListeners",
              std::string(R"({"Listeners": [{"ListenerArn": ")") + kListener + R"("}]})")
      .Answer("DescribeRules", R"({"Rules": [
        {"Priority": "default", "Actions": [{"Type": "fixed-response"}]},
        {"Priority": "7", "Actions": [{"Type": "forward", "TargetGroupArn": "arn:tg"}],
         "Conditions": [{"Field": "path-pattern", "Values": ["/embed", "/v1/*"]}]}]})");
  return aws;
}

TEST(LiveServiceTest, TheSeedsServiceBecomesAFileThatMeansTheSame) {
  ScriptedAws aws = Seed();
  const auto live = ReadLiveService(aws.call(), "us-east-1", "ml-inference", "embedding-warm-pool");
  ASSERT_TRUE(live) << live.error().message;
  const std::string text = PoolSectionsOf(*live) + "\n" + EcsSectionOf(*live);
  const auto config = config::ParseConfig(text, "hearth.toml");
  ASSERT_TRUE(config) << config.error().message << "\n" << text;
  const auto spec = MakeSpec(*config);
  ASSERT_TRUE(spec) << spec.error().message << "\n" << text;
  EXPECT_EQ(spec->cluster, "ml-inference");
  EXPECT_EQ(spec->service, "embedding-warm-pool");
  EXPECT_EQ(spec->family, "embedding-service");
  EXPECT_EQ(spec->container, "embedding");
  EXPECT_EQ(spec->image, "repo/embedding-service:1.2");
  EXPECT_EQ(spec->cpu_units, 1024);
  EXPECT_EQ(spec->memory_mib, 4096);
  EXPECT_EQ(spec->floor, 4);
  EXPECT_EQ(spec->max, 12);
  EXPECT_EQ(spec->cpu_target, 55);
  EXPECT_EQ(spec->check.command[0], "CMD-SHELL");
  EXPECT_EQ(spec->check.start_period, seconds(90));
  EXPECT_EQ(spec->grace, seconds(60));
  EXPECT_EQ(spec->log_group, "/ecs/embedding-service");
  EXPECT_TRUE(spec->exec);
  EXPECT_TRUE(spec->rebalancing);
  EXPECT_FALSE(spec->public_ip);
  EXPECT_FALSE(spec->hearth_inside);
  EXPECT_EQ(spec->env.at("LOG_LEVEL"), "info");
  EXPECT_EQ(spec->tags, (std::map<std::string, std::string>{{"purpose", "warm-pool"}}));
  ASSERT_TRUE(spec->balancer);
  EXPECT_EQ(spec->balancer->listener, kListener);
  EXPECT_EQ(spec->balancer->target_group, "embedding");
  EXPECT_EQ(spec->balancer->path, "/up");
  EXPECT_EQ(spec->balancer->rule_priority, 7);
  EXPECT_THAT(spec->balancer->rule_paths, ElementsAre("/embed", "/v1/*"));
  ASSERT_EQ(spec->schedule.size(), 1u);
  EXPECT_EQ(spec->schedule[0].cron, "0 8 * * MON-FRI");
  EXPECT_EQ(spec->schedule[0].timezone, "Europe/Paris");
  EXPECT_EQ(spec->schedule[0].floor, 8);
  EXPECT_EQ(spec->task_definition_extra,
            boost::json::parse(R"({"volumes": [{"name": "cache"}], "containerDefinitions": [
              {"secrets": [{"name": "KEY", "valueFrom": "arn:secret"}], "name": "embedding"},
              {"name": "agent", "image": "repo/agent:1", "essential": false}]})"));
  EXPECT_THAT(text, HasSubstr("\"odd\", rate(1 hour), has no form here"));
  EXPECT_THAT(text, HasSubstr("# deregistration_delay was 300s"));
  EXPECT_THAT(text, Not(HasSubstr("aws:x")));
}

TEST(LiveServiceTest, WhatAwsRefusesIsSaidInTheFile) {
  ScriptedAws denied;
  denied.Answer("DescribeServices", kService)
      .Answer("DescribeTaskDefinition", kDefinition)
      .Refuse("DescribeScalableTargets", "AccessDeniedException")
      .Refuse("DescribeScalingPolicies", "AccessDeniedException")
      .Refuse("DescribeScheduledActions", "AccessDeniedException")
      .Refuse("DescribeTargetGroups", "AccessDeniedException");
  const auto live =
      ReadLiveService(denied.call(), "us-east-1", "ml-inference", "embedding-warm-pool");
  ASSERT_TRUE(live) << live.error().message;
  EXPECT_EQ(live->notes.size(), 4u);
  EXPECT_THAT(EcsSectionOf(*live), HasSubstr("# not told by AWS: DescribeScalableTargets"));
  EXPECT_THAT(PoolSectionsOf(*live), HasSubstr("floor = 4"));  // how many run now
}

TEST(LiveServiceTest, AServiceThatIsNotThereIsNotFound) {
  ScriptedAws aws;
  aws.Answer("DescribeServices", R"({"services": [], "failures": [{"reason": "MISSING"}]})");
  const auto live = ReadLiveService(aws.call(), "us-east-1", "ml-inference", "gone");
  ASSERT_FALSE(live);
  EXPECT_EQ(live.error().message,
            "there is no active service gone in cluster ml-inference (us-east-1)");
}

}  // namespace
}  // namespace hearth::ecs
