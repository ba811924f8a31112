// What is asked of AWS, and that a refusal is a note and not the end.
#include "doctor/gather_live.h"

#include <map>

#include "doctor/test_support.h"

namespace hearth::doctor {
namespace {

using namespace testing;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

// Answers by action; an action that it has no answer for gets {}. Remembers what was asked.
class Aws {
 public:
  Aws() {
    LiveFacts well = WellLive();
    json::object service = *well.observed.service;
    service["taskDefinition"] = "arn:td:1";
    answers["DescribeServices"] = {{"services", json::array{service}}};
    json::object definition = *well.observed.task_definition;
    definition["taskDefinitionArn"] = "arn:td:1";
    answers["DescribeTaskDefinition"] = {{"taskDefinition", definition}};
    answers["ListTasks"] = {{"taskArns", json::array{"arn:task/ml/0a"}}};
    answers["DescribeTasks"] = {{"tasks", json::array{TaskOf({.id = "0a"})}}};
    answers["ListServiceDeployments"] = {
        {"serviceDeployments", json::array{json::object{{"serviceDeploymentArn", "arn:d"}}}}};
    answers["DescribeServiceDeployments"] = {{"serviceDeployments", well.deployments}};
    answers["DescribeTargetGroups"] = {{"TargetGroups", json::array{*well.observed.target_group}}};
    answers["DescribeTargetGroupAttributes"] = {
        {"Attributes", well.observed.target_group_attributes}};
    answers["DescribeTargetHealth"] = {{"TargetHealthDescriptions", well.target_health}};
    answers["DescribeSecurityGroups"] = {{"SecurityGroups", well.security_groups}};
    answers["DescribeSubnets"] = {{"Subnets", well.subnets}};
    answers["DescribeImages"] = {{"imageDetails", well.image_details}};
    answers["GetLogEvents"] = {
        {"events",
         json::array{json::object{{"timestamp", (kNow - 500) * 1000}, {"message", "hi"}}}}};
  }

  aws::CallService Call() {
    return [this](const aws::ServiceRequest& request) -> aws::ServiceAnswer {
      asked.push_back(request);
      if (const auto refusal = refused.find(request.action); refusal != refused.end()) {
        aws::ServiceFailure failure;
        failure.error = {Code::kUnauthorized, request.action + ": " + refusal->second};
        failure.said.code = refusal->second;
        failure.http_status = 400;
        return tl::unexpected(failure);
      }
      const auto found = answers.find(request.action);
      return found == answers.end() ? json::object() : found->second;
    };
  }

  std::map<std::string, json::object> answers;
  std::map<std::string, std::string> refused;
  std::vector<aws::ServiceRequest> asked;
};

ecs::EcsSpec Spec() {
  ecs::EcsSpec spec = *WellFile().spec;
  spec.region = "us-east-1";
  spec.cluster = "ml";
  spec.service = "warm";
  spec.family = "embedding";
  return spec;
}

std::chrono::steady_clock::time_point Soon() {
  return std::chrono::steady_clock::now() + std::chrono::minutes(1);
}

TEST(GatherLive, FillsAllThatTheChecksLookAt) {
  Aws aws;
  const auto live = GatherLive(aws.Call(), Spec(), Soon());
  ASSERT_TRUE(live) << live.error().message;
  EXPECT_THAT(live->not_seen, IsEmpty());
  EXPECT_EQ(live->running_tasks.size(), 1u);
  EXPECT_EQ(live->stopped_tasks.size(), 1u);
  EXPECT_EQ(live->deployments.size(), 1u);
  // By the service's own word: hearth.toml may name no listener.
  ASSERT_TRUE(live->observed.target_group);
  EXPECT_EQ(live->observed.target_group->at("HealthCheckPath").as_string(), "/ready");
  EXPECT_EQ(live->observed.target_group_attributes.size(), 1u);
  EXPECT_EQ(live->target_health.size(), 4u);
  EXPECT_EQ(live->subnets.size(), 2u);
  EXPECT_EQ(live->security_groups.size(), 1u);
  EXPECT_EQ(live->image_details.size(), 1u);
  ASSERT_FALSE(live->log_lines.empty());
  EXPECT_EQ(live->log_lines[0].stream, "ecs/embedding/0a");
  EXPECT_DOUBLE_EQ(live->log_lines[0].time_s, kNow - 500);
  for (const aws::ServiceRequest& request : aws.asked) {
    EXPECT_THAT(request.action,
                ::testing::AnyOf(StartsWith("Describe"), StartsWith("List"), StartsWith("Get")));
  }
}

TEST(GatherLive, EachRefusalIsANoteAndTheRestIsSeen) {
  const std::pair<const char*, const char*> cases[] = {
      {"DescribeScalingActivities", "scaling activities: "},
      {"DescribeLogGroups", "log group: "},
      {"DescribeScalableTargets", "scalable target: "},
      {"DescribeTargetGroups", "target group: "},
      {"DescribeTargetGroupAttributes", "target group's attributes: "},
      {"GetTaskProtection", "task protection: "},
      {"ListServiceDeployments", "deployments: "},
      {"DescribeTargetHealth", "target health: "},
      {"DescribeImages", "image: "},
      {"GetLogEvents", "log: "},
      {"DescribeSecurityGroups", "security groups: "},
  };
  for (const auto& [action, note] : cases) {
    Aws aws;
    aws.refused[action] = "AccessDeniedException";
    const auto live = GatherLive(aws.Call(), Spec(), Soon());
    ASSERT_TRUE(live) << action << ": " << live.error().message;
    EXPECT_THAT(live->not_seen, Contains(StartsWith(note))) << action;
    EXPECT_EQ(live->stopped_tasks.size(), 1u) << action;
  }
}

TEST(GatherLive, ALogStreamThatIsNotThereYetIsNoRefusal) {
  Aws aws;
  aws.refused["GetLogEvents"] = "ResourceNotFoundException";
  const auto live = GatherLive(aws.Call(), Spec(), Soon());
  ASSERT_TRUE(live);
  EXPECT_THAT(live->not_seen, IsEmpty());
}

TEST(GatherLive, AfterTheDeadlineNothingMoreIsAsked) {
  Aws aws;
  const auto live = GatherLive(aws.Call(), Spec(), std::chrono::steady_clock::now());
  ASSERT_TRUE(live);
  EXPECT_THAT(live->not_seen, Contains(HasSubstr("the time for looking was over")));
  for (const aws::ServiceRequest& request : aws.asked) EXPECT_NE(request.action, "ListTasks");
}

TEST(GatherLive, WithoutAServiceOnlyTheInputsAreLookedAt) {
  Aws aws;
  aws.answers["DescribeServices"] = {};
  const auto live = GatherLive(aws.Call(), Spec(), Soon());
  ASSERT_TRUE(live);
  for (const aws::ServiceRequest& request : aws.asked) EXPECT_NE(request.action, "ListTasks");
}

}  // namespace
}  // namespace hearth::doctor
