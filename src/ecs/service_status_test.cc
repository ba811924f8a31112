// status: what is read, where numbers come from, and the printed form to the letter.
#include "ecs/service_status.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json/serialize.hpp>

#include "aws/document.h"
#include "ecs/scripted_aws.h"
#include "ecs/spare_policy.h"

namespace hearth::ecs {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;

constexpr double kNow = 1'700'000'000;
constexpr std::chrono::system_clock::time_point kNowPoint{std::chrono::seconds(1'700'000'000)};

constexpr const char* kService = R"({"services": [{"serviceName": "pool", "status": "ACTIVE",
  "taskDefinition": "arn:aws:ecs:eu-west-1:1:task-definition/pool:8",
  "desiredCount": 4, "runningCount": 3, "pendingCount": 1,
  "loadBalancers": [{"targetGroupArn": "arn:tg"}],
  "events": [{"id": "2", "createdAt": 1699999970, "message": "(service pool) has started 1 tasks: (task b)."},
             {"id": "1", "createdAt": 1699990000, "message": "(service pool) has reached a steady state."}],
  "deployments": [{"id": "ecs-svc/2", "status": "PRIMARY", "createdAt": 1699999940,
     "taskDefinition": "pool:8", "desiredCount": 4, "runningCount": 1, "rolloutState": "IN_PROGRESS"},
    {"id": "ecs-svc/1", "status": "ACTIVE", "createdAt": 1699000000}]}]})";
constexpr const char* kTarget = R"({"ScalableTargets": [{"MinCapacity": 6, "MaxCapacity": 12,
  "SuspendedState": {"DynamicScalingInSuspended": true, "DynamicScalingOutSuspended": false}}]})";
constexpr const char* kDescribed = R"({"serviceDeployments": [{"serviceDeploymentArn": "arn:d",
  "createdAt": 1699999940, "status": "IN_PROGRESS", "lifecycleStage": "SCALE_UP",
  "sourceServiceRevisions": [{"arn": "arn:1"}],
  "targetServiceRevision": {"arn": "arn:2", "requestedTaskCount": 4, "runningTaskCount": 1}}]})";
constexpr const char* kTargets = R"({"TargetHealthDescriptions": [
  {"TargetHealth": {"State": "healthy"}}, {"TargetHealth": {"State": "healthy"}},
  {"TargetHealth": {"State": "initial", "Reason": "Elb.InitialHealthChecking"}}]})";
constexpr const char* kTasks = R"({"tasks": [
  {"taskArn": "arn:aws:ecs:eu-west-1:1:task/ml/bbbb", "lastStatus": "PENDING",
   "taskDefinitionArn": "arn:aws:ecs:eu-west-1:1:task-definition/pool:8", "createdAt": 1699999970},
  {"taskArn": "arn:aws:ecs:eu-west-1:1:task/ml/aaaa", "lastStatus": "RUNNING",
   "healthStatus": "HEALTHY", "availabilityZone": "eu-west-1a",
   "taskDefinitionArn": "arn:aws:ecs:eu-west-1:1:task-definition/pool:7", "createdAt": 1699990000}]})";

class StatusTest : public ::testing::Test {
 protected:
  StatusTest() {
    EcsSpec two = TestSpec();
    two.spare = 2;
    const boost::json::object policies{{"ScalingPolicies", boost::json::array{SparePolicy(two)}}};
    aws_.Answer("DescribeServices", kService)
        .Answer("DescribeScalingPolicies", boost::json::serialize(policies))
        .Answer("DescribeServiceDeployments", kDescribed)
        .Answer("DescribeTargetHealth", kTargets)
        .Answer("DescribeTasks", kTasks)
        .Answer("ListTasks", R"({"taskArns": ["a", "b"]})");
  }
  void Rest() {
    aws_.Answer("DescribeScalableTargets", kTarget)
        .Answer("ListServiceDeployments", R"({"serviceDeployments": [
            {"serviceDeploymentArn": "arn:d", "createdAt": 1699999940}]})");
  }
  ScriptedAws aws_;
};

