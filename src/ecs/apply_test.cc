// Apply when something goes wrong on the way.
#include "ecs/apply.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ecs/plan_test_support.h"
#include "ecs/references.h"
#include "ecs/rule_priority.h"

namespace hearth::ecs {
namespace {

namespace json = boost::json;
using Object = json::object;
using testing::AllOf;
using testing::HasSubstr;

Object RuleAt(int priority, std::string_view group = "arn:x") {
  return {{"RuleArn", "arn:rule/their-" + std::to_string(priority)},
          {"Priority", priority},
          {"IsDefault", false},
          {"Conditions", json::array()},
          {"Actions", json::array{Object{{"TargetGroupArn", group}}}}};
}

TEST(Apply, ReferencesAreFilledInFromAnswers) {
  FakeAws aws;
  const auto done = ApplyOnce(&aws, TestSpec());
  ASSERT_TRUE(done) << done.error().message;
  EXPECT_EQ(done->done, 11);
  EXPECT_TRUE(done->deployment_started);
  EXPECT_EQ(done->references.at("${task_definition}"),
            "arn:aws:ecs:eu-west-1:1:task-definition/f:1");
  const Object& service = aws.services.at("s");
  EXPECT_EQ(service.at("taskDefinition"), json::value(done->references.at("${task_definition}")));
  const std::string token(service.at("clientToken").as_string());
  EXPECT_LE(token.size(), 36U);
  EXPECT_TRUE(token.starts_with("hearth-"));
  FakeAws other;
  ASSERT_TRUE(ApplyOnce(&other, TestSpec()));
  EXPECT_EQ(other.services.at("s").at("clientToken"), json::value(token));
  EcsSpec changed = TestSpec();
  changed.grace = seconds(61);
  FakeAws third;
  ASSERT_TRUE(ApplyOnce(&third, changed));
  EXPECT_NE(third.services.at("s").at("clientToken"), json::value(token));
}

TEST(Apply, ProblemsStopEverything) {
  FakeAws aws;
  aws.cluster_status = "INACTIVE";
  const auto done = ApplyOnce(&aws, TestSpec());
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, Code::kUnprocessable);
  EXPECT_THAT(done.error().message, HasSubstr("nothing is done: there is no cluster"));
  EXPECT_TRUE(aws.writes.empty());
}

TEST(Apply, AFailureNamesStepCodeAndWhatToDo) {
  FakeAws aws;
  aws.before = [](const aws::ServiceRequest& request) -> std::optional<aws::ServiceFailure> {
    if (request.action == "CreateService") return FakeAws::Failure("ClientException", "too many");
    return std::nullopt;
  };
  const auto done = ApplyOnce(&aws, TestSpec());
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().message,
            "cannot create the service \"s\": call: AWS answers 400 ClientException: too many; run "
            "`hearth ecs apply` again: it goes on from here");
}

TEST(Apply, CancelStopsBetweenSteps) {
  FakeAws aws;
  const EcsSpec spec = TestSpec();
  const Observed observed = ObservedOf(&aws, spec);
  const Plan plan = MakePlan(spec, DesiredOf(spec), observed);
  Cancel cancel;
  int ended = 0;
  const auto done =
      Apply(aws.AsFunction(), plan, observed, cancel, [&](const Action&, bool is_done) {
        if (is_done && ++ended == 3) cancel.Fire();
      });
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, Code::kCancelled);
  EXPECT_THAT(done.error().message, HasSubstr("stopped after 3 of 11 steps"));
  EXPECT_EQ(aws.writes.size(), 3U);
}

TEST(Apply, APriorityThatAnotherTookIsChosenAnew) {
  FakeAws aws;
  aws.before = [&aws](const aws::ServiceRequest& request) -> std::optional<aws::ServiceFailure> {
    if (request.action == "CreateRule" && aws.rules.size() < 3) {
      const int priority = static_cast<int>(request.input.at("Priority").as_int64());
      aws.rules["arn:rule/their-" + std::to_string(priority)] = RuleAt(priority);
    }
    return std::nullopt;
  };
  const auto done = ApplyOnce(&aws, TestSpec());
  ASSERT_TRUE(done) << done.error().message;
  EXPECT_EQ(aws.rules.size(), 4U);
  EXPECT_EQ(done->references.at("${priority}"), "4");
}

TEST(Apply, PrioritiesAreNotChosenForEver) {
  FakeAws aws;
  int tries = 0;
  aws.before = [&](const aws::ServiceRequest& request) -> std::optional<aws::ServiceFailure> {
    if (request.action != "CreateRule") return std::nullopt;
    ++tries;
    return FakeAws::Failure("PriorityInUse");
  };
  EXPECT_FALSE(ApplyOnce(&aws, TestSpec()));
  EXPECT_EQ(tries, 5);
}

