// For tests: a pool on ECS that is well, to be broken in one place; and what a check says of it.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "doctor/check.h"

namespace hearth::doctor::testing {

namespace json = boost::json;

constexpr double kNow = 1'764'000'000;

inline json::object Parse(std::string_view text) { return json::parse(text).as_object(); }

inline json::object TaskDefinition() {
  return Parse(R"({
    "family": "embedding", "cpu": "1024", "memory": "4096", "networkMode": "awsvpc",
    "executionRoleArn": "arn:aws:iam::123456789012:role/execution",
    "taskRoleArn": "arn:aws:iam::123456789012:role/task",
    "containerDefinitions": [{
      "name": "embedding", "essential": true,
      "image": "123456789012.dkr.ecr.us-east-1.amazonaws.com/embedding:1.4.2",
      "portMappings": [{"containerPort": 8000, "protocol": "tcp"}],
      "environment": [{"name": "HF_HOME", "value": "/app/.cache"}],
      "healthCheck": {"command": ["CMD-SHELL", "curl -f http://localhost:8000/health || exit 1"],
                      "interval": 15, "timeout": 5, "retries": 3, "startPeriod": 90},
      "stopTimeout": 60,
      "logConfiguration": {"logDriver": "awslogs", "options": {"awslogs-group": "/ecs/embedding",
        "awslogs-region": "us-east-1", "awslogs-stream-prefix": "ecs"}}}]})");
}

inline json::object Service() {
  return Parse(R"({
    "serviceName": "warm", "status": "ACTIVE", "desiredCount": 4, "runningCount": 4,
    "pendingCount": 0, "healthCheckGracePeriodSeconds": 90, "enableExecuteCommand": true,
    "availabilityZoneRebalancing": "DISABLED",
    "loadBalancers": [{"targetGroupArn": "arn:tg", "containerName": "embedding",
                       "containerPort": 8000}],
    "networkConfiguration": {"awsvpcConfiguration": {"subnets": ["subnet-a", "subnet-b"],
      "securityGroups": ["sg-1"]}},
    "deployments": [{"status": "PRIMARY", "taskDefinition": "arn:td:1", "runningCount": 4}],
    "events": []})");
}

// MinCapacity and the like, of the file and of AWS.
inline json::object ScalableTarget() { return Parse(R"({"MinCapacity": 4, "MaxCapacity": 12})"); }

inline json::object TargetGroup() {
  return Parse(R"({"TargetGroupName": "warm", "HealthCheckPath": "/ready",
    "HealthCheckIntervalSeconds": 15, "UnhealthyThresholdCount": 3, "Matcher": {"HttpCode": "200"}})");
}

inline json::object Policy() {
  return Parse(R"({"PolicyName": "cpu", "TargetTrackingScalingPolicyConfiguration":
    {"TargetValue": 60, "ScaleInCooldown": 300, "ScaleOutCooldown": 60}})");
}

inline LiveFacts WellLive() {
  LiveFacts live;
  live.observed.inputs = {{"cluster", "ml", "", false}};
  live.observed.log_group = Parse(R"({"logGroupName": "/ecs/embedding"})");
  live.observed.task_definition = TaskDefinition();
  live.observed.service = Service();
  live.observed.target_group = TargetGroup();
  live.observed.target_group_attributes = {
      Parse(R"({"Key": "deregistration_delay.timeout_seconds", "Value": "60"})")};
  live.observed.scalable_target = ScalableTarget();
  live.observed.policies = {Policy()};
  live.deployments = {Parse(R"({"status": "SUCCESSFUL", "createdAt": 1763990000})")};
  for (const char* id : {"r1", "r2", "r3", "r4"}) {
    live.running_tasks.push_back(json::object{{"taskArn", std::string("arn:task/ml/") + id},
                                              {"startedAt", kNow - 3600},
                                              {"pullStartedAt", kNow - 3630},
                                              {"pullStoppedAt", kNow - 3610},
                                              {"healthStatus", "HEALTHY"}});
    live.target_health.push_back(Parse(
        R"({"Target": {"Id": "10.0.0.1", "Port": 8000}, "TargetHealth": {"State": "healthy"}})"));
  }
  live.subnets = {Parse(R"({"SubnetId": "subnet-a", "AvailabilityZone": "us-east-1a"})"),
                  Parse(R"({"SubnetId": "subnet-b", "AvailabilityZone": "us-east-1b"})")};
  live.security_groups = {Parse(R"({"GroupId": "sg-1", "IpPermissions":
    [{"IpProtocol": "tcp", "FromPort": "8000", "ToPort": "8000"}]})")};
  live.image_details = {Parse(R"({"imageSizeInBytes": 480000000})")};
  return live;
}

