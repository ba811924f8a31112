// Tasks that a health check ends, pools that scaling makes too small, tasks that run and never get
// ready: each told apart from what looks like it.
#include "doctor/test_support.h"

namespace hearth::doctor {
namespace {

using namespace testing;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr const char* kCheckFailed = "Task failed container health checks";

// ---- start-up loop

// No balancer; startPeriod 30 + 3 × 15 = 75 s.
Facts Looping() {
  Facts facts = Well();
  facts.file->desired.reset();
  facts.live->observed.service->erase("loadBalancers");
  facts.live->observed.service->erase("healthCheckGracePeriodSeconds");
  facts.live->observed.target_group.reset();
  facts.live->target_health.clear();
  facts.live->running_tasks.clear();
  json::object& check = Container(facts).at("healthCheck").as_object();
  check["command"] = json::array{"CMD-SHELL", "curl -f http://localhost:8000/ready"};
  check["startPeriod"] = 30;
  for (const double lived : {76., 77., 78.}) {
    Stop(facts, {.id = "0" + std::to_string(static_cast<int>(lived)),
                 .lived = lived,
                 .stop_code = "ServiceSchedulerInitiated",
                 .reason = kCheckFailed,
                 .exit_code = 143,
                 .health = "UNHEALTHY"});
  }
  return facts;
}

TEST(StartUpLoop, NamesTheMomentTheLoadAndTheRightValue) {
  Facts facts = Looping();
  Log(facts, "076", 1, "INFO: Started server process [1]");
  Log(facts, "076", 68, "Model loaded and ready to serve");
  EXPECT_THAT(NgChecks(facts), ElementsAre("grace", "start-period", "start-up-loop"));
  const std::string words = Words(Ask(facts, "start-up-loop"));
  EXPECT_THAT(words, HasSubstr("3 of 3 unhealthy tasks ended by health checks while they load"));
  EXPECT_THAT(words, HasSubstr("lives of 76 s to 78 s: startPeriod 30 s + 3 × 15 s = 75 s"));
  EXPECT_THAT(words, HasSubstr("68 s after its startedAt"));
  EXPECT_THAT(words, HasSubstr("start_time = \"68s\""));
  EXPECT_THAT(words, HasSubstr("startPeriod 136 s"));
}

TEST(StartUpLoop, ALoadOverTheCapIsCoveredByGrace) {
  Facts facts = Looping();
  facts.file->config.given.insert("ecs.start_period");
  Log(facts, "076", 250, "Model loaded and ready to serve");
  const std::string words = Words(Ask(facts, "start-up-loop"));
  EXPECT_THAT(words, HasSubstr("`[ecs] start_period = \"300s\"`"));
  EXPECT_THAT(words, HasSubstr("`[ecs] grace = \"500s\"`"));
}

TEST(StartUpLoop, WithoutAReadyLineTheLoadIsLongerThanALife) {
  Facts facts = Looping();
  facts.local->model->bytes = 1'200'000'000;
  const std::string words = Words(Ask(facts, "start-up-loop"));
  EXPECT_THAT(words, HasSubstr("the load takes longer than that"));
  EXPECT_THAT(words, HasSubstr("over 1 GB startPeriod is 120 s or more"));
  EXPECT_THAT(words, HasSubstr("startPeriod 156 s"));
}

TEST(StartUpLoop, ACrashIsNone) {
  Facts facts = Looping();
  facts.live->stopped_tasks.clear();
  for (const double lived : {75., 76., 77.}) {
    Stop(facts, {.lived = lived, .exit_code = 1});
  }
  Log(facts, "0a", 70, "RuntimeError: weights do not fit");
  EXPECT_EQ(Worst(Ask(facts, "start-up-loop")), Verdict::kOk);
  EXPECT_THAT(NgChecks(facts), Contains("crash"));
  EXPECT_THAT(Words(Ask(facts, "crash")),
              AllOf(HasSubstr("3 of 3 stopped tasks ended by themselves"),
                    HasSubstr("log: RuntimeError: weights do not fit")));
}

TEST(StartUpLoop, ALifeFarLongerThanTheStartIsNone) {
  Facts facts = Looping();
  facts.live->stopped_tasks.clear();
  for (const double lived : {900., 1500., 4000.}) {
    Stop(facts, {.lived = lived,
                 .stop_code = "ServiceSchedulerInitiated",
                 .reason = kCheckFailed,
                 .exit_code = 143,
                 .health = "UNHEALTHY"});
  }
  EXPECT_EQ(Worst(Ask(facts, "start-up-loop")), Verdict::kOk);
}

TEST(StartUpLoop, ALogWithAnotherReasonWins) {
  Facts facts = Looping();
  Log(facts, "076", 5, "PermissionError: [Errno 13] Permission denied: '/root/.cache'");
  EXPECT_EQ(Worst(Ask(facts, "start-up-loop")), Verdict::kSkip);
  EXPECT_THAT(NgChecks(facts), Contains("never-ready"));
}

TEST(StartUpLoop, AModelThatWasLoadedLongBeforeIsAnotherFailure) {
  Facts facts = Looping();
  Log(facts, "076", 4, "Model loaded and ready to serve");
  EXPECT_EQ(Worst(Ask(facts, "start-up-loop")), Verdict::kOk);
  EXPECT_THAT(NgChecks(facts), Contains("never-ready"));
}

TEST(LoadTime, HearthsOwnLineSaysItItself) {
  Facts facts = Looping();
  Log(facts, "076", 40, R"({"msg":"Model loaded and ready to serve","ready_ms":850.5})");
  EXPECT_THAT(Words(Ask(facts, "start-period")), HasSubstr("0.85 s of its process"));
}

TEST(LoadTime, WithoutTheTaskItCountsFromTheFirstLine) {
  Facts facts = Well();
  Log(facts, "unknown", 10, "hello");
  Log(facts, "unknown", 90, "Model loaded and ready to serve");
  EXPECT_THAT(Words(Ask(facts, "start-period")), HasSubstr("80 s after its first log line"));
}

// ---- scale-in

void Activity(Facts& facts, double ago, int to, const std::string& cause) {
  facts.live->scaling_activities.push_back(
      json::object{{"StartTime", kNow - ago},
                   {"Description", "Setting desired count to " + std::to_string(to) + "."},
                   {"Cause", cause},
                   {"StatusCode", "Successful"}});
}

constexpr const char* kLow =
    "monitor alarm TargetTracking-x-AlarmLow-1 in state ALARM triggered policy cpu";
constexpr const char* kHigh =
    "monitor alarm TargetTracking-x-AlarmHigh-1 in state ALARM triggered policy cpu";

TEST(ScaleIn, BelowTheWantedSizeItTookWarmTasks) {
  Facts facts = Well();
  facts.live->observed.scalable_target->at("MinCapacity") = 1;
  facts.live->observed.service->at("desiredCount") = 2;
  Activity(facts, 600, 2, kLow);  // AWS has the newest first
  Activity(facts, 700, 3, kLow);
  EXPECT_THAT(NgChecks(facts), ElementsAre("floor", "scale-in"));
  const std::string words = Words(Ask(facts, "scale-in"));
  EXPECT_THAT(words, HasSubstr("scaling in took the pool to 2, the wanted size is 4"));
  EXPECT_THAT(words, HasSubstr("Setting desired count to 2. monitor alarm"));
  EXPECT_THAT(words, HasSubstr("MinCapacity is 1, [pool] floor = 4"));
  EXPECT_THAT(words, HasSubstr("desiredCount is 2 now"));
  EXPECT_THAT(words, HasSubstr("`hearth ecs scale --floor 4`"));
}

TEST(ScaleIn, WhatAScheduleDidWasAskedFor) {
  Facts facts = Well();
  Activity(facts, 600, 2, "scheduled action name night was triggered");
  Activity(facts, 7000, 8, kHigh);
  EXPECT_THAT(NgChecks(facts), IsEmpty());
  EXPECT_THAT(Words(Ask(facts, "scale-in")), HasSubstr("as scheduled: Setting desired count to 2"));
}

TEST(ScaleIn, DownToTheFloorIsNoFinding) {
  Facts facts = Well();
  Activity(facts, 600, 4, kLow);
  Activity(facts, 7000, 8, kHigh);
  EXPECT_THAT(NgChecks(facts), IsEmpty());
}

TEST(ScaleIn, ScalingOutBelowTheFloorIsNotScalingIn) {
  Facts facts = Well();
  Activity(facts, 600, 3, kHigh);
  Activity(facts, 700, 2, kHigh);
  EXPECT_THAT(NgChecks(facts), IsEmpty());
}

TEST(ScaleIn, DownAndUpAgainWithAShortCooldown) {
  Facts facts = Well();
  facts.live->observed.policies[0].as_object()["TargetTrackingScalingPolicyConfiguration"] =
      json::object{{"ScaleInCooldown", 30}};
  Activity(facts, 400, 7, kHigh);
  Activity(facts, 600, 5, kLow);
  Activity(facts, 900, 7, kHigh);
  EXPECT_THAT(NgChecks(facts), ElementsAre("scale-in"));
  EXPECT_THAT(Words(Ask(facts, "scale-in")), AllOf(HasSubstr("ScaleInCooldown is 30 s"),
                                                   HasSubstr("scale_in_cooldown = \"300s\"")));
}

// ---- never ready

void Unhealthy(Facts& facts, const std::string& description, const std::string& reason = "") {
  for (json::value& target : facts.live->target_health) {
    target.as_object()["TargetHealth"] =
        json::object{{"State", "unhealthy"}, {"Reason", reason}, {"Description", description}};
  }
}

TEST(NeverReady, AWrongPath) {
  Facts facts = Well();
  Unhealthy(facts, "Health checks failed with these codes: [404]", "Target.ResponseCodeMismatch");
  EXPECT_THAT(NgChecks(facts), ElementsAre("never-ready"));
  EXPECT_THAT(Words(Ask(facts, "never-ready")),
              AllOf(HasSubstr("does not have the route"), HasSubstr("[404]"),
                    HasSubstr("`[replica] ready =")));
}

TEST(NeverReady, ACacheThatCannotBeRead) {
  Facts facts = Well();
  Unhealthy(facts, "Health checks failed with these codes: [503]");
  Log(facts, "r1", 4, "PermissionError: [Errno 13] Permission denied: '/root/.cache/huggingface'");
  EXPECT_THAT(NgChecks(facts), ElementsAre("never-ready"));
  EXPECT_THAT(Words(Ask(facts, "never-ready")),
              AllOf(HasSubstr("/root/.cache/huggingface"), HasSubstr("ENV HF_HOME=/app/.cache"),
                    HasSubstr("HF_HOME is set in the task definition")));
}

TEST(NeverReady, AWrongPortAndALoopbackServer) {
  Facts facts = Well();
  Unhealthy(facts, "Request timed out", "Target.Timeout");
  Log(facts, "r1", 4, "INFO: Uvicorn running on http://0.0.0.0:8080 (Press CTRL+C to quit)");
  EXPECT_THAT(Words(Ask(facts, "never-ready")),
              HasSubstr("listens on port 8080, ECS was told 8000"));
  facts.live->log_lines[0].message =
      "INFO: Uvicorn running on http://127.0.0.1:8000 (Press CTRL+C)";
  EXPECT_THAT(Words(Ask(facts, "never-ready")), HasSubstr("loopback only"));
  EXPECT_THAT(NgChecks(facts), ElementsAre("never-ready"));
}

TEST(NeverReady, ASecurityGroupThatLetsNobodyIn) {
  Facts facts = Well();
  Unhealthy(facts, "Request timed out", "Target.Timeout");
  const auto closed = [&](const char* from, const char* to) {
    json::object& group = facts.live->security_groups[0].as_object();
    group["IpPermissions"] =
        json::array{json::object{{"IpProtocol", "tcp"}, {"FromPort", from}, {"ToPort", to}}};
    return Words(Ask(facts, "never-ready"));
  };
  EXPECT_THAT(closed("443", "443"),
              AllOf(HasSubstr("sg-1 lets nothing in on port 8000"),
                    HasSubstr("authorize-security-group-ingress --group-id sg-1")));
  EXPECT_THAT(closed("8000", "8100"), Not(HasSubstr("lets nothing in")));
}

TEST(NeverReady, WithoutACauseItSaysWhatItSaw) {
  Facts facts = Well();
  Unhealthy(facts, "Health checks failed with these codes: [503]");
  EXPECT_THAT(Words(Ask(facts, "never-ready")),
              AllOf(HasSubstr("4 tasks not ready, and nothing seen says why"),
                    HasSubstr("no task has logged"), HasSubstr("aws logs tail /ecs/embedding")));
}

TEST(NeverReady, OldEventsOfAPoolThatIsWellAreNoFinding) {
  Facts facts = Well();
  facts.live->observed.service->at("events").as_array().push_back(
      json::object{{"message",
                    "(service warm) (port 8000) is unhealthy in (target-group warm) due to "
                    "(reason Health checks failed with these codes: [404])"}});
  EXPECT_THAT(NgChecks(facts), IsEmpty());
}

TEST(NeverReady, ATaskThatStillLoadsIsNotJudged) {
  Facts facts = Looping();
  facts.live->stopped_tasks.clear();
  facts.live->running_tasks = {json::object{
      {"taskArn", "arn:task/ml/r1"}, {"startedAt", kNow - 20}, {"healthStatus", "UNKNOWN"}}};
  EXPECT_EQ(Worst(Ask(facts, "never-ready")), Verdict::kSkip);
  facts.live->running_tasks[0].as_object()["startedAt"] = kNow - 2000;
  EXPECT_EQ(Worst(Ask(facts, "never-ready")), Verdict::kNg);
}

}  // namespace
}  // namespace hearth::doctor
