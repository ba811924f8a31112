// The checks of the set-up: each trap is found by its own check, on AWS and in the file, and by no
// other; a set-up that is well is found well.
#include <functional>

#include "doctor/test_support.h"

namespace hearth::doctor {
namespace {

using namespace testing;
using ecs::Kind;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

TEST(Doctor, APoolThatIsWellHasNoFindings) {
  const Facts facts = Well();
  EXPECT_THAT(NgChecks(facts), IsEmpty());
  for (const Verdicts::Of& of : Examine(facts).checks) {
    ASSERT_FALSE(of.findings.empty()) << of.check->name;
    EXPECT_EQ(Worst(of.findings), Verdict::kOk) << of.check->name << "\n" << Words(of.findings);
  }
}

TEST(Doctor, WithoutFactsEveryCheckSaysWhyItDidNotLook) {
  Facts facts;
  facts.local_problem = "this machine was not looked at";
  facts.live_problem = "no credentials";
  for (const Verdicts::Of& of : Examine(facts).checks) {
    ASSERT_FALSE(of.findings.empty()) << of.check->name;
    for (const Finding& finding : of.findings) {
      EXPECT_EQ(finding.verdict, Verdict::kSkip) << of.check->name;
      EXPECT_FALSE(finding.title.empty()) << of.check->name;
    }
  }
}

TEST(Doctor, EveryNgHasAFix) {
  Facts facts = Well();
  facts.file_problem = "hearth.toml:3: pool.floor = 9 is above pool.max = 3";
  facts.live->observed.inputs = {{"subnet", "subnet-x", "there is no subnet subnet-x", false}};
  facts.live->observed.service->at("runningCount") = 1;
  facts.local->model->problem = "it holds no weights";
  for (const Verdicts::Of& of : Examine(facts).checks) {
    for (const Finding& finding : of.findings) {
      EXPECT_EQ(finding.verdict == Verdict::kNg, !finding.fix.empty()) << finding.title;
    }
  }
  EXPECT_THAT(NgChecks(facts), ElementsAre("file", "model", "inputs", "service"));
}

struct Trap {
  const char* name;
  const char* check;
  std::function<void(Facts&)> spring;  // on AWS
  const char* says;                    // title or evidence
  const char* fix;
};

void PrintTo(const Trap& trap, std::ostream* out) { *out << trap.name; }

json::object& Observed(Facts& facts) { return *facts.live->observed.service; }
json::object& Definition(Facts& facts) { return *facts.live->observed.task_definition; }
json::object& Check0(Facts& facts) { return Container(facts).at("healthCheck").as_object(); }

const Trap kTraps[] = {
    {"a pair that Fargate has not", "task-size", [](Facts& f) { Definition(f)["memory"] = "9000"; },
     "cpu 1024 and memory 9000 MiB", "memory"},
    {"the container check asks ready behind a balancer", "health-route",
     [](Facts& f) { Check0(f)["command"] = json::array{"CMD", "hearth", "probe", "ready"}; },
     "asks /ready behind a load balancer", "/health"},
    {"the target group asks health", "health-route",
     [](Facts& f) { f.live->observed.target_group->at("HealthCheckPath") = "/health"; },
     "the target group asks /health, not /ready", "HealthCheckPath /ready"},
    {"the target group takes 404 for ready", "health-route",
     [](Facts& f) {
       f.live->observed.target_group->at("Matcher") = json::object{{"HttpCode", "200-404"}};
     },
     "200-404", "Matcher 200"},
    {"grace 0", "grace", [](Facts& f) { Observed(f).erase("healthCheckGracePeriodSeconds"); },
     "healthCheckGracePeriodSeconds is 0", "grace = \"90s\""},
    {"startPeriod over 300", "start-period", [](Facts& f) { Check0(f)["startPeriod"] = 600; },
     "startPeriod is 600 s, AWS takes at most 300", "`[ecs] grace = \"600s\"`"},
    {"a deregistration delay over stopTimeout", "stop-timeout",
     [](Facts& f) {
       f.live->observed.target_group_attributes = {
           Parse(R"({"Key": "deregistration_delay.timeout_seconds", "Value": "300"})")};
     },
     "delay of 300 s is longer than stopTimeout 60 s", "deregistration_delay = \"60s\""},
    {"rebalancing", "rebalancing",
     [](Facts& f) { Observed(f)["availabilityZoneRebalancing"] = "ENABLED"; }, "is ENABLED",
     "rebalancing = false"},
    {"two subnets of one zone", "zones",
     [](Facts& f) { f.live->subnets[1].as_object()["AvailabilityZone"] = "us-east-1a"; },
     "all 2 subnets are in us-east-1a", "another availability zone"},
    {"one subnet", "zones",
     [](Facts& f) {
       Observed(f)
           .at("networkConfiguration")
           .as_object()
           .at("awsvpcConfiguration")
           .as_object()["subnets"] = json::array{"subnet-a"};
     },
     "one subnet", "another availability zone"},
    {"latest", "image-tag", [](Facts& f) { Container(f)["image"] = "host:5000/embedding"; },
     "host:5000/embedding", "image"},
    {"exec without a task role", "exec-role", [](Facts& f) { Definition(f).erase("taskRoleArn"); },
     "no task role", "task_role"},
    {"no execution role", "execution-role",
     [](Facts& f) { Definition(f).erase("executionRoleArn"); }, "its image is in ECR",
     "execution_role"},
    {"no log group", "log-group", [](Facts& f) { f.live->observed.log_group.reset(); },
     "there is no log group /ecs/embedding", "create-log-group --log-group-name /ecs/embedding"},
    {"no log at all", "log-group", [](Facts& f) { Container(f).erase("logConfiguration"); },
     "output goes nowhere", "apply"},
    {"MinCapacity below the floor", "floor",
     [](Facts& f) { f.live->observed.scalable_target->at("MinCapacity") = 1; },
     "MinCapacity is 1, the wanted pool size is 4", "scale --floor 4"},
    {"no scalable target", "floor", [](Facts& f) { f.live->observed.scalable_target.reset(); },
     "no scalable target", "apply"},
    {"desired below MinCapacity", "floor", [](Facts& f) { Observed(f)["desiredCount"] = 2; },
     "desiredCount is 2, below MinCapacity 4", "scale --floor 4"},
    {"a user without HF_HOME", "container-user",
     [](Facts& f) {
       Container(f)["user"] = "1000";
       Container(f).erase("environment");
     },
     "user is 1000, and HF_HOME is not set", "ENV HF_HOME"},
    {"nothing can be written", "container-user",
     [](Facts& f) { Container(f)["readonlyRootFilesystem"] = true; }, "read-only",
     "HF_HUB_OFFLINE"},
    {"five deployments", "deployments",
     [](Facts& f) {
       json::array& list = Observed(f)["deployments"].as_array();
       for (int i = 0; i < 4; ++i) list.push_back(Parse(R"({"status": "ACTIVE"})"));
     },
     "5 deployments are active", "wait"},
    {"a rollback", "deployments",
     [](Facts& f) {
       f.live->deployments.push_back(
           Parse(R"({"status": "ROLLBACK_SUCCESSFUL", "createdAt": 1763999999,
         "statusReason": "tripped", "deploymentCircuitBreaker": {"failureCount": 3, "threshold": 3}})"));
     },
     "circuit breaker: 3 failed tasks, it trips at 3", "apply"},
    {"all are protected", "protection",
     [](Facts& f) {
       for (int i = 0; i < 4; ++i) {
         f.live->protected_tasks.push_back(Parse(R"({"protectionEnabled": true})"));
       }
     },
     "4 protected, 4 desired", "--no-protection-enabled"},
    {"an input is missing", "inputs",
     [](Facts& f) {
       f.live->observed.inputs.push_back(
           {"subnet", "subnet-x", "there is no subnet subnet-x in us-east-1", false});
     },
     "subnet subnet-x is not there", "us-east-1"},
    {"too few run", "service", [](Facts& f) { Observed(f)["runningCount"] = 3; },
     "3 of 4 tasks run", "hearth ecs wait"},
};

class Traps : public ::testing::TestWithParam<Trap> {};

TEST_P(Traps, IsFoundByItsOwnCheckAlone) {
  Facts facts = Well();
  facts.file->desired.reset();
  GetParam().spring(facts);
  EXPECT_THAT(NgChecks(facts), ElementsAre(GetParam().check));
  const std::string words = Words(Ask(facts, GetParam().check));
  EXPECT_THAT(words, HasSubstr(GetParam().says));
  EXPECT_THAT(words, HasSubstr(GetParam().fix));
}

INSTANTIATE_TEST_SUITE_P(OnAws, Traps, ::testing::ValuesIn(kTraps));

TEST(DoctorFile, WhereItIsRightTheFixIsToApplyIt) {
  Facts facts = Well();
  Observed(facts).erase("healthCheckGracePeriodSeconds");
  EXPECT_THAT(Words(Ask(facts, "grace")),
              HasSubstr("run `hearth ecs apply`: hearth.toml has it right"));
  FileInput(facts, Kind::kService)["healthCheckGracePeriodSeconds"] = 0;
  EXPECT_THAT(Words(Ask(facts, "grace")), Not(HasSubstr("has it right")));
}

// In the file the same checks look at the inputs of the calls.
TEST(DoctorFile, ItsOwnTrapsAreFoundWithoutAws) {
  const std::pair<const char*, std::function<void(Facts&)>> cases[] = {
      {"task-size", [](Facts& f) { FileInput(f, Kind::kTaskDefinition)["memory"] = "9000"; }},
      {"grace",
       [](Facts& f) { FileInput(f, Kind::kService)["healthCheckGracePeriodSeconds"] = 0; }},
      // CreateService without it means ENABLED.
      {"rebalancing",
       [](Facts& f) { FileInput(f, Kind::kService).erase("availabilityZoneRebalancing"); }},
      // A new target group without it has AWS's 300.
      {"stop-timeout",
       [](Facts& f) { FileInput(f, Kind::kTargetGroupAttributes)["Attributes"] = json::array{}; }},
      {"exec-role", [](Facts& f) { FileInput(f, Kind::kTaskDefinition).erase("taskRoleArn"); }},
      {"floor", [](Facts& f) { f.file->config.ecs.desired = 6; }},
  };
  for (const auto& [check, spring] : cases) {
    Facts facts = Well();
    facts.live.reset();
    facts.live_problem = "AWS was not asked";
    spring(facts);
    EXPECT_THAT(NgChecks(facts), ElementsAre(check));
  }
}

TEST(DoctorFile, WhatWasAskedForIsNoFinding) {
  Facts facts = Well();
  facts.live->observed.service->at("availabilityZoneRebalancing") = "ENABLED";
  facts.file->config.ecs.rebalancing = true;
  EXPECT_THAT(NgChecks(facts), IsEmpty());
}

TEST(DoctorFile, ADigestIsNoMovingName) {
  Facts facts = Well();
  Container(facts)["image"] = "embedding@sha256:00";
  EXPECT_THAT(NgChecks(facts), IsEmpty());
}

TEST(DoctorFile, WithoutABalancerTheContainerCheckMustAskReady) {
  Facts facts = Well();
  facts.live->observed.service->erase("loadBalancers");
  facts.live->observed.target_group.reset();
  EXPECT_THAT(NgChecks(facts), ElementsAre("health-route"));
  Check0(facts)["command"] = json::array{"CMD-SHELL", "curl -f http://localhost:8000/ready"};
  EXPECT_THAT(NgChecks(facts), IsEmpty());
  // Not the same route as /ready.
  Check0(facts)["command"] = json::array{"CMD-SHELL", "curl -f http://localhost:8000/readyz"};
  EXPECT_EQ(Worst(Ask(facts, "health-route")), Verdict::kSkip);
}

TEST(DoctorFile, StartPeriodIsJudgedByTheMeasuredLoad) {
  Facts facts = Well();
  facts.file->config.replica.start_time = std::chrono::milliseconds(60'000);
  facts.live->observed.service->at("healthCheckGracePeriodSeconds") = 90;
  // Not given: the default of the file measures nothing.
  EXPECT_THAT(NgChecks(facts), IsEmpty());
  facts.file->config.given.insert("replica.start_time");
  EXPECT_THAT(NgChecks(facts), ElementsAre("start-period"));
  EXPECT_THAT(Words(Ask(facts, "start-period")), HasSubstr("startPeriod 120 s"));
  facts.live->observed.service->at("healthCheckGracePeriodSeconds") = 120;
  facts.file->desired.reset();
  EXPECT_THAT(NgChecks(facts), IsEmpty()) << "the grace period covers it";
}

TEST(DoctorFile, ALargeModelThatWasNeverMeasuredNeedsTwoMinutes) {
  Facts facts = Well();
  facts.local->model->bytes = 1'200'000'000;
  EXPECT_THAT(NgChecks(facts), ElementsAre("start-period"));
  EXPECT_THAT(Words(Ask(facts, "start-period")), HasSubstr("startPeriod 120 s"));
  Check0(facts)["startPeriod"] = 120;
  facts.file->desired.reset();
  EXPECT_THAT(NgChecks(facts), IsEmpty());
}

TEST(DoctorFile, ALogGroupThatIsNotOursIsNotJudged) {
  Facts facts = Well();
  facts.live->observed.log_group.reset();
  facts.file->spec->log_group = "/ecs/another";
  EXPECT_THAT(Words(Ask(facts, "log-group")), HasSubstr("is not the log group"));
  EXPECT_THAT(NgChecks(facts), Not(::testing::Contains("log-group")));
}

}  // namespace
}  // namespace hearth::doctor
