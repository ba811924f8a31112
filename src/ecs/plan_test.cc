// Single decisions of a plan.
#include "ecs/plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ecs/plan_test_support.h"

namespace hearth::ecs {
namespace {

namespace json = boost::json;
using Object = json::object;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

FakeAws Applied(const EcsSpec& spec) {
  FakeAws aws;
  const auto done = ApplyOnce(&aws, spec);
  EXPECT_TRUE(done) << done.error().message;
  aws.writes.clear();
  return aws;
}

std::vector<std::string> Calls(const Plan& plan) {
  std::vector<std::string> calls;
  for (const Action& action : plan.actions) {
    for (const aws::ServiceRequest& request : action.requests) calls.push_back(request.action);
  }
  return calls;
}

const Object& Input(const Plan& plan, std::string_view call) {
  static const Object kNone;
  for (const Action& action : plan.actions) {
    for (const aws::ServiceRequest& request : action.requests) {
      if (request.action == call) return request.input;
    }
  }
  ADD_FAILURE() << "no " << call << " in\n" << PrintPlan(plan);
  return kNone;
}

Object& Service(FakeAws* aws) { return aws->services.begin()->second; }

TEST(Plan, AnEmptyAccountGetsEverythingInOrder) {
  FakeAws aws;
  const Plan plan = PlanOf(&aws, TestSpec());
  EXPECT_THAT(Calls(plan),
              ElementsAre("CreateLogGroup", "PutRetentionPolicy", "RegisterTaskDefinition",
                          "CreateTargetGroup", "ModifyTargetGroupAttributes", "CreateRule",
                          "CreateService", "RegisterScalableTarget", "PutScalingPolicy",
                          "PutScalingPolicy", "PutScheduledAction"));
  EXPECT_THAT(plan.problems, IsEmpty());
  EXPECT_EQ(Input(plan, "CreateTargetGroup").at("VpcId"), "vpc-1");
  EXPECT_EQ(Input(plan, "CreateRule").at("Priority"), json::value(kPriorityRef));
  EXPECT_EQ(Input(plan, "CreateService").at("clientToken"), "${client_token}");
  EXPECT_EQ(Input(plan, "CreateService").at("desiredCount"), 2);
}

TEST(Plan, MissingInputsAreProblemsAndDeniedOnesNotes) {
  FakeAws aws;
  aws.cluster_status = "";
  aws.before = [](const aws::ServiceRequest& request) -> std::optional<aws::ServiceFailure> {
    if (request.action == "GetRole") return FakeAws::Failure("AccessDenied");
    return std::nullopt;
  };
  const Plan plan = PlanOf(&aws, TestSpec());
  EXPECT_THAT(plan.problems, ElementsAre(HasSubstr("there is no cluster \"c\"")));
  EXPECT_THAT(plan.notes, Contains(HasSubstr("iam:GetRole")));
}

TEST(Plan, OnlyWhatDiffersIsSentAndGraceStartsNoDeployment) {
  EcsSpec spec = TestSpec();
  FakeAws aws = Applied(spec);
  Service(&aws)["healthCheckGracePeriodSeconds"] = 0;
  const Plan plan = PlanOf(&aws, spec);
  ASSERT_THAT(Calls(plan), ElementsAre("UpdateService"));
  EXPECT_EQ(Input(plan, "UpdateService"),
            (Object{{"cluster", "c"}, {"service", "s"}, {"healthCheckGracePeriodSeconds", 60}}));
  EXPECT_FALSE(plan.actions[0].starts_deployment);
  EXPECT_EQ(plan.actions[0].reason, "healthCheckGracePeriodSeconds: 0 → 60");
}

TEST(Plan, AlarmsOfADeploymentThatNobodyWantsAreSwitchedOffByName) {
  const EcsSpec spec = TestSpec();
  FakeAws aws = Applied(spec);
  Service(&aws)["deploymentConfiguration"].as_object()["alarms"] =
      Object{{"alarmNames", json::array{"x"}}, {"enable", true}, {"rollback", true}};
  const Plan plan = PlanOf(&aws, spec);
  const Object& sent = Input(plan, "UpdateService").at("deploymentConfiguration").as_object();
  EXPECT_EQ(sent.at("alarms"),
            (Object{{"alarmNames", json::array()}, {"enable", false}, {"rollback", false}}));
  EXPECT_EQ(sent.at("maximumPercent"), 200);
  EXPECT_FALSE(plan.actions[0].starts_deployment);
  ASSERT_TRUE(ApplyOnce(&aws, spec));
  EXPECT_EQ(NotEmpty(PlanOf(&aws, spec)), "");
}

TEST(Plan, ANewImageStartsADeployment) {
  EcsSpec spec = TestSpec();
  FakeAws aws = Applied(spec);
  spec.image = "repo/image:2";
  const Plan plan = PlanOf(&aws, spec);
  ASSERT_THAT(Calls(plan), ElementsAre("RegisterTaskDefinition", "UpdateService"));
  EXPECT_EQ(Input(plan, "UpdateService").at("taskDefinition"), json::value(kTaskDefinitionRef));
  EXPECT_FALSE(Input(plan, "UpdateService").contains("desiredCount"));
  EXPECT_TRUE(plan.actions[1].starts_deployment);
}

TEST(Plan, TheRevisionThatRunsIsEnoughWhenItSaysTheSame) {
  EcsSpec spec = TestSpec();
  FakeAws aws = Applied(spec);
  aws.revisions.push_back(aws.revisions.back());
  aws.revisions.back()["taskDefinitionArn"] = "arn:task-definition/f:2";
  aws.revisions.back()["cpu"] = "256";
  EXPECT_EQ(NotEmpty(PlanOf(&aws, spec)), "");
}

TEST(Plan, AnOlderRevisionThatDiffersGivesWayToTheNewest) {
  EcsSpec spec = TestSpec();
  FakeAws aws = Applied(spec);
  aws.revisions.push_back(aws.revisions.back());
  aws.revisions.back()["taskDefinitionArn"] = "arn:task-definition/f:2";
  aws.revisions.front()["cpu"] = "256";
  const Plan plan = PlanOf(&aws, spec);
  ASSERT_THAT(Calls(plan), ElementsAre("UpdateService"));
  EXPECT_EQ(Input(plan, "UpdateService").at("taskDefinition"), "arn:task-definition/f:2");
}

TEST(Plan, TagsAloneMakeNoRevision) {
  EcsSpec spec = TestSpec();
  FakeAws aws = Applied(spec);
  spec.tags["purpose"] = "other";
  EXPECT_THAT(Calls(PlanOf(&aws, spec)),
              ElementsAre("TagResource", "TagResource", "AddTags", "AddTags", "TagResource"));
}

TEST(Plan, ARaisedFloorStaysUnlessTold) {
  const EcsSpec spec = TestSpec();
  FakeAws aws = Applied(spec);
  (*aws.scalable_target)["MinCapacity"] = 6;
  const Plan kept = PlanOf(&aws, spec);
  EXPECT_EQ(NotEmpty(kept), "");
  EXPECT_THAT(kept.notes, Contains(HasSubstr("MinCapacity is 6, the file says 2")));
  const Plan lowered = PlanOf(&aws, spec, {.lower_floor = true});
  EXPECT_EQ(Input(lowered, "RegisterScalableTarget").at("MinCapacity"), 2);
  EXPECT_FALSE(Input(lowered, "RegisterScalableTarget").contains("Tags"));
  (*aws.scalable_target)["MaxCapacity"] = 9;  // another difference leaves it alone, too
  EXPECT_EQ(Input(PlanOf(&aws, spec), "RegisterScalableTarget").at("MinCapacity"), 6);
  (*aws.scalable_target)["MinCapacity"] = 13;
  EXPECT_THAT(PlanOf(&aws, spec).problems, ElementsAre(HasSubstr("[pool] max = 12")));
}

TEST(Plan, ALoweredMaxSaysWhatItStops) {
  EcsSpec spec = TestSpec();
  FakeAws aws = Applied(spec);
  Service(&aws)["desiredCount"] = 10;
  spec.max = 6;
  EXPECT_THAT(PlanOf(&aws, spec).notes, Contains(HasSubstr("AWS stops 4 at once")));
}

TEST(Plan, ATargetGroupOfOthersIsAProblem) {
  const EcsSpec spec = TestSpec();
  FakeAws aws;
  aws.target_groups["arn:t"] = {{"TargetGroupName", "c-s"}, {"TargetGroupArn", "arn:t"}};
  aws.attributes["arn:t"] = {};
  EXPECT_THAT(PlanOf(&aws, spec).problems, ElementsAre(HasSubstr("someone else's")));
}

TEST(Plan, AnImmutableDifferenceReplacesOnlyWhatNobodyUses) {
  EcsSpec spec = TestSpec();
  FakeAws aws = Applied(spec);
  for (auto& [arn, group] : aws.target_groups) group["Port"] = 9000;
  EXPECT_THAT(PlanOf(&aws, spec).problems,
              Contains(HasSubstr("in use and AWS cannot change it: Port")));
  aws.services.clear();
  aws.rules.clear();
  const Plan plan = PlanOf(&aws, spec);
  EXPECT_THAT(plan.problems, IsEmpty());
  EXPECT_THAT(Calls(plan), testing::IsSupersetOf({"DeleteTargetGroup", "CreateTargetGroup",
                                                  "ModifyTargetGroupAttributes"}));
  ASSERT_TRUE(ApplyOnce(&aws, spec));
  EXPECT_EQ(NotEmpty(PlanOf(&aws, spec)), "");
}

TEST(Plan, ARunningServiceIsNeverReplaced) {
  EcsSpec spec = TestSpec();
  FakeAws aws = Applied(spec);
  Service(&aws)["launchType"] = "EC2";
  const Plan plan = PlanOf(&aws, spec);
  EXPECT_THAT(plan.problems, ElementsAre(HasSubstr("launchType: EC2 → FARGATE")));
  EXPECT_THAT(Calls(plan), IsEmpty());
}

TEST(Plan, CapacityChangesAsFarAsAwsDoes) {
  EcsSpec spec = TestSpec();
  FakeAws aws = Applied(spec);
  spec.capacity = "FARGATE_SPOT";
  EXPECT_THAT(PlanOf(&aws, spec).problems, ElementsAre(HasSubstr("cannot change it: launchType")));
  FakeAws spot = Applied(spec);
  Service(&spot).erase("launchType");
  EXPECT_EQ(NotEmpty(PlanOf(&spot, spec)), "");
  spec.capacity = "FARGATE";
  const Plan back = PlanOf(&spot, spec);
  EXPECT_THAT(back.problems, IsEmpty());
  EXPECT_EQ(Input(back, "UpdateService").at("capacityProviderStrategy"), json::array());
}

TEST(Plan, DrainingAndFullOfDeploymentsAreProblems) {
  EcsSpec spec = TestSpec();
  FakeAws aws = Applied(spec);
  Service(&aws)["deployments"] = json::array(5, Object{{"status", "ACTIVE"}});
  EXPECT_EQ(NotEmpty(PlanOf(&aws, spec)), "");
  spec.image = "other";
  EXPECT_THAT(PlanOf(&aws, spec).problems, ElementsAre(HasSubstr("5 deployments under way")));
  Service(&aws)["status"] = "DRAINING";
  aws.drains_for = 10;
  EXPECT_THAT(PlanOf(&aws, spec).problems, ElementsAre(HasSubstr("still drains")));
}

TEST(Plan, AServiceMadeByOthersIsTakenOverWithANote) {
  const EcsSpec spec = TestSpec();
  FakeAws aws = Applied(spec);
  aws.tags["arn:aws:ecs:eu-west-1:1:service/c/s"].clear();
  const Plan plan = PlanOf(&aws, spec);
  EXPECT_THAT(plan.notes, Contains(HasSubstr("takes it over")));
  EXPECT_THAT(Calls(plan), ElementsAre("TagResource"));
}

TEST(Plan, TheRuleShadowsNobodyAndKeepsItsPriority) {
  EcsSpec spec = TestSpec();
  FakeAws aws;
  const Object theirs{{"RuleArn", "arn:rule/x"},
                      {"Priority", 41},
                      {"IsDefault", false},
                      {"Actions", json::array{Object{{"TargetGroupArn", "arn:x"}}}},
                      {"Conditions", json::array{Object{{"Field", "path-pattern"},
                                                        {"Values", json::array{"/*"}}}}}};
  aws.rules["arn:rule/x"] = theirs;
  EXPECT_THAT(PlanOf(&aws, spec).notes, Contains(HasSubstr("priority 41 takes every request")));
  ASSERT_TRUE(ApplyOnce(&aws, spec));
  const auto ours = std::find_if(aws.rules.begin(), aws.rules.end(),
                                 [](const auto& rule) { return rule.first != "arn:rule/x"; });
  EXPECT_EQ(ours->second.at("Priority"), 42);
  aws.rules.erase("arn:rule/x");
  EXPECT_EQ(NotEmpty(PlanOf(&aws, spec)), "");
  spec.balancer->rule_priority = 7;
  EXPECT_THAT(Calls(PlanOf(&aws, spec)), ElementsAre("SetRulePriorities"));
  aws.rules["arn:rule/y"] = theirs;
  aws.rules["arn:rule/y"]["Priority"] = 7;
  aws.rules["arn:rule/y"]["RuleArn"] = "arn:rule/y";
  EXPECT_THAT(PlanOf(&aws, spec).problems, ElementsAre(HasSubstr("rule_priority = 7")));
}

TEST(Plan, UnwantedScalingOfOursGoesAndOthersStay) {
  EcsSpec spec = TestSpec();
  FakeAws aws = Applied(spec);
  aws.policies["night"] = {{"PolicyName", "night"}};
  aws.scheduled_actions["s-floors"] = {{"ScheduledActionName", "s-floors"}};
  spec.spare_policy = false;
  spec.times.clear();
  const Plan plan = PlanOf(&aws, spec);
  EXPECT_THAT(Calls(plan), ElementsAre("DeleteScalingPolicy", "DeleteScheduledAction"));
  EXPECT_EQ(Input(plan, "DeleteScalingPolicy").at("PolicyName"), "s-spare");
  EXPECT_THAT(plan.notes, Contains(HasSubstr("scaling policy \"night\" is not hearth's")));
  EXPECT_THAT(plan.notes, Contains(HasSubstr("scheduled action \"s-floors\" is not hearth's")));
}

TEST(Plan, ALeftTargetGroupAndAMovedOne) {
  EcsSpec spec = TestSpec();
  FakeAws aws = Applied(spec);
  EcsSpec moved = spec;
  moved.balancer->target_group = "other";
  EXPECT_THAT(PlanOf(&aws, moved).problems, Contains(HasSubstr("requests would be lost")));
  spec.balancer.reset();
  const Plan left = PlanOf(&aws, spec);
  EXPECT_EQ(Input(left, "UpdateService").at("loadBalancers"), json::array());
  EXPECT_TRUE(left.actions.back().starts_deployment);
}

TEST(Plan, PrintsALineAnActionAndNoSecrets) {
  EcsSpec spec = TestSpec();
  FakeAws aws = Applied(spec);
  spec.env["HF_TOKEN"] = "changed";
  spec.env["A"] = "9";
  const Plan plan = PlanOf(&aws, spec);
  EXPECT_EQ(
      PrintPlan(plan),
      "~ update task definition \"f\"\n"
      "    containerDefinitions[replica].environment[A].value: 1 → 9\n"
      "    containerDefinitions[replica].environment[HF_TOKEN].value: (not shown) → (not shown)\n"
      "~ update service \"s\": taskDefinition: arn:aws:ecs:eu-west-1:1:task-definition/f:1 → "
      "${task_definition} (starts a deployment)\n");
  const Object printed = PlanJson(plan);
  EXPECT_EQ(printed.at("actions").at(1).at("verb"), "update");
  EXPECT_EQ(printed.at("actions").at(1).at("startsDeployment"), true);
  const std::string dry = DryRun(plan);
  EXPECT_EQ(std::count(dry.begin(), dry.end(), '\n'), 2);
  EXPECT_EQ(PrintPlan(Plan()), "nothing to do: what exists is what the file says\n");
}

TEST(DestroyPlan, OnlyWhatIsTagged) {
  const EcsSpec spec = TestSpec();
  FakeAws aws = Applied(spec);
  for (auto& [arn, tags] : aws.tags) tags.clear();
  const Plan plan = MakeDestroyPlan(spec, ObservedOf(&aws, spec));
  EXPECT_THAT(Calls(plan), IsEmpty());
  EXPECT_GE(plan.notes.size(), 4U);
}

TEST(DestroyPlan, ReverseOrderAndAServiceThatStaysKeepsItsWayIn) {
  const EcsSpec spec = TestSpec();
  FakeAws aws = Applied(spec);
  EXPECT_THAT(Calls(MakeDestroyPlan(spec, ObservedOf(&aws, spec))),
              ElementsAre("DeleteScheduledAction", "DeregisterScalableTarget", "DeleteService",
                          "DescribeServices", "DeleteRule", "DeleteTargetGroup",
                          "DeregisterTaskDefinition", "DeleteLogGroup"));
  aws.tags["arn:aws:ecs:eu-west-1:1:service/c/s"].clear();
  EXPECT_THAT(Calls(MakeDestroyPlan(spec, ObservedOf(&aws, spec))),
              ElementsAre("DeregisterTaskDefinition", "DeleteLogGroup"));
}

}  // namespace
}  // namespace hearth::ecs
