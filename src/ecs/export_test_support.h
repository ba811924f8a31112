// A pool with everything in it, as desired.h has it, for the tests of both exports.
#pragma once

#include <boost/json/parse.hpp>
#include <string_view>

#include "ecs/desired.h"
#include "ecs/spec.h"

namespace hearth::ecs::testing {

inline boost::json::object Object(std::string_view text) {
  return boost::json::parse(text).as_object();
}

inline EcsSpec SampleSpec() {
  EcsSpec spec;
  spec.region = "eu-west-1";
  spec.cluster = "ml";
  spec.service = "pool";
  spec.subnets = {"subnet-0a1b2c3d", "subnet-1a1b2c3d"};
  return spec;
}

inline Desired SampleDesired() {
  return {{
      {Kind::kLogGroup, "/ecs/pool",
       Object(R"json({"logGroupName": "/ecs/pool", "tags": {"team": "a ${b}"}})json")},
      {Kind::kLogRetention, "/ecs/pool",
       Object(R"json({"logGroupName": "/ecs/pool", "retentionInDays": 30})json")},
      {Kind::kTaskDefinition, "pool", Object(R"json({"family": "pool", "networkMode": "awsvpc",
        "requiresCompatibilities": ["FARGATE"], "cpu": "1024", "memory": "2048",
        "executionRoleArn": "execution", "taskRoleArn": "arn:aws:iam::123456789012:role/task",
        "runtimePlatform": {"cpuArchitecture": "X86_64", "operatingSystemFamily": "LINUX"},
        "ephemeralStorage": {"sizeInGiB": 30}, "volumes": [{"name": "model", "host": {}}],
        "containerDefinitions": [{"name": "replica", "image": "an/image:1", "essential": true,
          "portMappings": [{"containerPort": 8000, "protocol": "tcp"}],
          "environment": [{"name": "GREETING", "value": "say \"${hi}\"\n%{x}"}],
          "dockerLabels": {"Ref": "x", "io.thing": "y"}, "dependsOn": [{"containerName": "pull", "condition": "SUCCESS"}],
          "healthCheck": {"command": ["CMD", "hearth", "probe", "health"], "interval": 15, "timeout": 5, "retries": 3, "startPeriod": 90},
          "logConfiguration": {"logDriver": "awslogs", "options": {"awslogs-group": "/ecs/pool", "awslogs-region": "eu-west-1", "awslogs-stream-prefix": "ecs"}}}],
        "tags": [{"key": "hearth:pool", "value": "ml/pool"}]})json")},
      {Kind::kTargetGroup, "pool",
       Object(
           R"json({"Name": "pool", "Protocol": "HTTP", "Port": 8000, "VpcId": "${vpc}", "TargetType": "ip",
        "HealthCheckPath": "/ready", "HealthyThresholdCount": 2, "Matcher": {"HttpCode": "200"}, "Tags": [{"Key": "team", "Value": "é"}]})json")},
      {Kind::kTargetGroupAttributes, "pool",
       Object(R"json({"TargetGroupArn": "${target_group}", "Attributes": [
        {"Key": "deregistration_delay.timeout_seconds", "Value": "30"},
        {"Key": "load_balancing.algorithm.type", "Value": "least_outstanding_requests"}]})json")},
      {Kind::kListenerRule, "pool",
       Object(
           R"json({"ListenerArn": "arn:aws:elasticloadbalancing:eu-west-1:123456789012:listener/app/a/0123456789abcdef/0123456789abcdef",
        "Priority": "${priority}", "Conditions": [{"Field": "path-pattern", "Values": ["/*"]}, {"Field": "host-header", "HostHeaderConfig": {"Values": ["a.example.com"]}}],
        "Actions": [{"Type": "forward", "TargetGroupArn": "${target_group}"}], "Tags": [{"Key": "team", "Value": "a"}]})json")},
      {Kind::kService, "pool",
       Object(
           R"json({"cluster": "ml", "serviceName": "pool", "taskDefinition": "${task_definition}", "desiredCount": 4, "launchType": "FARGATE",
        "deploymentConfiguration": {"maximumPercent": 200, "minimumHealthyPercent": 100, "strategy": "ROLLING", "deploymentCircuitBreaker": {"enable": true, "rollback": true}},
        "networkConfiguration": {"awsvpcConfiguration": {"subnets": ["subnet-0a1b2c3d", "subnet-1a1b2c3d"], "securityGroups": ["sg-0a1b2c3d"], "assignPublicIp": "DISABLED"}},
        "loadBalancers": [{"targetGroupArn": "${target_group}", "containerName": "replica", "containerPort": 8000}],
        "healthCheckGracePeriodSeconds": 60, "availabilityZoneRebalancing": "DISABLED", "enableExecuteCommand": true, "enableECSManagedTags": true,
        "tags": [{"key": "hearth:pool", "value": "ml/pool"}]})json")},
      {Kind::kScalableTarget, "service/ml/pool",
       Object(
           R"json({"ServiceNamespace": "ecs", "ResourceId": "service/ml/pool", "ScalableDimension": "ecs:service:DesiredCount",
        "MinCapacity": 4, "MaxCapacity": 12, "Tags": {"team": "a"}})json")},
      {Kind::kScalingPolicy, "pool-cpu",
       Object(
           R"json({"PolicyName": "pool-cpu", "ServiceNamespace": "ecs", "ResourceId": "service/ml/pool", "ScalableDimension": "ecs:service:DesiredCount",
        "PolicyType": "TargetTrackingScaling", "TargetTrackingScalingPolicyConfiguration": {"TargetValue": 60.0,
        "PredefinedMetricSpecification": {"PredefinedMetricType": "ECSServiceAverageCPUUtilization"}, "ScaleInCooldown": 300, "ScaleOutCooldown": 60}})json")},
      {Kind::kScalingPolicy, "pool-spare",
       Object(
           R"json({"PolicyName": "pool-spare", "ServiceNamespace": "ecs", "ResourceId": "service/ml/pool", "ScalableDimension": "ecs:service:DesiredCount",
        "PolicyType": "TargetTrackingScaling", "TargetTrackingScalingPolicyConfiguration": {"TargetValue": 1.0, "ScaleInCooldown": 300, "ScaleOutCooldown": 90,
        "CustomizedMetricSpecification": {"Metrics": [
          {"Id": "busy", "ReturnData": false, "MetricStat": {"Stat": "Sum", "Metric": {"Namespace": "hearth", "MetricName": "busy", "Dimensions": [{"Name": "Cluster", "Value": "ml"}, {"Name": "Service", "Value": "pool"}]}}},
          {"Id": "wanted", "ReturnData": true, "Label": "spare", "Expression": "(CEIL(busy/6 - 0.05) + 1) / 2"}]}}})json")},
      {Kind::kScheduledAction, "pool-floor-1",
       Object(
           R"json({"ScheduledActionName": "pool-floor-1", "ServiceNamespace": "ecs", "ResourceId": "service/ml/pool", "ScalableDimension": "ecs:service:DesiredCount",
        "Schedule": "cron(0 8 ? * MON-FRI *)", "Timezone": "Europe/Paris", "ScalableTargetAction": {"MinCapacity": 4}})json")},
      {Kind::kScheduledAction, "pool-floor-2",
       Object(
           R"json({"ScheduledActionName": "pool-floor-2", "ServiceNamespace": "ecs", "ResourceId": "service/ml/pool", "ScalableDimension": "ecs:service:DesiredCount",
        "Schedule": "cron(0 20 ? * MON-FRI *)", "Timezone": "Europe/Paris", "ScalableTargetAction": {"MinCapacity": 2}})json")},
  }};
}

}  // namespace hearth::ecs::testing
