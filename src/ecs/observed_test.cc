// What is asked for, and what is said of inputs.
#include "ecs/observed.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ecs/plan_test_support.h"

namespace hearth::ecs {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::vector<std::string> Remedies(FakeAws* aws, const EcsSpec& spec) {
  std::vector<std::string> remedies;
  for (const InputCheck& check : ObservedOf(aws, spec).inputs) {
    if (!check.remedy.empty()) remedies.push_back(check.remedy);
  }
  return remedies;
}

TEST(Observe, AllInputsThere) {
  FakeAws aws;
  const Observed observed = ObservedOf(&aws, TestSpec());
  std::vector<std::string> what;
  for (const InputCheck& check : observed.inputs) what.push_back(check.what);
  EXPECT_THAT(what, ElementsAre("cluster", "subnet", "subnet", "security group", "listener",
                                "execution role", "task role"));
  EXPECT_THAT(Remedies(&aws, TestSpec()), IsEmpty());
  EXPECT_EQ(observed.vpc, "vpc-1");
  EXPECT_FALSE(observed.service || observed.task_definition || observed.target_group ||
               observed.rule || observed.log_group || observed.scalable_target);
}

TEST(Observe, EachMissingInputIsNamed) {
  struct Row {
    const char* said;
    void (*break_it)(FakeAws* aws, EcsSpec* spec);
  };
  const Row rows[] = {
      {"there is no cluster \"c\" in eu-west-1",
       [](FakeAws* aws, EcsSpec*) { aws->cluster_status = ""; }},
      {"cluster \"c\" is PROVISIONING",
       [](FakeAws* aws, EcsSpec*) { aws->cluster_status = "PROVISIONING"; }},
      {"there is no subnet subnet-missing",
       [](FakeAws*, EcsSpec* spec) { spec->subnets.push_back("subnet-missing"); }},
      {"there is no security group sg-missing",
       [](FakeAws*, EcsSpec* spec) { spec->security_groups = {"sg-missing"}; }},
      {"security group sg-1 is in vpc-2, the subnets are in vpc-1",
       [](FakeAws* aws, EcsSpec*) { aws->group_vpc = "vpc-2"; }},
      {"there is no listener arn:listener",
       [](FakeAws* aws, EcsSpec*) { aws->listener_exists = false; }},
      {"load balancer in vpc-1, the subnets are in vpc-2",
       [](FakeAws* aws, EcsSpec*) { aws->subnet_vpc = aws->group_vpc = "vpc-2"; }},
      {"there is no role \"x-missing\": make it, or set [ecs] execution_role",
       [](FakeAws*, EcsSpec* spec) { spec->execution_role = "arn:aws:iam::1:role/p/x-missing"; }},
      {"there is no role \"y-missing\": make it, or set [ecs] task_role",
       [](FakeAws*, EcsSpec* spec) { spec->task_role = "y-missing"; }},
  };
  for (const Row& row : rows) {
    FakeAws aws;
    EcsSpec spec = TestSpec();
    row.break_it(&aws, &spec);
    EXPECT_THAT(Remedies(&aws, spec), ElementsAre(HasSubstr(row.said)));
  }
}

TEST(Observe, RolesMustTrustTasks) {
  FakeAws aws;
  aws.role_trusts = "ec2.amazonaws.com";
  EXPECT_THAT(Remedies(&aws, TestSpec()),
              ElementsAre(HasSubstr("does not trust ecs-tasks.amazonaws.com"),
                          HasSubstr("task role \"task\"")));
}

TEST(Observe, DeniedChecksAreSaidAndTheVpcComesFromTheBalancer) {
  FakeAws aws;
  aws.before = [](const aws::ServiceRequest& request) -> std::optional<aws::ServiceFailure> {
    if (request.service == "ec2") return FakeAws::Failure("UnauthorizedOperation");
    return std::nullopt;
  };
  const Observed observed = ObservedOf(&aws, TestSpec());
  EXPECT_EQ(observed.vpc, "vpc-1");
  ASSERT_GE(observed.inputs.size(), 2U);
  EXPECT_TRUE(observed.inputs[1].not_checked);
  EXPECT_THAT(observed.inputs[1].remedy, HasSubstr("AWS does not allow ec2:DescribeSubnets"));
}

TEST(Observe, WhatIsNeededAndDeniedIsAFailureThatNamesThePermission) {
  for (const char* action : {"DescribeServices", "DescribeTaskDefinition", "DescribeTargetGroups",
                             "DescribeRules", "DescribeLogGroups", "DescribeScalableTargets"}) {
    FakeAws aws;
    aws.before = [&](const aws::ServiceRequest& request) -> std::optional<aws::ServiceFailure> {
      if (request.action == action) return FakeAws::Failure("AccessDeniedException");
      return std::nullopt;
    };
    const auto observed = Observe(aws.AsFunction(), TestSpec());
    ASSERT_FALSE(observed) << action;
    EXPECT_THAT(observed.error().message, HasSubstr(std::string(":") + action));
  }
}

TEST(Observe, AnyOtherFailureIsHandedOn) {
  std::vector<std::string> reads;
  FakeAws quiet;
  ASSERT_TRUE(ApplyOnce(&quiet, TestSpec()));
  quiet.before = [&](const aws::ServiceRequest& request) -> std::optional<aws::ServiceFailure> {
    reads.push_back(request.action);
    return std::nullopt;
  };
  ASSERT_TRUE(Observe(quiet.AsFunction(), TestSpec(), {.all_revisions = true}));
  EXPECT_GE(reads.size(), 18U);
  for (size_t at = 0; at < reads.size(); ++at) {
    size_t call = 0;
    quiet.before = [&](const aws::ServiceRequest&) -> std::optional<aws::ServiceFailure> {
      if (call++ == at) return FakeAws::Failure("ExpiredTokenException", "expired");
      return std::nullopt;
    };
    const auto observed = Observe(quiet.AsFunction(), TestSpec(), {.all_revisions = true});
    ASSERT_FALSE(observed) << reads[at];
    EXPECT_THAT(observed.error().message, HasSubstr("ExpiredTokenException"));
  }
}

TEST(Observe, EverythingOfOursIsFoundAmongOthers) {
  FakeAws aws;
  for (int i = 1; i <= 45; ++i) {
    const std::string arn = "arn:rule/their-" + std::to_string(i);
    aws.rules[arn] = {{"RuleArn", arn},
                      {"Priority", i},
                      {"IsDefault", false},
                      {"Conditions", boost::json::array()},
                      {"Actions", boost::json::array{boost::json::object{
                                      {"Type", "forward"}, {"TargetGroupArn", "arn:x"}}}}};
  }
  aws.log_groups["/ecs/f-too"] = {{"logGroupName", "/ecs/f-too"}, {"arn", "arn:too:*"}};
  ASSERT_TRUE(ApplyOnce(&aws, TestSpec()));
  const Observed observed = ObservedOf(&aws, TestSpec());
  ASSERT_TRUE(observed.service && observed.task_definition && observed.target_group &&
              observed.rule && observed.log_group && observed.scalable_target);
  EXPECT_EQ(observed.rules.size(), 47U);
  EXPECT_EQ(observed.rule->at("Priority"), "46");
  EXPECT_EQ(observed.log_group->at("logGroupName"), "/ecs/f");
  EXPECT_FALSE(observed.service_task_definition);
}

}  // namespace
}  // namespace hearth::ecs