inline StaticFacts WellFile() {
  StaticFacts file;
  file.config.path = "hearth.toml";
  file.config.ecs.given = true;
  file.config.pool.floor = 4;
  file.config.replica.memory_bytes = int64_t{4} << 30;
  ecs::EcsSpec spec;
  spec.container = "embedding";
  spec.hearth_inside = false;
  spec.log_group = "/ecs/embedding";
  spec.image = "123456789012.dkr.ecr.us-east-1.amazonaws.com/embedding:1.4.2";
  file.spec = spec;
  ecs::Desired desired;
  desired.resources = {
      {ecs::Kind::kTaskDefinition, "embedding", TaskDefinition()},
      {ecs::Kind::kTargetGroup, "warm", TargetGroup()},
      {ecs::Kind::kTargetGroupAttributes, "warm",
       Parse(
           R"({"Attributes": [{"Key": "deregistration_delay.timeout_seconds", "Value": "60"}]})")},
      {ecs::Kind::kService, "warm", Service()},
      {ecs::Kind::kScalableTarget, "warm", ScalableTarget()},
      {ecs::Kind::kScalingPolicy, "cpu", Policy()}};
  file.desired = desired;
  return file;
}

inline LocalFacts WellLocal() {
  LocalFacts local;
  local.machine.user = 1000;
  local.machine.folders = {{"/app/.cache", "HF_HOME", true, true, true, 50'000'000'000}};
  local.model = ModelFacts{"/models/m", 90'000'000, std::nullopt, ""};
  local.image = ImageFacts{"embedding:1.4.2", 900'000'000, {}, {}, ""};
  local.pool_status = Parse(R"({"name": "hearth", "floor": {"value": 2}, "ready": 3,
    "starting": 0, "roll_state": "none", "replicas": []})");
  return local;
}

inline Facts Well() {
  Facts facts;
  facts.file = WellFile();
  facts.local = WellLocal();
  facts.live = WellLive();
  facts.now_s = kNow;
  return facts;
}

// A container of the task definition, or the replica itself.
inline json::object& Container(Facts& facts) {
  return facts.live->observed.task_definition->at("containerDefinitions").as_array()[0].as_object();
}
inline json::object& FileInput(Facts& facts, ecs::Kind kind) {
  for (ecs::Resource& resource : facts.file->desired->resources) {
    if (resource.kind == kind) return resource.input;
  }
  throw std::logic_error("no such resource");
}

struct Stopped {
  std::string id = "0a";
  double lived = 30;
  std::string stop_code = "EssentialContainerExited";
  std::string reason = "Essential container in task exited";
  std::string container_reason = {};
  std::optional<int> exit_code = {};
  std::string health = "UNKNOWN";
};

inline json::object TaskOf(const Stopped& stopped) {
  json::object container{{"name", "embedding"}, {"healthStatus", stopped.health}};
  if (!stopped.container_reason.empty()) container["reason"] = stopped.container_reason;
  if (stopped.exit_code) container["exitCode"] = *stopped.exit_code;
  return {{"taskArn", "arn:aws:ecs:us-east-1:123456789012:task/ml/" + stopped.id},
          {"stopCode", stopped.stop_code},
          {"stoppedReason", stopped.reason},
          {"startedAt", kNow - 600},
          {"stoppingAt", kNow - 600 + stopped.lived},
          {"stoppedAt", kNow - 595 + stopped.lived},
          {"containers", json::array{std::move(container)}}};
}

inline void Stop(Facts& facts, const Stopped& stopped) {
  facts.live->stopped_tasks.emplace_back(TaskOf(stopped));
}

// A line of the log of `task`, in seconds after TaskOf's start.
inline void Log(Facts& facts, const std::string& task, double after_start,
                const std::string& message) {
  facts.live->log_lines.push_back({"ecs/embedding/" + task, message, kNow - 600 + after_start});
}

inline std::vector<Finding> Ask(const Facts& facts, std::string_view check) {
  for (const Check& one : Checks()) {
    if (one.name == check) return one.run(facts);
  }
  ADD_FAILURE() << "there is no check " << check;
  return {};
}

inline Verdict Worst(const std::vector<Finding>& findings) {
  bool skip = false;
  for (const Finding& finding : findings) {
    if (finding.verdict == Verdict::kNg) return Verdict::kNg;
    skip = skip || finding.verdict == Verdict::kSkip;
  }
  return skip ? Verdict::kSkip : Verdict::kOk;
}

// All that a check's findings say, a line each.
inline std::string Words(const std::vector<Finding>& findings) {
  std::string words;
  for (const Finding& finding : findings) {
    words += finding.title + "\n";
    for (const std::string& line : finding.evidence) words += line + "\n";
    words += finding.fix + "\n";
  }
  return words;
}

// The names of the checks that say NG.
inline std::vector<std::string> NgChecks(const Facts& facts) {
  std::vector<std::string> names;
  for (const Verdicts::Of& of : Examine(facts).checks) {
    if (Worst(of.findings) == Verdict::kNg) names.emplace_back(of.check->name);
  }
  return names;
}

}  // namespace hearth::doctor::testing
