// Plan, apply and an account in memory together: whatever is there, an apply leads to a state in
// which there is nothing to do; whatever goes wrong on the way, the next one does.
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "ecs/plan_test_support.h"

namespace hearth::ecs {
namespace {

namespace json = boost::json;
using Object = json::object;

struct Change {
  const char* what;
  void (*make)(FakeAws* aws);
};

Object& Service(FakeAws* aws) { return aws->services.begin()->second; }
Object& Group(FakeAws* aws) { return aws->target_groups.begin()->second; }
Object& Container(FakeAws* aws) {
  return aws->revisions.back().at("containerDefinitions").as_array()[0].as_object();
}

// What people, other tools and AWS may do to a pool between two applies.
const Change kChanges[] = {
    {"log group deleted", [](FakeAws* aws) { aws->log_groups.clear(); }},
    {"retention changed",
     [](FakeAws* aws) {
       for (auto& [name, group] : aws->log_groups) group["retentionInDays"] = 1;
     }},
    {"grace changed",
     [](FakeAws* aws) {
       if (!aws->services.empty()) Service(aws)["healthCheckGracePeriodSeconds"] = 0;
     }},
    {"exec off",
     [](FakeAws* aws) {
       if (!aws->services.empty()) Service(aws)["enableExecuteCommand"] = false;
     }},
    {"rebalancing on",
     [](FakeAws* aws) {
       if (!aws->services.empty()) Service(aws)["availabilityZoneRebalancing"] = "ENABLED";
     }},
    {"percents",
     [](FakeAws* aws) {
       if (!aws->services.empty())
         Service(aws)["deploymentConfiguration"] = Object{{"maximumPercent", 150}};
     }},
    {"scaled",
     [](FakeAws* aws) {
       if (!aws->services.empty()) Service(aws)["desiredCount"] = 9;
     }},
    {"subnets",
     [](FakeAws* aws) {
       if (!aws->services.empty())
         Service(aws)["networkConfiguration"] =
             Object{{"awsvpcConfiguration", Object{{"subnets", json::array{"subnet-9"}}}}};
     }},
    {"service gone", [](FakeAws* aws) { aws->services.clear(); }},
    {"newest revision deregistered",
     [](FakeAws* aws) { aws->revisions.back()["status"] = "INACTIVE"; }},
    {"newest revision changed", [](FakeAws* aws) { aws->revisions.back()["cpu"] = "256"; }},
    {"variable added",
     [](FakeAws* aws) {
       Container(aws)["environment"].as_array().push_back(Object{{"name", "Z"}, {"value", "1"}});
     }},
    {"check removed", [](FakeAws* aws) { Container(aws).erase("healthCheck"); }},
    {"path changed",
     [](FakeAws* aws) {
       if (!aws->target_groups.empty()) Group(aws)["HealthCheckPath"] = "/";
     }},
    {"attribute changed",
     [](FakeAws* aws) {
       for (auto& [arn, list] : aws->attributes)
         list["deregistration_delay.timeout_seconds"] = "300";
     }},
    {"rule deleted", [](FakeAws* aws) { aws->rules.clear(); }},
    {"rule moved",
     [](FakeAws* aws) {
       for (auto& [arn, rule] : aws->rules) rule["Priority"] = rule.at("Priority").as_int64() + 100;
     }},
    {"rule's paths",
     [](FakeAws* aws) {
       for (auto& [arn, rule] : aws->rules)
         rule["Conditions"] =
             json::array{Object{{"Field", "path-pattern"}, {"Values", json::array{"/z"}}}};
     }},
    {"target gone",
     [](FakeAws* aws) {
       aws->scalable_target.reset();
       aws->policies.clear();
     }},
    {"max changed",
     [](FakeAws* aws) {
       if (aws->scalable_target) (*aws->scalable_target)["MaxCapacity"] = 40;
     }},
    {"min lowered",
     [](FakeAws* aws) {
       if (aws->scalable_target) (*aws->scalable_target)["MinCapacity"] = 0;
     }},
    {"min raised",
     [](FakeAws* aws) {
       if (aws->scalable_target) (*aws->scalable_target)["MinCapacity"] = 8;
     }},
    {"policy gone", [](FakeAws* aws) { aws->policies.erase("s-cpu"); }},
    {"scale-in off",
     [](FakeAws* aws) {
       for (auto& [name, policy] : aws->policies)
         policy["TargetTrackingScalingPolicyConfiguration"].as_object()["DisableScaleIn"] = true;
     }},
    {"stranger's policy",
     [](FakeAws* aws) {
       aws->policies["night"] = {{"PolicyName", "night"},
                                 {"TargetTrackingScalingPolicyConfiguration", Object()}};
     }},
    {"old floor",
     [](FakeAws* aws) {
       aws->scheduled_actions["s-floor-9"] = {{"ScheduledActionName", "s-floor-9"}};
     }},
    {"schedule gone", [](FakeAws* aws) { aws->scheduled_actions.clear(); }},
    {"tag removed",
     [](FakeAws* aws) {
       for (auto& [arn, tags] : aws->tags) tags.erase("purpose");
     }},
    {"stranger's tag",
     [](FakeAws* aws) {
       for (auto& [arn, tags] : aws->tags) tags["owner"] = "x";
     }},
};

void ExpectOneOfEach(const FakeAws& aws) {
  RC_ASSERT(aws.services.size() == 1U);
  RC_ASSERT(aws.target_groups.size() == 1U);
  RC_ASSERT(aws.rules.size() == 1U);
  RC_ASSERT(aws.log_groups.size() == 1U);
}

EcsSpec RandomSpec() {
  EcsSpec spec = TestSpec();
  spec.cpu_units = *rc::gen::element(256, 1024);
  spec.exec = *rc::gen::arbitrary<bool>();
  spec.grace = seconds(*rc::gen::element(0, 60, 600));
  spec.floor = *rc::gen::inRange(1, 5);
  spec.max = *rc::gen::inRange(9, 13);
  spec.log_retention_days = *rc::gen::element(0, 7, 30);
  spec.cpu_target = *rc::gen::element(0, 60, 70);
  spec.spare_policy = *rc::gen::arbitrary<bool>();
  spec.balancer->path = *rc::gen::element<std::string>("/ready", "/ok");
  spec.balancer->rule_priority = *rc::gen::element(0, 5, 70);
  if (*rc::gen::arbitrary<bool>()) spec.balancer->rule_hosts.clear();
  if (*rc::gen::arbitrary<bool>()) spec.times.clear();
  if (*rc::gen::arbitrary<bool>()) spec.env.erase("A");
  if (*rc::gen::arbitrary<bool>()) spec.command = {"serve", "--port", "8000"};
  if (*rc::gen::arbitrary<bool>()) spec.security_groups.push_back("sg-2");
  spec.tags["purpose"] = *rc::gen::element<std::string>("a", "b");
  return spec;
}

TEST(PlanProperty, WhatWasMadeIsWhatIsWanted) {
  EXPECT_TRUE(rc::check("apply, then nothing to do", [] {
    const EcsSpec spec = RandomSpec();
    FakeAws aws;
    const auto done = ApplyOnce(&aws, spec);
    if (!done) RC_FAIL(done.error().message);
    ExpectOneOfEach(aws);
    RC_ASSERT(NotEmpty(PlanOf(&aws, spec)) == "");
  }));
}

TEST(PlanProperty, AChangedFileConverges) {
  EXPECT_TRUE(rc::check("one file, then another", [] {
    FakeAws aws;
    const auto first = ApplyOnce(&aws, RandomSpec());
    if (!first) RC_FAIL(first.error().message);
    const EcsSpec spec = RandomSpec();
    const auto second = ApplyOnce(&aws, spec, {.lower_floor = true});
    if (!second) RC_FAIL(second.error().message);
    ExpectOneOfEach(aws);
    RC_ASSERT(NotEmpty(PlanOf(&aws, spec)) == "");
  }));
}

TEST(PlanProperty, AChangedAccountConverges) {
  EXPECT_TRUE(rc::check("what others did", [] {
    const EcsSpec spec = TestSpec();
    FakeAws aws;
    if (const auto done = ApplyOnce(&aws, spec); !done) RC_FAIL(done.error().message);
    std::string what;
    for (const size_t at : *rc::gen::container<std::vector<size_t>>(
             rc::gen::inRange<size_t>(0, std::size(kChanges)))) {
      kChanges[at].make(&aws);
      what += std::string(kChanges[at].what) + "; ";
    }
    RC_LOG() << what;
    if (const auto done = ApplyOnce(&aws, spec); !done) RC_FAIL(done.error().message);
    ExpectOneOfEach(aws);
    RC_ASSERT(NotEmpty(PlanOf(&aws, spec)) == "");
  }));
}

// Each of them by itself is seen: none of the changes above is one that a plan cannot tell.
TEST(PlanProperty, EachChangeIsSeen) {
  const std::vector<std::string> unseen = {"scaled", "stranger's policy", "stranger's tag",
                                           "rule moved", "min raised"};
  for (const Change& change : kChanges) {
    FakeAws aws;
    ASSERT_TRUE(ApplyOnce(&aws, TestSpec()));
    change.make(&aws);
    const bool seen = !PlanOf(&aws, TestSpec()).actions.empty();
    EXPECT_EQ(seen, std::find(unseen.begin(), unseen.end(), change.what) == unseen.end())
        << change.what;
  }
}

enum class Cut { kBefore, kAfter, kCancel };

// Cut at step `at`; false: there is no such step.
bool ApplyCut(FakeAws* aws, const EcsSpec& spec, size_t at, Cut cut) {
  const size_t from = aws->writes.size();
  Cancel cancel;
  const auto hit = [&,
                    at](const aws::ServiceRequest& request) -> std::optional<aws::ServiceFailure> {
    const bool reads = request.action.starts_with("Describe") ||
                       request.action.starts_with("List") || request.action.starts_with("Get");
    const size_t done = aws->writes.size() - from;
    if (reads || done != (cut == Cut::kAfter ? at + 1 : at)) return std::nullopt;
    if (cut == Cut::kCancel) {
      cancel.Fire();
      return std::nullopt;
    }
    aws::ServiceFailure failure;
    failure.error = {Code::kIo, "cannot call: the connection broke"};
    failure.maybe_done = true;
    return failure;
  };
  (cut == Cut::kAfter ? aws->after : aws->before) = hit;
  const Observed observed = ObservedOf(aws, spec);
  const auto done = Apply(aws->AsFunction(), MakePlan(spec, DesiredOf(spec), observed), observed,
                          cancel, nullptr, NoWait());
  aws->before = aws->after = nullptr;
  return !done;
}

TEST(PlanProperty, CutAnywhereTheNextApplyGoesOn) {
  const EcsSpec spec = TestSpec();
  for (const Cut cut : {Cut::kBefore, Cut::kAfter, Cut::kCancel}) {
    size_t at = 0;
    for (;; ++at) {
      FakeAws aws;
      const bool was_cut = ApplyCut(&aws, spec, at, cut);
      const auto again = ApplyOnce(&aws, spec);
      ASSERT_TRUE(again) << at << ": " << again.error().message;
      EXPECT_EQ(NotEmpty(PlanOf(&aws, spec)), "") << at;
      EXPECT_EQ(aws.revisions.size(), 1U) << at;
      EXPECT_EQ(aws.services.size(), 1U) << at;
      EXPECT_EQ(aws.target_groups.size(), 1U) << at;
      EXPECT_EQ(aws.rules.size(), 1U) << at;
      if (!was_cut) break;
    }
    EXPECT_GE(at, 9U) << static_cast<int>(cut);  // as many as there are steps
  }
}

TEST(PlanProperty, DestroyLeavesNothingOfOursAndAllOfOthers) {
  EXPECT_TRUE(rc::check("destroy", [] {
    const EcsSpec spec = TestSpec();
    FakeAws aws;
    aws.rules["arn:rule/theirs"] = {
        {"RuleArn", "arn:rule/theirs"},
        {"Priority", 3},
        {"IsDefault", false},
        {"Conditions", json::array()},
        {"Actions", json::array{Object{{"Type", "forward"}, {"TargetGroupArn", "arn:tg/theirs"}}}}};
    aws.target_groups["arn:tg/theirs"] = {{"TargetGroupName", "theirs"},
                                          {"TargetGroupArn", "arn:tg/theirs"}};
    aws.log_groups["/ecs/f-theirs"] = {{"logGroupName", "/ecs/f-theirs"}, {"arn", "arn:theirs:*"}};
    const int versions = *rc::gen::inRange(1, 4);
    for (int i = 0; i < versions; ++i) {
      EcsSpec version = spec;
      version.image = "image:" + std::to_string(i);
      if (const auto done = ApplyOnce(&aws, version); !done) RC_FAIL(done.error().message);
    }
    const bool others_revision = *rc::gen::arbitrary<bool>();
    if (others_revision) {
      aws.revisions.push_back(aws.revisions.back());
      aws.revisions.back()["taskDefinitionArn"] = "arn:theirs";
    }
    if (const auto done = DestroyOnce(&aws, spec); !done) RC_FAIL(done.error().message);
    RC_ASSERT(aws.services.empty());
    RC_ASSERT(!aws.scalable_target.has_value());
    RC_ASSERT(aws.policies.empty() && aws.scheduled_actions.empty());
    RC_ASSERT(aws.rules.size() == 1U && aws.rules.contains("arn:rule/theirs"));
    RC_ASSERT(aws.target_groups.size() == 1U && aws.log_groups.size() == 1U);
    int active = 0;
    for (const Object& revision : aws.revisions)
      active += revision.at("status") == "ACTIVE" ? 1 : 0;
    RC_ASSERT(active == (others_revision ? 1 : 0));
    RC_ASSERT(
        MakeDestroyPlan(spec, ObservedOf(&aws, spec, {.all_revisions = true})).actions.empty());
  }));
}

}  // namespace
}  // namespace hearth::ecs