TEST(Apply, TheSameRuleMadeByAnotherIsALostRace) {
  FakeAws aws;
  aws.before = [&](const aws::ServiceRequest& request) -> std::optional<aws::ServiceFailure> {
    if (request.action == "CreateRule")
      aws.rules["arn:rule/their-1"] = RuleAt(1, aws.target_groups.begin()->first);
    return std::nullopt;
  };
  const auto done = ApplyOnce(&aws, TestSpec());
  ASSERT_FALSE(done);
  EXPECT_THAT(done.error().message,
              AllOf(HasSubstr("is there already"), HasSubstr("apply` again")));
}

TEST(Apply, AServiceMadeByAnotherIsALostRaceAndNotMadeTwice) {
  FakeAws aws;
  aws.before = [&](const aws::ServiceRequest& request) -> std::optional<aws::ServiceFailure> {
    if (request.action != "CreateService" || !aws.services.empty()) return std::nullopt;
    Object theirs = request.input;
    theirs["fake_token"] = "theirs";
    theirs["serviceArn"] = "arn:theirs";
    theirs["status"] = "ACTIVE";
    aws.services["s"] = theirs;
    return std::nullopt;
  };
  const auto done = ApplyOnce(&aws, TestSpec());
  ASSERT_FALSE(done);
  EXPECT_THAT(done.error().message, HasSubstr("another made it meanwhile"));
  ASSERT_TRUE(ApplyOnce(&aws, TestSpec()));
  EXPECT_EQ(NotEmpty(PlanOf(&aws, TestSpec())), "");
}

TEST(Apply, AThingInUseIsTriedAgainButNotForEver) {
  for (const int busy : {3, 1000}) {
    FakeAws aws;
    ASSERT_TRUE(ApplyOnce(&aws, TestSpec()));
    int tries = 0;
    aws.before = [&](const aws::ServiceRequest& request) -> std::optional<aws::ServiceFailure> {
      if (request.action == "DeleteTargetGroup" && ++tries <= busy)
        return FakeAws::Failure("ResourceInUse");
      return std::nullopt;
    };
    const auto done = DestroyOnce(&aws, TestSpec());
    EXPECT_EQ(done.has_value(), busy == 3);
    EXPECT_EQ(tries, busy == 3 ? 4 : 24);
    if (!done) EXPECT_THAT(done.error().message, HasSubstr("hearth ecs destroy` again"));
  }
}

TEST(Apply, CancelEndsAWait) {
  FakeAws aws;
  const EcsSpec spec = TestSpec();
  ASSERT_TRUE(ApplyOnce(&aws, spec));
  aws.drains_for = 1'000'000;
  const Observed observed = ObservedOf(&aws, spec);
  const Plan plan = MakeDestroyPlan(spec, observed);
  Cancel cancel;
  ApplyOptions options;
  int waits = 0;
  options.wait = [&](std::chrono::milliseconds) { return ++waits < 3; };
  const auto done = Apply(aws.AsFunction(), plan, observed, cancel, nullptr, options);
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, Code::kCancelled);
  options.wait = [&](std::chrono::milliseconds) { return true; };
  options.drain_looks = 7;
  const auto late = Apply(aws.AsFunction(), plan, observed, cancel, nullptr, options);
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code, Code::kDeadlineExceeded);
}

TEST(Apply, WhatIsGoneAlreadyIsDeleted) {
  FakeAws aws;
  const EcsSpec spec = TestSpec();
  ASSERT_TRUE(ApplyOnce(&aws, spec));
  const Observed observed = ObservedOf(&aws, spec);
  const Plan plan = MakeDestroyPlan(spec, observed);
  ASSERT_TRUE(DestroyOnce(&aws, spec));
  const Cancel cancel;
  const auto again = Apply(aws.AsFunction(), plan, observed, cancel, nullptr, NoWait());
  EXPECT_TRUE(again) << again.error().message;
}

TEST(References, WhatIsInsideContainersIsTheUsers) {
  const Object input{
      {"VpcId", kVpcRef},
      {"Priority", kPriorityRef},
      {"containerDefinitions", json::array{Object{{"command", json::array{"${vpc}"}}}}}};
  const Object filled = Fill(input, {{"${vpc}", "vpc-1"}, {"${priority}", "7"}});
  EXPECT_EQ(filled.at("VpcId"), "vpc-1");
  EXPECT_EQ(filled.at("Priority"), 7);
  EXPECT_EQ(filled.at("containerDefinitions"), input.at("containerDefinitions"));
  EXPECT_EQ(FindReference(filled), "");
  EXPECT_EQ(FindReference(input), "${vpc}");
}

TEST(RulePriority, AboveAllOthersOrTheHighestFree) {
  EXPECT_EQ(FreePriority({}), 1);
  EXPECT_EQ(FreePriority({RuleAt(3), RuleAt(9)}), 10);
  EXPECT_EQ(FreePriority({RuleAt(50'000), RuleAt(49'999), RuleAt(1)}), 49'998);
  json::array full;
  for (int i = 1; i <= 50'000; ++i) full.push_back(Object{{"Priority", i}});
  EXPECT_EQ(FreePriority(full), std::nullopt);
}

}  // namespace
}  // namespace hearth::ecs
