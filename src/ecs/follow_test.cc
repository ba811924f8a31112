// Follow against scripted answers: each way in which a deployment ends.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

#include "aws/document.h"
#include "ecs/deployment.h"
#include "ecs/scripted_aws.h"

namespace hearth::ecs {
namespace {

using std::chrono::milliseconds;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* kService = R"({"services": [{"serviceName": "pool", "status": "ACTIVE",
  "desiredCount": 2, "runningCount": 2, "pendingCount": 0, "events": [
    {"id": "e2", "createdAt": 1010.5, "message": "(service pool) has started 1 tasks: (task t2)."},
    {"id": "e0", "createdAt": 10, "message": "(service pool) old news"}],
  "deployments": [{"id": "ecs-svc/2", "status": "PRIMARY", "taskDefinition": "arn:aws:ecs:::task-definition/pool:8",
    "createdAt": 1000, "desiredCount": 2, "runningCount": 2, "rolloutState": "COMPLETED"}]}]})";
constexpr const char* kStarting = R"({"services": [{"serviceName": "pool", "status": "ACTIVE",
  "desiredCount": 2, "runningCount": 1, "pendingCount": 1, "events": [
    {"id": "e1", "createdAt": 1001, "message": "(service pool) has started 1 tasks: (task t1)."}],
  "deployments": [
    {"id": "ecs-svc/2", "status": "PRIMARY", "taskDefinition": "arn:aws:ecs:::task-definition/pool:8",
     "createdAt": 1000, "desiredCount": 2, "runningCount": 1, "rolloutState": "IN_PROGRESS"},
    {"id": "ecs-svc/1", "status": "ACTIVE", "createdAt": 500, "desiredCount": 2, "runningCount": 1,
     "rolloutState": "COMPLETED"}]}]})";
constexpr const char* kListed = R"({"serviceDeployments": [
  {"serviceDeploymentArn": "arn:old", "createdAt": 500, "status": "SUCCESSFUL"},
  {"serviceDeploymentArn": "arn:new", "createdAt": 1000, "status": "IN_PROGRESS"}]})";
constexpr const char* kTasks = R"({"tasks": [
  {"taskArn": "arn:t1", "lastStatus": "RUNNING", "healthStatus": "HEALTHY"},
  {"taskArn": "arn:t2", "lastStatus": "RUNNING", "healthStatus": "HEALTHY"}]})";
constexpr const char* kOneCold = R"({"tasks": [
  {"taskArn": "arn:t1", "lastStatus": "RUNNING", "healthStatus": "HEALTHY"},
  {"taskArn": "arn:t2", "lastStatus": "RUNNING", "healthStatus": "UNKNOWN"}]})";
constexpr const char* kKilled = R"({"tasks": [
  {"taskArn": "arn:aws:ecs:eu-west-1:1:task/ml/0123abc", "lastStatus": "STOPPED",
   "taskDefinitionArn": "arn:aws:ecs:eu-west-1:1:task-definition/pool:8", "stoppedAt": 1020,
   "stopCode": "EssentialContainerExited", "stoppedReason": "Essential container in task exited",
   "containers": [{"name": "replica", "exitCode": 137,
     "reason": "OutOfMemoryError: Container killed due to memory usage"}]},
  {"taskArn": "arn:t0", "lastStatus": "STOPPED", "stoppedAt": 900,
   "stopCode": "EssentialContainerExited", "stoppedReason": "of long ago"}]})";

std::string Deployment(const std::string& status, const std::string& more = "") {
  return R"({"serviceDeployments": [{"serviceDeploymentArn": "arn:new", "createdAt": 1000,
    "sourceServiceRevisions": [{"arn": "arn:rev1"}],
    "targetServiceRevision": {"arn": "arn:rev2", "requestedTaskCount": 2, "runningTaskCount": 1},
    "status": ")" +
         status + "\"" + (more.empty() ? "" : ", " + more) + "}]}";
}

class FollowTest : public ::testing::Test {
 protected:
  FollowTest() {
    aws_.Answer("ListServiceDeployments", kListed);
    options_.poll = milliseconds(1);
    options_.timeout = std::chrono::minutes(1);  // never reached where the script ends
  }

  // ListTasks is asked with RUNNING and STOPPED in turn: no stopped ones, unless scripted.
  void NoneStopped() { aws_.Answer("ListTasks", R"({"taskArns": []})"); }
  Result<DeploymentState> Run() {
    return Follow(aws_.call(), TestSpec(), options_, cancel_,
                  [this](const std::string& line) { lines_.push_back(line); });
  }

  ScriptedAws aws_;
  FollowOptions options_;
  Cancel cancel_;
  std::vector<std::string> lines_;
};

