// scale, rollback, init: the pure parts, and what they ask.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <map>
#include <string>
#include <vector>

#include "base/cron.h"
#include "config/config.h"
#include "ecs/init_text.h"
#include "ecs/json_text.h"
#include "ecs/live_schedule.h"
#include "ecs/rollback.h"
#include "ecs/scale.h"
#include "ecs/schedule_times.h"
#include "ecs/scripted_aws.h"
#include "ecs/spare_policy.h"
#include "ecs/toml_write.h"

namespace hearth::ecs {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr ScaleNow kNow{.floor = 4, .max = 12, .desired = 5};

TEST(ScaleTest, OnlyWhatIsAskedForIsSent) {
  const auto plan = PlanScale(TestSpec(), {.floor = 6}, kNow);
  ASSERT_TRUE(plan) << plan.error().message;
  ASSERT_THAT(plan->requests, SizeIs(1));
  EXPECT_EQ(boost::json::serialize(plan->requests[0].input),
            R"({"ServiceNamespace":"ecs","ResourceId":"service/ml/pool",)"
            R"("ScalableDimension":"ecs:service:DesiredCount","MinCapacity":6})");
  EXPECT_THAT(plan->notes, Contains("AWS raises the wanted tasks from 5 to 6 at once"));
  EXPECT_THAT(plan->notes, Contains(HasSubstr("put floor = 6 into [pool] of hearth.toml")));
}

TEST(ScaleTest, ALowerMaxNamesTheWarmTasksThatGo) {
  const auto plan = PlanScale(TestSpec(), {.floor = 2, .max = 3}, kNow);
  ASSERT_TRUE(plan) << plan.error().message;
  EXPECT_THAT(plan->notes, Contains("AWS lowers the wanted tasks from 5 to 3 at once: 2 warm tasks "
                                    "drain and stop"));
}

TEST(ScaleTest, TheSparePolicyIsTheOneThatApplySends) {
  EcsSpec three = TestSpec();
  three.spare = 3;
  const auto plan = PlanScale(TestSpec(), {.spare = 3}, kNow);
  ASSERT_TRUE(plan) << plan.error().message;
  ASSERT_THAT(plan->requests, SizeIs(1));
  EXPECT_EQ(plan->requests[0].action, "PutScalingPolicy");
  EXPECT_EQ(plan->requests[0].input, SparePolicy(three));
}

TEST(ScaleTest, TheFilesOwnNumbersNeedNoNote) {
  const auto plan = PlanScale(TestSpec(), {.floor = 4, .max = 12}, kNow);
  ASSERT_TRUE(plan);
  EXPECT_THAT(plan->notes, IsEmpty());
}

TEST(ScaleTest, AScheduleIsMentioned) {
  EcsSpec spec = TestSpec();
  spec.schedule = {{.cron = "0 8 * * *", .timezone = "UTC", .floor = 4, .line = 1}};
  const auto plan = PlanScale(spec, {.floor = 6}, kNow);
  ASSERT_TRUE(plan);
  EXPECT_THAT(plan->notes, Contains(HasSubstr("until the next time of [[pool.schedule]]")));
}

TEST(ScaleTest, WhatCannotBeIsRefused) {
  struct Case {
    ScaleWish wish;
    ScaleNow now;
    Code code;
    const char* words;
  };
  const Case cases[] = {
      {{.floor = 13}, kNow, Code::kUnprocessable, "floor 13 is above max 12"},
      {{.max = 3}, kNow, Code::kUnprocessable, "floor 4 is above max 3"},
      {{.floor = 0}, kNow, Code::kUnprocessable, "must be at least 1"},
      {{.floor = 5}, {.floor = {}, .max = {}, .desired = 5}, Code::kNotFound, "no scalable target"},
  };
  for (const Case& c : cases) {
    const auto plan = PlanScale(TestSpec(), c.wish, c.now);
    ASSERT_FALSE(plan) << c.words;
    EXPECT_EQ(plan.error().code, c.code);
    EXPECT_THAT(plan.error().message, HasSubstr(c.words));
  }
  EcsSpec foreign = TestSpec();
  foreign.spare_policy = false;
  EXPECT_THAT(PlanScale(foreign, {.spare = 2}, kNow).error().message, HasSubstr("no spare policy"));
  EXPECT_TRUE(PlanScale(foreign, {.floor = 0}, kNow));
}

const boost::json::object kRuns8 = {{"taskDefinition", "arn:aws:ecs:r:1:task-definition/pool:8"}};
const boost::json::array kRevisions = {
    "arn:aws:ecs:r:1:task-definition/pool:10", "arn:aws:ecs:r:1:task-definition/pool:8",
    "arn:aws:ecs:r:1:task-definition/pool:5", "arn:aws:ecs:r:1:task-definition/pool:7",
    "arn:aws:ecs:r:1:task-definition/pool-other:6"};

TEST(RollbackTest, ADeploymentUnderWayIsStopped) {
  DeploymentState state;
  state.arn = "arn:d";
  state.status = "IN_PROGRESS";
  const auto plan = PlanRollback(TestSpec(), kRuns8, state, kRevisions);
  ASSERT_TRUE(plan) << plan.error().message;
  EXPECT_EQ(plan->request->action, "StopServiceDeployment");
  EXPECT_EQ(boost::json::serialize(plan->request->input),
            R"({"serviceDeploymentArn":"arn:d","stopType":"ROLLBACK"})");
  EXPECT_EQ(plan->wanted, DeploymentEnd::kRolledBack);
}

TEST(RollbackTest, OneThatRollsBackAlreadyIsFollowed) {
  DeploymentState state;
  state.status = "ROLLBACK_IN_PROGRESS";
  const auto plan = PlanRollback(TestSpec(), kRuns8, state, kRevisions);
  ASSERT_TRUE(plan);
  EXPECT_FALSE(plan->request);
  EXPECT_EQ(plan->wanted, DeploymentEnd::kRolledBack);
}

TEST(RollbackTest, TheFirstDeploymentHasNothingBehindIt) {
  DeploymentState state;
  state.status = "IN_PROGRESS";
  state.first = true;
  const auto plan = PlanRollback(TestSpec(), kRuns8, state, kRevisions);
  ASSERT_FALSE(plan);
  EXPECT_THAT(plan.error().message, HasSubstr("hearth ecs destroy"));
}

TEST(RollbackTest, OtherwiseTheRevisionBeforeOfTheSameFamily) {
  DeploymentState done;
  done.end = DeploymentEnd::kDone;
  const auto plan = PlanRollback(TestSpec(), kRuns8, done, kRevisions);
  ASSERT_TRUE(plan) << plan.error().message;
  EXPECT_EQ(plan->request->action, "UpdateService");
  EXPECT_EQ(boost::json::serialize(plan->request->input),
            R"({"cluster":"ml","service":"pool",)"
            R"("taskDefinition":"arn:aws:ecs:r:1:task-definition/pool:7"})");
  EXPECT_EQ(
      plan->words,
      "no deployment is under way: going back from pool:8 to pool:7, the active revision before");
  EXPECT_EQ(plan->wanted, DeploymentEnd::kDone);
}

TEST(RollbackTest, WithoutAnOlderRevisionItSaysSo) {
  const auto plan = PlanRollback(
      TestSpec(), {{"taskDefinition", "arn:aws:ecs:r:1:task-definition/pool:5"}}, {}, kRevisions);
  ASSERT_FALSE(plan);
  EXPECT_EQ(plan.error().code, Code::kNotFound);
  EXPECT_THAT(plan.error().message, HasSubstr("runs pool:5"));
}

TEST(InitTest, TheSectionIsAFileThatParses) {
  const std::string section = EcsSection("eu-west-1");
  const auto config = config::ParseConfig(section, "hearth.toml");
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_TRUE(config->ecs.given);
  EXPECT_EQ(config->ecs.region, "eu-west-1");
  const auto spec = MakeSpec(*config);
  EXPECT_TRUE(spec) << spec.error().message;
}

TEST(InitTest, WhatIsCommentedOutParsesTooWhenItIsTakenIn) {
  const std::string text = EcsSection("");
  std::string all;
  size_t begin = 0;
  while (begin < text.size()) {
    const size_t end = text.find('\n', begin);
    std::string line = text.substr(begin, end - begin);
    begin = end + 1;
    // "# key = …" and "# [table]"; a listener's ARN is a placeholder that no form takes.
    const bool key =
        line.starts_with("# ") && (line.find(" = ") != std::string::npos || line[2] == '[');
    if (key && line.find("listener") == std::string::npos) line = line.substr(2);
    all += line + "\n";
  }
  const auto config = config::ParseConfig(all, "hearth.toml");
  ASSERT_TRUE(config) << config.error().message << "\n" << all;
  EXPECT_TRUE(config->given.contains("ecs.protect_after"));
  EXPECT_TRUE(config->given.contains("ecs.scaling.cpu_target"));
}

TEST(InitTest, AnEcsThatIsThereIsNeverWrittenOver) {
  for (const char* text :
       {"[ecs]\n", " [ ecs ]", "[pool]\nfloor = 3\n[ecs.scaling]\n", "ecs = { cluster = \"a\" }\n",
        "ecs.cluster = \"a\"\n", "[[pool.schedule]]\n[ecs]"}) {
    const auto out = WithEcs(text, "[ecs]\n", "hearth.toml");
    ASSERT_FALSE(out) << text;
    EXPECT_EQ(out.error().code, Code::kUnprocessable);
  }
  for (const char* text : {"", "[pool]\nfloor = 3", "# [ecs]\n", "[ecstasy]\n"}) {
    const auto out = WithEcs(text, "[ecs]\n", "hearth.toml");
    ASSERT_TRUE(out) << text;
    EXPECT_TRUE(out->starts_with(text)) << *out;
    EXPECT_TRUE(out->ends_with("[ecs]\n")) << *out;
  }
}

TEST(LiveScheduleTest, AwsCronsComeBack) {
  EXPECT_EQ(CrontabOf("cron(0 8 ? * MON-FRI *)"), "0 8 * * MON-FRI");
  EXPECT_EQ(CrontabOf("cron(30 6 1 * ? *)"), "30 6 1 * *");
  EXPECT_EQ(CrontabOf("cron(0 8 ? * 2-6 *)"), "0 8 * * 1-5");
  for (const char* none : {"rate(1 hour)", "at(2026-01-01T00:00:00)", "cron(0 8 L * ? *)",
                           "cron(0 8 ? * 6#3 *)", "cron(0 8 ? * MON 2027)", "cron(0 8 ? *)", ""}) {
    EXPECT_EQ(CrontabOf(none), std::nullopt) << none;
  }
}

// What hearth writes for AWS means the same when it is read back.
RC_GTEST_PROP(LiveScheduleProperty, IsTheWayBack, ()) {
  const int minute = *rc::gen::inRange(0, 60);
  const int hour = *rc::gen::inRange(0, 24);
  const int first = *rc::gen::inRange(0, 6);
  const int last = *rc::gen::inRange(first + 1, 7);
  const std::string cron = fmt::format("{} {} * * {}-{}", minute, hour, first, last);
  const auto aws = AwsCron(cron);
  RC_ASSERT(aws.has_value());
  const auto back = CrontabOf("cron(" + *aws + ")");
  RC_ASSERT(back.has_value());
  const auto is = ParseCron(*back);
  const auto ought = ParseCron(cron);
  RC_ASSERT(is && ought);
  RC_ASSERT(is->weekdays == ought->weekdays);
  RC_ASSERT(is->minutes == ought->minutes && is->hours == ought->hours);
}

RC_GTEST_PROP(JsonTextProperty, ReadsBackAsItWas, ()) {
  // Only UTF-8 is JSON.
  const auto word = rc::gen::container<std::string>(rc::gen::inRange<char>(0, 127));
  const auto in = *rc::gen::container<std::map<std::string, std::vector<std::string>>>(
      word, rc::gen::container<std::vector<std::string>>(word));
  boost::json::object object;
  for (const auto& [key, list] : in) {
    object[key] = boost::json::object{{"list", boost::json::array(list.begin(), list.end())},
                                      {"none", nullptr}};
  }
  RC_ASSERT(boost::json::parse(JsonText(object)) == object);
}

TEST(JsonTextTest, NumbersStayWhatTheyAreAndReadable) {
  EXPECT_EQ(JsonText(boost::json::parse(R"({"a": [60.0, 0.05, 3], "b": {}, "c": {"d": null}})")),
            "{\n  \"a\": [60.0, 0.05, 3],\n  \"b\": {},\n  \"c\": {\n    \"d\": null\n  }\n}");
}

TEST(TomlWriterTest, QuotesAndNests) {
  TomlWriter out;
  out.Table("a");
  out.Text("k", "say \"hi\"\n");
  out.Texts("l", {"x", "y z"});
  out.Json("j", boost::json::parse(R"({"a b": [1, true, {"c": "d"}], "n": null})"));
  EXPECT_EQ(out.text(),
            "[a]\nk = \"say \\\"hi\\\"\\n\"\nl = [\"x\", \"y z\"]\n"
            "j = { \"a b\" = [1, true, { \"c\" = \"d\" }] }\n");
}

}  // namespace
}  // namespace hearth::ecs