TEST_F(StatusTest, PrintsThePoolAndWhereItsNumbersComeFrom) {
  Rest();
  const auto status = ReadStatus(aws_.call(), TestSpec(), kNowPoint);
  ASSERT_TRUE(status) << status.error().message;
  EXPECT_EQ(StatusText(*status, kNow),
            R"(pool in cluster ml (eu-west-1), ACTIVE: 3 running, 4 wanted, 1 pending; pool:8
floor 6 (set on AWS; hearth.toml says 4) · spare 2 (set on AWS; hearth.toml says 1) · max 12 (hearth.toml)
the deployment is under way (IN_PROGRESS, SCALE_UP): 1 of 4 tasks running, begun 1m 00s ago
targets: 2 healthy, 1 initial
note: 4 tasks are wanted, below the floor of 6: someone set the count by hand, and AWS raises it only when it scales next; `hearth ecs scale --floor 6` does so now
note: scaling is suspended: DynamicScalingInSuspended

TASK  STATE    HEALTH   VERSION  AGE     ZONE
aaaa  RUNNING  HEALTHY  pool:7   2h 46m  eu-west-1a
bbbb  PENDING  -        pool:8   30s     -

     30s ago: (service pool) has started 1 tasks: (task b).
  2h 46m ago: (service pool) has reached a steady state.
)");
}

TEST_F(StatusTest, TheSameAsJson) {
  Rest();
  const auto status = ReadStatus(aws_.call(), TestSpec(), kNowPoint);
  ASSERT_TRUE(status);
  const boost::json::object json = StatusJson(*status, kNow);
  EXPECT_EQ(boost::json::serialize(json.at("floor")),
            R"({"value":6,"origin":"set on AWS; hearth.toml says 4"})");
  EXPECT_EQ(boost::json::serialize(json.at("targets")), R"({"healthy":2,"initial":1})");
  EXPECT_EQ(aws::TextOf(aws::ObjectOf(json, "deployment"), "stage"), "SCALE_UP");
  const auto& tasks = aws::ListOf(json, "tasks");
  ASSERT_EQ(tasks.size(), 2u);
  EXPECT_EQ(aws::NumberOf(aws::AsObject(tasks[1]), "ageSeconds"), 30);
  EXPECT_TRUE(aws::AsObject(tasks[1]).at("startedAt").is_null());
}

TEST_F(StatusTest, WhatAwsRefusesToTellIsANote) {
  aws_.Refuse("DescribeScalableTargets", "AccessDeniedException")
      .Refuse("ListServiceDeployments", "", 500);
  const auto status = ReadStatus(aws_.call(), TestSpec(), kNowPoint);
  ASSERT_TRUE(status) << status.error().message;
  EXPECT_THAT(status->notes, Contains(HasSubstr("floor and max: not told: ")));
  ASSERT_TRUE(status->deployment);
  EXPECT_EQ(status->deployment->arn, "ecs-svc/2");
  EXPECT_THAT(StatusText(*status, kNow), HasSubstr("floor ? · spare 2"));
}

TEST_F(StatusTest, AServiceThatIsNotThereIsNotFound) {
  ScriptedAws none;
  none.Answer("DescribeServices",
              R"({"services": [{"serviceName": "pool", "status": "INACTIVE"}]})");
  const auto status = ReadStatus(none.call(), TestSpec(), kNowPoint);
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, Code::kNotFound);
}

TEST(OriginTest, SaysWhoSetANumber) {
  EXPECT_EQ(OriginOf(4, 4, false).origin, "hearth.toml");
  EXPECT_EQ(OriginOf(4, 4, true).origin, "hearth.toml, its schedule");
  EXPECT_EQ(OriginOf(6, 4, true).origin, "set on AWS; hearth.toml says 4");
  EXPECT_EQ(OriginOf(std::nullopt, 4, false).origin, "not set on AWS; hearth.toml says 4");
}

TEST(SpareOfTest, KnowsHearthsPolicyFromOthers) {
  EcsSpec spec = TestSpec();
  for (const int spare : {0, 1, 7, 1000}) {
    spec.spare = spare;
    EXPECT_EQ(SpareOf(TestSpec(), SparePolicy(spec)), spare);
  }
  EXPECT_EQ(SpareOf(TestSpec(), {{"PolicyName", "pool-cpu"}}), std::nullopt);
}

}  // namespace
}  // namespace hearth::ecs