TEST_F(FollowTest, IsDoneWhenTheDeploymentIsAndAllWantedTasksAreHealthy) {
  aws_.Answer("DescribeServices", kStarting).Answer("DescribeServices", kService);
  aws_.Answer("DescribeServiceDeployments",
              Deployment("IN_PROGRESS", R"("lifecycleStage": "SCALE_UP")"))
      .Answer("DescribeServiceDeployments", Deployment("SUCCESSFUL"));
  aws_.Answer("ListTasks", R"({"taskArns": []})")  // stopped
      .Answer("ListTasks", R"({"taskArns": []})")
      .Answer("ListTasks", R"({"taskArns": ["arn:t1", "arn:t2"]})")  // running
      .Answer("ListTasks", R"({"taskArns": []})")
      .Answer("ListTasks", R"({"taskArns": ["arn:t1", "arn:t2"]})");
  aws_.Answer("DescribeTasks", kOneCold).Answer("DescribeTasks", kTasks);

  const auto end = Run();
  ASSERT_TRUE(end) << end.error().message;
  EXPECT_EQ(end->end, DeploymentEnd::kDone);
  EXPECT_EQ(end->arn, "arn:new");
  EXPECT_THAT(lines_, Contains("deployment IN_PROGRESS, SCALE_UP"));
  EXPECT_THAT(lines_, Contains("(service pool) has started 1 tasks: (task t1)."));
  EXPECT_THAT(lines_, Contains("1 of 2 tasks running, 1 pending"));
  EXPECT_THAT(lines_, Contains("1 of 2 tasks ready"));
  EXPECT_THAT(lines_, Not(Contains(HasSubstr("old news"))));
  EXPECT_EQ(aws_.Count("ListServiceDeployments"), 1);
}

TEST_F(FollowTest, ARollbackIsAnErrorWithItsReason) {
  aws_.Answer("DescribeServices", kStarting);
  aws_.Answer("DescribeServiceDeployments",
              Deployment("ROLLBACK_SUCCESSFUL",
                         R"("rollback": {"reason": "a person stopped the deployment"})"));
  NoneStopped();
  const auto end = Run();
  ASSERT_FALSE(end);
  EXPECT_EQ(end.error().code, Code::kUnavailable);
  EXPECT_EQ(end.error().message, "the deployment was rolled back: a person stopped the deployment");
}

TEST_F(FollowTest, ARollbackThatWasAskedForIsNone) {
  aws_.Answer("DescribeServices", kService);
  aws_.Answer("DescribeServiceDeployments", Deployment("ROLLBACK_IN_PROGRESS"))
      .Answer("DescribeServiceDeployments", Deployment("ROLLBACK_SUCCESSFUL"));
  aws_.Answer("ListTasks", R"({"taskArns": []})")
      .Answer("ListTasks", R"({"taskArns": []})")
      .Answer("ListTasks", R"({"taskArns": ["arn:t1", "arn:t2"]})");
  aws_.Answer("DescribeTasks", kTasks);
  options_.wanted = DeploymentEnd::kRolledBack;
  const auto end = Run();
  ASSERT_TRUE(end) << end.error().message;
  EXPECT_EQ(end->end, DeploymentEnd::kRolledBack);
}

TEST_F(FollowTest, TheCircuitBreakerNamesTheTaskItsReasonAndItsLastLines) {
  aws_.Answer("DescribeServices", kStarting);
  aws_.Answer("DescribeServiceDeployments",
              Deployment("IN_PROGRESS",
                         R"("deploymentCircuitBreaker": {"failureCount": 1, "threshold": 3})"))
      .Answer(
          "DescribeServiceDeployments",
          Deployment(
              "ROLLBACK_SUCCESSFUL",
              R"("statusReason": "Service deployment rolled back because the circuit breaker threshold was exceeded.",
                            "deploymentCircuitBreaker": {"status": "TRIGGERED", "failureCount": 3, "threshold": 3})"));
  aws_.Answer("ListTasks",
              R"({"taskArns": ["arn:aws:ecs:eu-west-1:1:task/ml/0123abc", "arn:t0"]})");
  aws_.Answer("DescribeTasks", kKilled);
  aws_.Answer("GetLogEvents", R"({"events": [{"timestamp": 1, "message": "loading model"},
                                            {"timestamp": 2, "message": "allocating 4 GB"}]})");
  const auto end = Run();
  ASSERT_FALSE(end);
  EXPECT_EQ(end.error().message,
            "the deployment was rolled back: Service deployment rolled back because the circuit "
            "breaker threshold was exceeded.; 3 of 3 tasks failed (circuit breaker); task 0123abc "
            "(pool:8) stopped: Essential container in task exited; replica: OutOfMemoryError: "
            "Container killed due to memory usage (exit 137); its last log lines:\n"
            "  loading model\n  allocating 4 GB");
  EXPECT_EQ(aws::TextOf(aws_.Input("GetLogEvents"), "logStreamName"), "ecs/replica/0123abc");
  EXPECT_EQ(aws::TextOf(aws_.Input("GetLogEvents"), "logGroupName"), "/ecs/pool");
  EXPECT_THAT(lines_, Contains("1 failed tasks; the circuit breaker opens at 3"));
  EXPECT_THAT(lines_, Contains(HasSubstr("task 0123abc (pool:8) stopped: Essential container")));
  EXPECT_THAT(lines_, Not(Contains(HasSubstr("of long ago"))));
}

