#include "ecs/spec.h"

#include <gmock/gmock.h>

#include "ecs/desired_test_support.h"

namespace hearth::ecs {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;

std::string WithListener(std::string_view more = "") {
  return fmt::format("listener = \"{}\"\n{}", kListener, more);
}

TEST(EcsSpec, FromWhatIsNeededAlone) {
  const EcsSpec spec = GoodSpec(FileWith(""));
  EXPECT_TRUE(spec.hearth_inside);
  EXPECT_EQ(spec.family, "embedding-warm-pool");
  EXPECT_EQ(spec.log_group, "/ecs/embedding-warm-pool");
  EXPECT_EQ(spec.cpu_units, 1024);
  EXPECT_EQ(spec.memory_mib, 2048) << "the least with one CPU";
  EXPECT_THAT(spec.check.command, ElementsAre("CMD", "/usr/local/bin/hearth", "probe", "ready"));
  EXPECT_EQ(spec.check.start_period, seconds(90));
  EXPECT_EQ(spec.grace, seconds(90));
  EXPECT_EQ(spec.stop_timeout, seconds(35));
  EXPECT_FALSE(spec.balancer || spec.pull || spec.protect_after);
  EXPECT_EQ(spec.ephemeral_gib, 0);
  EXPECT_TRUE(spec.spare_policy);
  EXPECT_THAT(spec.env,
              ElementsAre(Pair("HEARTH_DRAIN_TIMEOUT", "30s"), Pair("HEARTH_HOST", "0.0.0.0"),
                          Pair("HEARTH_METRIC_CLUSTER", "ml-inference"),
                          Pair("HEARTH_METRIC_NAMESPACE", "hearth"),
                          Pair("HEARTH_METRIC_SERVICE", "embedding-warm-pool"),
                          Pair("HEARTH_WORKERS", "1"), Pair("PORT", "8000")));
}

TEST(EcsSpec, WithABalancerTheContainerSaysAliveAndTheTargetGroupReady) {
  const EcsSpec spec = GoodSpec(FileWith("", WithListener()));
  EXPECT_THAT(spec.check.command, ElementsAre("CMD", "/usr/local/bin/hearth", "probe", "health"));
  ASSERT_TRUE(spec.balancer);
  EXPECT_EQ(spec.balancer->path, "/ready");
  EXPECT_EQ(spec.balancer->target_group, "ml-inference-embedding-warm-pool");
  EXPECT_EQ(spec.balancer->deregistration_delay, seconds(30));
  EXPECT_THAT(spec.balancer->rule_paths, ElementsAre("/*"));
  EXPECT_EQ(spec.grace, seconds(120)) << "two checks of the target group more";
}

TEST(EcsSpec, ALongNameOfATargetGroupIsCutAndStaysOneOfAKind) {
  const auto name = [](const char* service) {
    std::string text = FileWith("", WithListener());
    text.replace(text.find("embedding-warm-pool"), 19, service);
    return GoodSpec(text).balancer->target_group;
  };
  const std::string one = name("embedding-warm-pool-of-the-search-team");
  const std::string other = name("embedding-warm-pool-of-the-search-crew");
  EXPECT_EQ(one.substr(0, 23), "embedding-warm-pool-of-");
  EXPECT_LE(one.size(), 32U);
  EXPECT_NE(one, other);
  EXPECT_EQ(name("a_b").substr(0, 4), "a-b-") << "no underscores";
}

struct StartCase {
  const char* replica;
  const char* ecs;
  int start_period, grace;
};

void PrintTo(const StartCase& one, std::ostream* out) { *out << one.replica << " " << one.ecs; }

class Start : public testing::TestWithParam<StartCase> {};

TEST_P(Start, PeriodsComeFromTheMeasuredStart) {
  const StartCase& one = GetParam();
  const EcsSpec spec = GoodSpec(FileWith(fmt::format("[replica]\n{}\n", one.replica), one.ecs));
  EXPECT_EQ(spec.check.start_period.count(), one.start_period);
  EXPECT_EQ(spec.grace.count(), one.grace);
}

INSTANTIATE_TEST_SUITE_P(
    All, Start,
    testing::Values(StartCase{"", "", 90, 90}, StartCase{"start_time = \"40s\"", "", 80, 80},
                    StartCase{"start_time = \"850ms\"", "", 2, 2},
                    StartCase{"start_time = \"150s\"", "", 300, 300},
                    StartCase{"start_time = \"151s\"", "", 300, 302},
                    StartCase{"start_time = \"20m\"", "", 300, 2400},
                    StartCase{"", "start_period = \"3m\"", 180, 180},
                    StartCase{"start_time = \"40s\"", "start_period = \"30s\"", 30, 80},
                    StartCase{"start_time = \"40s\"", "grace = \"10m\"", 80, 600}));

TEST(EcsSpec, StopAndDeregistrationFollowTheDrain) {
  const EcsSpec shorter = GoodSpec(FileWith("[replica]\ndrain_time = \"9500ms\"", WithListener()));
  EXPECT_EQ(shorter.stop_timeout, seconds(15));
  EXPECT_EQ(shorter.balancer->deregistration_delay, seconds(10));
  const EcsSpec most = GoodSpec(FileWith("[replica]\ndrain_time = \"115s\"", WithListener()));
  EXPECT_EQ(most.stop_timeout, seconds(120));
  const EcsSpec said =
      GoodSpec(FileWith("[replica]\ndrain_time = \"5m\"", WithListener("stop_timeout = \"2m\"")));
  EXPECT_EQ(said.stop_timeout, seconds(120));
  EXPECT_EQ(said.balancer->deregistration_delay, seconds(120));
}

TEST(EcsSpec, AnotherServerIsCheckedAsTheSeedDoes) {
  const EcsSpec spec = GoodSpec(FileWith("", "server = \"other\""));
  EXPECT_FALSE(spec.hearth_inside);
  EXPECT_FALSE(spec.spare_policy) << "off by default, silently";
  EXPECT_TRUE(spec.env.empty());
  EXPECT_EQ(spec.memory_mib, 2048);
  EXPECT_THAT(spec.check.command,
              ElementsAre("CMD-SHELL",
                          "python -c \"import urllib.request; "
                          "urllib.request.urlopen('http://localhost:8000/ready')\" || exit 1"));
}

TEST(EcsSpec, ItsPathAndPortAreConfiguredAndCannotLeaveTheQuotes) {
  const EcsSpec spec = GoodSpec(
      FileWith("[replica]\nbackend = \"docker\"\nimage = \"x\"\nport = 9000\nready = "
               "\"/a'b\\\"c$d`e\"\ncommand = [\"serve\", \"--port={port}\", \"{name}\"]\n"));
  EXPECT_FALSE(spec.hearth_inside) << "it has a command";
  EXPECT_THAT(spec.check.command[1], HasSubstr("'http://localhost:9000/a%27b%22c%24d%60e'"));
  EXPECT_THAT(spec.command, ElementsAre("serve", "--port=9000", "replica"));
  EXPECT_TRUE(spec.env.empty()) << "told by {port}";
  const EcsSpec by_variable = GoodSpec(FileWith("[replica]\ncommand = [\"python\", \"app.py\"]"));
  EXPECT_THAT(by_variable.env, ElementsAre(Pair("PORT", "8000")));
}

TEST(EcsSpec, AModelOnS3IsPulledFirst) {
  const EcsSpec spec =
      GoodSpec(FileWith("[model]\nsource = \"s3://b/m\"\n[replica]\ncpu = 2\n"
                        "memory = \"16GiB\"",
                        "task_role = \"task\""));
  ASSERT_TRUE(spec.pull);
  EXPECT_EQ(spec.pull->image, spec.image);
  EXPECT_EQ(spec.pull->folder, "/models");
  EXPECT_EQ(spec.ephemeral_gib, 42) << "2 × memory and 10";
  EXPECT_EQ(spec.env.at("HEARTH_MODEL"), "/models/model.hearth");
  EXPECT_EQ(spec.grace, seconds(390));
  const EcsSpec said = GoodSpec(FileWith(
      "[model]\nsource = \"s3://b/m\"",
      "task_role = \"task\"\nephemeral_storage = \"30500MiB\"\npull_image = \"hearth:1\""));
  EXPECT_EQ(said.ephemeral_gib, 30);
  EXPECT_EQ(said.pull->image, "hearth:1");
  const EcsSpec small = GoodSpec(FileWith("[model]\nsource = \"s3://b/m\"", "task_role = \"t\""));
  EXPECT_EQ(small.ephemeral_gib, 21);
}

TEST(EcsSpec, ProtectionAndSlotsAreTold) {
  const EcsSpec spec =
      GoodSpec(FileWith("[pool]\nslots = 4", "task_role = \"t\"\nprotect_after = \"1m\""));
  EXPECT_EQ(spec.protect_after, seconds(60));
  EXPECT_EQ(spec.env.at("HEARTH_PROTECT_AFTER"), "60s");
  EXPECT_EQ(spec.env.at("HEARTH_SLOTS"), "4");
}

TEST(EcsSpec, TheFilesOwnVariablesStay) {
  const EcsSpec spec = GoodSpec(FileWith("[replica]\nenv = { HEARTH_WORKERS = \"3\" }"));
  EXPECT_EQ(spec.env.at("HEARTH_WORKERS"), "3");
}

struct RefusedCase {
  const char* before;
  const char* more;
  const char* says;  // part of the message
};

void PrintTo(const RefusedCase& one, std::ostream* out) { *out << one.before << " " << one.more; }

class Refused : public testing::TestWithParam<RefusedCase> {};

TEST_P(Refused, WithKeyValueAndReason) {
  EXPECT_THAT(RefusalOf(FileWith(GetParam().before, GetParam().more)), HasSubstr(GetParam().says));
}

#define LISTENER \
  "listener = "  \
  "\"arn:aws:elasticloadbalancing:us-east-1:123456789012:listener/app/models/50dc/f2f7\"\n"

INSTANTIATE_TEST_SUITE_P(
    All, Refused,
    testing::Values(
        RefusedCase{
            "[replica]\nmemory = \"16GiB\"", "",
            "replica.cpu = 1 and replica.memory = \"16GiB\": Fargate has no such pair (with "
            "1 CPU it has 2, 3 … 8 GiB); the nearest is cpu = 2 and memory = \"16GiB\""},
        RefusedCase{"[replica]\ncpu = 1.5\nmemory = \"4GiB\"", "",
                    "Fargate has no such pair (0.25, 0.5, 1, 2, 4, 8 or 16 CPUs); the nearest is "
                    "cpu = 2 and memory = \"4GiB\""},
        RefusedCase{
            "[replica]\nmemory = \"4GB\"", "",
            "replica.memory = \"4GB\": Fargate has no such pair (with 1 CPU it has 2, 3 … 8 "
            "GiB); the nearest is cpu = 1 and memory = \"4GiB\""},
        RefusedCase{"[replica]\ncpu = 3", "", "the nearest is cpu = 4 and memory = \"8GiB\""},
        RefusedCase{"[pool]\nkeep_warm = \"5m\"", "",
                    "pool.keep_warm = \"5m\": on ECS surplus is kept 15 minutes at least, since "
                    "target tracking scales in after 15 of 15 minutes"},
        RefusedCase{"[pool]\nfloor = 0", "",
                    "pool.floor = 0: with ecs.scaling.spare_policy it must be 1 or more"},
        RefusedCase{"[[pool.schedule]]\ncron = \"0 8 * * *\"\nfloor = 0", "",
                    "pool.schedule.floor = 0: with ecs.scaling.spare_policy"},
        RefusedCase{
            "[[pool.schedule]]\ncron = \"0 8 1 * 1\"\nfloor = 1", "",
            "pool.schedule.cron = \"0 8 1 * 1\" says days of the month and days of the week"},
        RefusedCase{"[[pool.schedule]]\ncron = \"0 8 * * *\"\ntimezone = \"Europe/Nowhere\"\n"
                    "floor = 1",
                    "", "Europe/Nowhere"},
        RefusedCase{"", "desired = 13", "ecs.desired = 13 must not be more than pool.max = 12"},
        RefusedCase{"", "server = \"other\"\n[ecs.scaling]\nspare_policy = true",
                    "ecs.scaling.spare_policy = true needs hearth inside the replica"},
        RefusedCase{"", "server = \"other\"\ntask_role = \"t\"\nprotect_after = \"1m\"",
                    "ecs.protect_after = \"60s\" needs hearth inside the replica"},
        RefusedCase{"", "exec = true", "ecs.exec = true needs ecs.task_role"},
        RefusedCase{"", "protect_after = \"1m\"", "ecs.protect_after needs ecs.task_role"},
        RefusedCase{"[model]\nsource = \"s3://b/m\"", "", "a model on S3 needs ecs.task_role"},
        RefusedCase{"[model]\nsource = \"s3://b/m\"", "server = \"other\"",
                    "say ecs.pull_image, an image of hearth"},
        RefusedCase{"", "pull_image = \"x\"", "ecs.pull_image is for a model on S3"},
        RefusedCase{"", "rule_priority = 7", "ecs.rule_priority needs ecs.listener"},
        RefusedCase{
            "", LISTENER "deregistration_delay = \"1m\"",
            "ecs.deregistration_delay = \"60s\" must not be more than the stop timeout, 35 s"},
        RefusedCase{"", LISTENER "rule_paths = []", "are both empty"},
        RefusedCase{"",
                    LISTENER "rule_paths = [\"/a\",\"/b\",\"/c\"]\nrule_hosts = "
                             "[\"a.x\",\"b.x\",\"c.x\"]",
                    "have 6 patterns: AWS takes 5 in a rule"},
        RefusedCase{"[replica]\ndrain_time = \"5m\"", "",
                    "replica.drain_time = \"5m\": Fargate kills a task 120 s after it is told to "
                    "stop; at most \"115s\""},
        RefusedCase{"", "health_timeout = \"15s\"",
                    "ecs.health_timeout = \"15s\" must be less than ecs.health_interval = \"15s\""},
        RefusedCase{"", "health_command = [\"curl\", \"x\"]", "not begin with \"curl\""},
        RefusedCase{"", "log_retention_days = 8", "the nearest is 7"},
        RefusedCase{"[replica]\ncommand = [\"x\", \"{socket}\"]", "",
                    "replica.command has {socket}: on ECS a replica listens on a port"},
        RefusedCase{"", "tags = { a = \"x;y\" }", "ecs.tags: a = \"x;y\""},
        RefusedCase{"", "[ecs.task_definition]\nfamily = \"x\"",
                    "ecs.task_definition.family cannot be merged in: say ecs.family"},
        RefusedCase{"", "[ecs.service_definition]\ndesiredCount = 3", "say ecs.desired"}));

TEST(EcsSpec, WhatIsNeededIsNamed) {
  EXPECT_THAT(RefusalOf("[pool]\nfloor = 1\n"), HasSubstr("there is no [ecs]"));
  for (const char* key :
       {"region", "cluster", "service", "image", "subnets", "security_groups", "execution_role"}) {
    std::string text = FileWith("");
    const size_t begin = text.find(std::string("\n") + key + " ") + 1;
    text.erase(begin, text.find('\n', begin) + 1 - begin);
    EXPECT_THAT(RefusalOf(text), HasSubstr(fmt::format("ecs.{} is needed", key)));
  }
}

TEST(EcsSpec, KeepWarmIsLookedAtOnlyWhereTheFileHasIt) {
  EXPECT_EQ(RefusalOf(FileWith("")), "no error") << "its default is 5 minutes";
  EXPECT_EQ(RefusalOf(FileWith("[pool]\nkeep_warm = \"15m\"")), "no error");
  EXPECT_EQ(RefusalOf(FileWith("[pool]\nfloor = 0", "[ecs.scaling]\nspare_policy = false")),
            "no error");
}

}  // namespace
}  // namespace hearth::ecs