TEST_F(FollowTest, AlarmsAreNamed) {
  aws_.Answer("DescribeServices", kStarting);
  aws_.Answer("DescribeServiceDeployments",
              Deployment("ROLLBACK_FAILED", R"("alarms": {"status": "TRIGGERED",
                "alarmNames": ["p99", "5xx"], "triggeredAlarmNames": ["p99"]})"));
  NoneStopped();
  const auto end = Run();
  ASSERT_FALSE(end);
  EXPECT_EQ(end.error().message, "the deployment failed, and so did its rollback: alarms: p99");
}

TEST_F(FollowTest, TheTimeOutSaysHowItStandsAndWhatFailed) {
  aws_.Answer("DescribeServices", kStarting);
  aws_.Answer("DescribeServiceDeployments",
              Deployment("IN_PROGRESS", R"("lifecycleStage": "SCALE_UP")"));
  aws_.Answer("ListTasks", R"({"taskArns": ["arn:aws:ecs:eu-west-1:1:task/ml/0123abc"]})");
  aws_.Answer("DescribeTasks", kKilled);
  aws_.Refuse("GetLogEvents", "ResourceNotFoundException", 400, "no such stream");
  options_.timeout = milliseconds(20);
  const auto end = Run();
  ASSERT_FALSE(end);
  EXPECT_EQ(end.error().code, Code::kDeadlineExceeded);
  EXPECT_THAT(end.error().message,
              AllOf(HasSubstr("the deployment of pool has not ended within 0.02 s: IN_PROGRESS "
                              "SCALE_UP, 1 of 2 tasks running"),
                    HasSubstr("hearth ecs rollback"), HasSubstr("OutOfMemoryError"),
                    HasSubstr("its log: GetLogEvents: ResourceNotFoundException: no such stream")));
}

TEST_F(FollowTest, ACancelEndsTheWaitWithoutAnotherCall) {
  aws_.Answer("DescribeServices", kStarting);
  aws_.Answer("DescribeServiceDeployments", Deployment("IN_PROGRESS"));
  NoneStopped();
  options_.poll = std::chrono::minutes(1);  // it would not end by itself
  aws_.watch = [this](const aws::ServiceRequest& request) {
    if (request.action == "ListTasks") cancel_.Fire();
  };
  const auto end = Run();
  ASSERT_FALSE(end);
  EXPECT_EQ(end.error().code, Code::kCancelled);
  EXPECT_THAT(end.error().message, HasSubstr("hearth ecs wait"));
  EXPECT_EQ(aws_.Count("DescribeServices"), 1);
}

TEST_F(FollowTest, ThrottlingAndFailuresOfAwsAreWaitedOut) {
  aws_.Refuse("DescribeServices", "ThrottlingException", 400, "Rate exceeded")
      .Refuse("DescribeServices", "ServerException", 500, "try later")
      .Answer("DescribeServices", kService);
  aws_.Refuse("DescribeServiceDeployments", "ThrottlingException")
      .Answer("DescribeServiceDeployments", Deployment("SUCCESSFUL"));
  aws_.Answer("ListTasks", R"({"taskArns": ["arn:t1", "arn:t2"]})");
  aws_.Answer("DescribeTasks", kTasks);
  const auto end = Run();
  ASSERT_TRUE(end) << end.error().message;
  EXPECT_EQ(aws_.Count("DescribeServices"), 4);
  EXPECT_THAT(lines_, Contains(HasSubstr("Rate exceeded; asking again")));
}

TEST_F(FollowTest, RefusedCredentialsEndItAtOnce) {
  aws_.Refuse("DescribeServices", "ExpiredTokenException", 400, "expired");
  const auto end = Run();
  ASSERT_FALSE(end);
  EXPECT_THAT(end.error().message, HasSubstr("ExpiredTokenException"));
  EXPECT_EQ(aws_.Count("DescribeServices"), 1);
}

class FallbackTest : public FollowTest,
                     public ::testing::WithParamInterface<std::pair<const char*, int>> {};

TEST_P(FallbackTest, WithoutServiceDeploymentsTheServicesOwnListIsRead) {
  aws_ = ScriptedAws();
  aws_.Refuse("ListServiceDeployments", GetParam().first, GetParam().second);
  aws_.Answer("DescribeServices", kStarting).Answer("DescribeServices", kService);
  aws_.Answer("ListTasks", R"({"taskArns": []})")
      .Answer("ListTasks", R"({"taskArns": []})")
      .Answer("ListTasks", R"({"taskArns": ["arn:t1", "arn:t2"]})");
  aws_.Answer("DescribeTasks", kTasks);
  const auto end = Run();
  ASSERT_TRUE(end) << end.error().message;
  EXPECT_EQ(end->arn, "ecs-svc/2");
  EXPECT_EQ(aws_.Count("ListServiceDeployments"), 1);
  EXPECT_THAT(lines_, Contains(HasSubstr("reading the service's own list of deployments")));
}

INSTANTIATE_TEST_SUITE_P(Endpoints, FallbackTest,
                         ::testing::Values(std::pair("AccessDeniedException", 400),
                                           std::pair("UnknownOperationException", 400),
                                           std::pair("", 500)));

TEST_F(FollowTest, WithoutServiceDeploymentsARollbackIsStillOne) {
  aws_ = ScriptedAws();
  aws_.Refuse("ListServiceDeployments", "AccessDeniedException");
  aws_.Answer("DescribeServices", kStarting)
      .Answer("DescribeServices", R"({"services": [{"serviceName": "pool", "status": "ACTIVE",
        "desiredCount": 2, "runningCount": 2, "deployments": [
        {"id": "ecs-svc/3", "status": "PRIMARY", "createdAt": 1100, "rolloutState": "IN_PROGRESS"},
        {"id": "ecs-svc/2", "status": "ACTIVE", "createdAt": 1000, "rolloutState": "FAILED",
         "failedTasks": 3, "rolloutStateReason": "ECS deployment circuit breaker: tasks failed to start."}]}]})");
  NoneStopped();
  const auto end = Run();
  ASSERT_FALSE(end);
  EXPECT_EQ(end.error().message,
            "the deployment was rolled back: ECS deployment circuit breaker: tasks failed to "
            "start.; 3 tasks failed");
}

TEST_F(FollowTest, DeploymentsBegunBeforeAreNotOurs) {
  aws_ = ScriptedAws();
  aws_.Answer("ListServiceDeployments", R"({"serviceDeployments": [
        {"serviceDeploymentArn": "arn:old", "createdAt": 500, "status": "ROLLBACK_SUCCESSFUL"}]})")
      .Answer("ListServiceDeployments", kListed);
  aws_.Answer("DescribeServices", kService);
  aws_.Answer("DescribeServiceDeployments", Deployment("SUCCESSFUL"));
  aws_.Answer("ListTasks", R"({"taskArns": ["arn:t1", "arn:t2"]})");
  aws_.Answer("DescribeTasks", kTasks);
  options_.begun_after_s = 500;
  const auto end = Run();
  ASSERT_TRUE(end) << end.error().message;
  EXPECT_EQ(end->arn, "arn:new");
  EXPECT_EQ(aws_.Count("ListServiceDeployments"), 2);
  EXPECT_EQ(
      aws::NumberOf(aws::ObjectOf(aws_.Input("ListServiceDeployments"), "createdAt"), "after"),
      500);
}

TEST_F(FollowTest, AMissingServiceIsNotFound) {
  aws_.Answer("DescribeServices", R"({"services": [], "failures": [{"reason": "MISSING"}]})");
  const auto end = Run();
  ASSERT_FALSE(end);
  EXPECT_EQ(end.error().code, Code::kNotFound);
  EXPECT_THAT(end.error().message, HasSubstr("no service pool in cluster ml (eu-west-1)"));
}

TEST_F(FollowTest, WithATargetGroupHealthyTargetsCount) {
  aws_.Answer("DescribeServices", R"({"services": [{"serviceName": "pool", "status": "ACTIVE",
    "desiredCount": 2, "runningCount": 2, "loadBalancers": [{"targetGroupArn": "arn:tg"}]}]})");
  aws_.Answer("DescribeServiceDeployments", Deployment("SUCCESSFUL"));
  aws_.Answer("DescribeTargetHealth", R"({"TargetHealthDescriptions": [
        {"TargetHealth": {"State": "healthy"}}, {"TargetHealth": {"State": "initial"}}]})")
      .Answer("DescribeTargetHealth", R"({"TargetHealthDescriptions": [
        {"TargetHealth": {"State": "healthy"}}, {"TargetHealth": {"State": "healthy"}},
        {"TargetHealth": {"State": "draining"}}]})");
  NoneStopped();
  const auto end = Run();
  ASSERT_TRUE(end) << end.error().message;
  EXPECT_EQ(aws_.Count("DescribeTargetHealth"), 2);
}

}  // namespace
}  // namespace hearth::ecs
