#include "config/config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <filesystem>

#include "config/keys.h"
#include "config/size.h"

namespace hearth::config {
namespace {

using std::chrono::milliseconds;
using testing::ElementsAre;
using testing::HasSubstr;

std::string MessageOf(std::string_view text) {
  const auto config = ParseConfig(text, "hearth.toml");
  if (config) return "no error";
  EXPECT_EQ(config.error().message.find('\n'), std::string::npos) << config.error().message;
  EXPECT_LT(config.error().message.size(), 600U) << config.error().message;
  return config.error().message;
}

Config Good(std::string_view text) {
  auto config = ParseConfig(text, "hearth.toml");
  EXPECT_TRUE(config) << config.error().message;
  return config ? *config : Config();
}

TEST(Config, AnEmptyFileIsAllDefaults) {
  const Config config = Good("# nothing\n");
  EXPECT_EQ(config.pool.floor, 2);
  EXPECT_EQ(config.gateway.listen, "127.0.0.1:8000");
  EXPECT_EQ(config.admin.listen, "127.0.0.1:8001");
  EXPECT_EQ(config.replica.backend, Backend::kProcess);
  EXPECT_TRUE(config.given.empty());
  EXPECT_FALSE(config.ecs.given);
}

TEST(Config, EveryKindOfValueIsRead) {
  const Config config = Good(R"(
[model]
source = "hf://org/name"
[pool]
name = "one"
floor = 3
keep_warm = "1h"
[[pool.schedule]]
cron = "0 8 * * 1-5"
timezone = "Europe/Paris"
floor = 4
[[pool.schedule]]
cron = "0 20 * * *"
floor = 1
[replica]
backend = "docker"
image = "org/app:1"
command = ["serve", "--port", "{port}"]
env = { A = "1", "B.C" = "" }
mounts = ["/srv:/models:ro", "volume:/data"]
network = "host"
read_only = false
port = 9000
retry_safe = ["/predict"]
cpu = 1.5
memory = "2GiB"
start_time = "850ms"
[gateway]
listen = "unix:/run/hearth.sock"
body_bytes_max = 1000000
retry_budget = 0
)");
  EXPECT_EQ(config.model.source, "hf://org/name");
  EXPECT_EQ(config.pool.floor, 3);
  EXPECT_EQ(config.pool.keep_warm, milliseconds(3'600'000));
  ASSERT_EQ(config.pool.schedule.size(), 2U);
  EXPECT_EQ(config.pool.schedule[0].timezone, "Europe/Paris");
  EXPECT_EQ(config.pool.schedule[0].floor, 4);
  EXPECT_EQ(config.pool.schedule[0].line, 8);
  EXPECT_EQ(config.pool.schedule[1].timezone, "UTC");
  EXPECT_EQ(config.replica.backend, Backend::kDocker);
  EXPECT_THAT(config.replica.command, ElementsAre("serve", "--port", "{port}"));
  EXPECT_THAT(config.replica.env, ElementsAre(testing::Pair("A", "1"), testing::Pair("B.C", "")));
  EXPECT_FALSE(config.replica.read_only);
  EXPECT_EQ(config.replica.cpu, 1.5);
  EXPECT_EQ(config.replica.memory_bytes, int64_t{2} << 30);
  EXPECT_EQ(config.replica.start_time, milliseconds(850));
  EXPECT_EQ(config.gateway.body_bytes_max, 1'000'000);
  EXPECT_EQ(config.gateway.retry_budget, 0);
  EXPECT_TRUE(config.given.contains("pool.floor"));
  EXPECT_TRUE(config.given.contains("pool.schedule"));
  EXPECT_FALSE(config.given.contains("pool.max"));
}

TEST(Config, EcsIsReadWithItsTables) {
  const Config config = Good(R"(
[ecs]
region = "eu-west-1"
subnets = ["subnet-a1", "subnet-b2"]
execution_role = "arn:aws:iam::123456789012:role/path/exec"
listener = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:listener/app/a/50dc/f2f7"
arch = "ARM64"
start_period = "2m"
ephemeral_storage = "40GiB"
rebalancing = true
rule_paths = ["/embed*"]
[ecs.scaling]
cpu_target = 0
scale_in_cooldown = "0s"
[ecs.tags]
purpose = "warm-pool"
"cost/center" = "7"
[ecs.task_definition]
containerDefinitions = [{ name = "replica", ulimits = [{ softLimit = 1, hardLimit = 2 }] }]
enableFaultInjection = false
[ecs.task_definition.proxyConfiguration]
weight = 1.5
)");
  EXPECT_TRUE(config.ecs.given);
  EXPECT_EQ(config.ecs.region, "eu-west-1");
  EXPECT_THAT(config.ecs.subnets, ElementsAre("subnet-a1", "subnet-b2"));
  EXPECT_EQ(config.ecs.arch, "ARM64");
  EXPECT_EQ(config.ecs.start_period, milliseconds(120'000));
  EXPECT_EQ(config.ecs.ephemeral_storage_bytes, int64_t{40} << 30);
  EXPECT_TRUE(config.ecs.rebalancing);
  EXPECT_EQ(config.ecs.cpu_target, 0);
  EXPECT_EQ(config.ecs.scale_in_cooldown, milliseconds(0));
  EXPECT_EQ(config.ecs.scale_out_cooldown, milliseconds(60'000));
  EXPECT_THAT(config.ecs.tags, ElementsAre(testing::Pair("cost/center", "7"),
                                           testing::Pair("purpose", "warm-pool")));
  EXPECT_EQ(
      config.ecs.task_definition.text,
      R"({"containerDefinitions":[{"name":"replica","ulimits":[{"hardLimit":2,)"
      R"("softLimit":1}]}],"enableFaultInjection":false,"proxyConfiguration":{"weight":1.5}})");
  EXPECT_EQ(config.ecs.service_definition.text, "{}");
  EXPECT_TRUE(config.given.contains("ecs.region"));
  EXPECT_TRUE(config.given.contains("ecs.scaling.cpu_target"));
  EXPECT_FALSE(config.given.contains("ecs.scaling.scale_out_cooldown"));
}

struct WrongCase {
  const char* text;
  const char* message;  // after "hearth.toml:"
};

void PrintTo(const WrongCase& wrong, std::ostream* out) { *out << wrong.text; }

class Wrong : public testing::TestWithParam<WrongCase> {};

TEST_P(Wrong, IsToldInOneLineWithPlaceValueAndWhatIsWanted) {
  EXPECT_EQ(MessageOf(GetParam().text), std::string("hearth.toml:") + GetParam().message);
}

INSTANTIATE_TEST_SUITE_P(
    Values, Wrong,
    testing::Values(
        WrongCase{"\n[pool]\nfloor = -1", "3: pool.floor = -1: must be a whole number, 0 to 1000"},
        WrongCase{"[pool]\nfloor = 2.0", "2: pool.floor = 2.0: must be a whole number, 0 to 1000"},
        WrongCase{"[pool]\nfloor = \"2\"",
                  "2: pool.floor = \"2\": must be a whole number, 0 to 1000"},
        WrongCase{"[pool]\nspare = -1", "2: pool.spare = -1: must be a whole number, 0 to 1000"},
        WrongCase{"[pool]\nmax = 9223372036854775807",
                  "2: pool.max = 9223372036854775807: must be a whole number, 1 to 1000"},
        WrongCase{"[pool]\nkeep_warm = 300",
                  "2: pool.keep_warm = 300: must be a duration such as \"5m\", \"2s\" or "
                  "\"250ms\", 10ms to 24h"},
        WrongCase{"[pool]\nkeep_warm = \"300\"",
                  "2: pool.keep_warm = \"300\": must be a duration such as \"5m\", \"2s\" or "
                  "\"250ms\", 10ms to 24h"},
        WrongCase{"[pool]\nkeep_warm = \"5 min\\nutes\"",
                  "2: pool.keep_warm = \"5 min\\nutes\": must be a duration such as \"5m\", "
                  "\"2s\" or \"250ms\", 10ms to 24h"},
        WrongCase{"[replica]\nmemory = \"2 gigs\"",
                  "2: replica.memory = \"2 gigs\": must be a size such as \"2GiB\" or "
                  "\"512MiB\", 6MiB to 16TiB, or 0"},
        WrongCase{"[replica]\nmemory = 1000",
                  "2: replica.memory = 1000: must be a size such as \"2GiB\" or \"512MiB\", 6MiB "
                  "to 16TiB, or 0"},
        WrongCase{"[replica]\ncpu = nan", "2: replica.cpu = nan: must be a number, 0.01 to 1024"},
        WrongCase{"[replica]\nready = \"ready\"",
                  "2: replica.ready = \"ready\": must be a path of a URL such as \"/ready\""},
        WrongCase{"[replica]\nbackend = \"podman\"",
                  "2: replica.backend = \"podman\": must be \"process\" or \"docker\""},
        WrongCase{"[replica]\ncommand = \"a b\"",
                  "2: replica.command = \"a b\": must be a list of texts such as [\"…\", \"…\"]"},
        WrongCase{"[replica]\ncommand = [\"a\", 1]",
                  "2: replica.command = a list: must be a list of texts, but holds 1"},
        WrongCase{"[replica]\nenv = { A = 1 }",
                  "2: replica.env = a table: must be a table of texts, but \"A\" = 1"},
        WrongCase{"[replica]\nenv = { \"A=B\" = \"1\" }",
                  "2: replica.env = a table: holds \"A=B\", which must be named without \"=\", and "
                  "not empty"},
        WrongCase{"[replica]\nread_only = \"yes\"",
                  "2: replica.read_only = \"yes\": must be true or false, without quotes"},
        WrongCase{"[replica]\nmounts = [\"/a\"]",
                  "2: replica.mounts = a list: holds \"/a\", which must be source:target or "
                  "source:target:ro such as \"/srv/models:/models:ro\""},
        WrongCase{"[model]\nsource = \"a\\u0000b\"",
                  "2: model.source = \"a\\u0000b\": must not hold a NUL"},
        WrongCase{"[model]\nsource = 2026-01-01",
                  "2: model.source = a date or time: must be a text in quotes"},
        WrongCase{"[gateway]\nlisten = \"8000\"",
                  "2: gateway.listen = \"8000\": must be host:port such as \"127.0.0.1:8000\", or "
                  "unix:/path of at most 100 bytes"},
        WrongCase{"[admin]\nlisten = \"0.0.0.0:8001\"",
                  "2: admin.listen = \"0.0.0.0:8001\": must be a port of this machine only, such "
                  "as \"127.0.0.1:8001\", or unix:/path"},
        WrongCase{"[pool]\n[[pool.schedule]]\ncron = \"0 25 * * *\"\nfloor = 1",
                  "3: pool.schedule.cron = \"0 25 * * *\": the hour \"25\" must be of numbers from "
                  "0 to 23, such as 8, 8-18 or */2"},
        WrongCase{"[[pool.schedule]]\ncron = \"0 2 * * *\"\nfloor = 1\ntimezone = \"../x\"",
                  "4: pool.schedule.timezone = \"../x\": must be an IANA name such as "
                  "\"Europe/Paris\" or \"UTC\""},
        WrongCase{"\n[[pool.schedule]]\ncron = \"0 2 * * *\"", "2: [[pool.schedule]] needs floor"},
        WrongCase{"[pool.schedule]\ncron = \"0 2 * * *\"",
                  "1: pool.schedule must be a list of tables: write [[pool.schedule]] above each"},
        WrongCase{"pool = 3", "1: pool must be one table: write [pool] once"},
        WrongCase{"[[pool]]\nfloor = 3", "1: pool must be one table: write [pool] once"}));

INSTANTIATE_TEST_SUITE_P(
    Ecs, Wrong,
    testing::Values(
        WrongCase{"ecs = 3", "1: ecs must be one table: write [ecs] once"},
        WrongCase{"[ecs]\nscaling = 3",
                  "2: ecs.scaling must be one table: write [ecs.scaling] once"},
        WrongCase{"[ecs]\nregion = \"Frankfurt\"",
                  "2: ecs.region = \"Frankfurt\": must be a region's name such as \"us-east-1\""},
        WrongCase{
            "[ecs]\ncluster = \"arn:aws:ecs:us-east-1:1:cluster/ml\"",
            "2: ecs.cluster = \"arn:aws:ecs:us-east-1:1:cluster/ml\": must be the name alone: "
            "what follows the ARN's last \"/\""},
        WrongCase{"[ecs]\nservice = \"a b\"",
                  "2: ecs.service = \"a b\": must be a name of 1 to 255 letters, digits, \"-\" and "
                  "\"_\""},
        WrongCase{"[ecs]\nimage = \"my image\"",
                  "2: ecs.image = \"my image\": must be an image's name such as "
                  "\"123456789012.dkr.ecr.us-east-1.amazonaws.com/app:1.4.2\""},
        WrongCase{"[ecs]\nsubnets = [\"vpc-1\"]",
                  "2: ecs.subnets = a list: holds \"vpc-1\", which must be a subnet's id such as "
                  "\"subnet-0abc123\""},
        WrongCase{
            "[ecs]\nsecurity_groups = [\"sg-\"]",
            "2: ecs.security_groups = a list: holds \"sg-\", which must be a security group's "
            "id such as \"sg-0abc123\""},
        WrongCase{"[ecs]\ntask_role = \"arn:aws:iam::1:user/me\"",
                  "2: ecs.task_role = \"arn:aws:iam::1:user/me\": must be a role's ARN such as "
                  "\"arn:aws:iam::123456789012:role/app\", or its name"},
        WrongCase{
            "[ecs]\nlistener = \"arn:aws:elasticloadbalancing:us-east-1:1:listener/net/a/b/c\"",
            "2: ecs.listener = "
            "\"arn:aws:elasticloadbalancing:us-east-1:1:listener/net/a/b/c\": must be the ARN "
            "of an application load balancer's listener: a network load balancer knows nothing "
            "of paths such as /ready"},
        WrongCase{"[ecs]\narch = \"amd64\"",
                  "2: ecs.arch = \"amd64\": must be \"X86_64\" or \"ARM64\""},
        WrongCase{"[ecs]\ncapacity = \"EC2\"",
                  "2: ecs.capacity = \"EC2\": must be \"FARGATE\" or \"FARGATE_SPOT\""},
        WrongCase{"[ecs]\nserver = \"python\"",
                  "2: ecs.server = \"python\": must be \"auto\", \"hearth\" or \"other\""},
        WrongCase{
            "[ecs]\nhealth_interval = \"7500ms\"",
            "2: ecs.health_interval = \"7500ms\": must be a duration such as \"5m\", \"2s\" or "
            "\"250ms\", 5s to 5m, whole seconds"},
        WrongCase{"[ecs]\nstart_period = \"6m\"",
                  "2: ecs.start_period = \"6m\": must be a duration such as \"5m\", \"2s\" or "
                  "\"250ms\", 1s to 5m, or 0, whole seconds"},
        WrongCase{"[ecs]\nstop_timeout = \"3m\"",
                  "2: ecs.stop_timeout = \"3m\": must be a duration such as \"5m\", \"2s\" or "
                  "\"250ms\", 2s to 2m, or 0, whole seconds"},
        WrongCase{"[ecs]\nephemeral_storage = \"20GiB\"",
                  "2: ecs.ephemeral_storage = \"20GiB\": must be a size such as \"2GiB\" or "
                  "\"512MiB\", 21GiB to 200GiB, or 0"},
        WrongCase{"[ecs]\ntarget_group = \"-x\"",
                  "2: ecs.target_group = \"-x\": must be 1 to 32 letters, digits and \"-\", not at "
                  "its ends, and not begin with \"internal-\""},
        WrongCase{"[ecs.tags]\n\"aws:x\" = \"1\"",
                  "1: ecs.tags = a table: holds \"aws:x\", which must not begin with \"aws:\" or "
                  "\"hearth:\": those are AWS's and hearth's own"},
        WrongCase{"[ecs]\ntask_definition = 3",
                  "2: ecs.task_definition = 3: must be a table: write [ecs.task_definition]"},
        WrongCase{
            "[ecs.task_definition]\na = [{ b = 2026-01-01 }]",
            "1: ecs.task_definition = a table: must hold texts, numbers, true, false, lists and "
            "tables: no dates, times, infinity or NaN"},
        WrongCase{
            "[ecs.scaling]\nmetric_namespace = \"AWS/ECS\"",
            "2: ecs.scaling.metric_namespace = \"AWS/ECS\": must be 1 to 255 letters, digits, "
            "\".\", \"-\", \"_\", \"/\" and \"#\", and not begin with \"AWS/\""},
        WrongCase{"[ecs]\nsubnet = [\"subnet-a\"]",
                  "2: ecs.subnet: there is no such key; did you mean \"subnets\"?"},
        WrongCase{"[ecs]\ncpu_target = 60",
                  "2: ecs.cpu_target: there is no such key; it belongs in [ecs.scaling]"},
        WrongCase{"[ecs]\nscalling = 1",
                  "2: ecs.scalling: there is no such key; did you mean [ecs.scaling]?"},
        WrongCase{"[scaling]\ncpu_target = 60",
                  "1: scaling: there is no such key; did you mean [ecs.scaling]?"},
        WrongCase{"[ecs.scaling]\ncooldown = \"1m\"",
                  "2: ecs.scaling.cooldown: there is no such key; the keys of [ecs.scaling] are "
                  "cpu_target, scale_out_cooldown, scale_in_cooldown, spare_policy, "
                  "spare_out_cooldown, metric_namespace"},
        WrongCase{
            "[ecs]\nzzzzzzzzzz = 1",
            "2: ecs.zzzzzzzzzz: there is no such key; docs/config.md has the keys of [ecs]"}));

INSTANTIATE_TEST_SUITE_P(
    UnknownKeys, Wrong,
    testing::Values(
        WrongCase{"[pool]\nflor = 2",
                  "2: pool.flor: there is no such key; did you mean \"floor\"?"},
        WrongCase{"[pool]\nkeepWarm = 2",
                  "2: pool.keepWarm: there is no such key; did you mean \"keep_warm\"?"},
        WrongCase{"[pool]\nkeep-warm = 2",
                  "2: pool.keep-warm: there is no such key; did you mean \"keep_warm\"?"},
        WrongCase{"[pool]\nhold_time = \"2s\"",
                  "2: pool.hold_time: there is no such key; it belongs in [gateway]"},
        WrongCase{"[gateway]\nfloor = 2",
                  "2: gateway.floor: there is no such key; it belongs in [pool]"},
        WrongCase{"floor = 2", "1: floor: there is no such key; it belongs in [pool]"},
        WrongCase{"[pool]\nstart_tim = \"2s\"",
                  "2: pool.start_tim: there is no such key; did you mean \"start_time\" of "
                  "[replica]?"},
        WrongCase{"[pol]\nfloor = 2", "1: pol: there is no such key; did you mean [pool]?"},
        WrongCase{"[admin]\nzzzzzzzz = 2",
                  "2: admin.zzzzzzzz: there is no such key; the keys of [admin] are listen"},
        WrongCase{"\"a b\\n\" = 1",
                  "1: \"a b\\n\": there is no such key; there are the tables [model], [pool], "
                  "[replica], [gateway], [admin], [ecs]"},
        WrongCase{"[[pool.schedule]]\ncron = \"0 2 * * *\"\nfloor = 1\nzone = \"UTC\"",
                  "4: pool.schedule.zone: there is no such key; the keys of [[pool.schedule]] are "
                  "cron, timezone, floor"},
        // The first of two problems, whatever the tables are called.
        WrongCase{"[replica]\nx = 1\n[pool]\nfloor = -1",
                  "2: replica.x: there is no such key; the keys of [replica] are backend, command, "
                  "image, env, mounts, network, read_only, port, retry_safe, ready, health, cpu, "
                  "memory, start_time, start_timeout, drain_time, health_interval, "
                  "health_timeout"}));

INSTANTIATE_TEST_SUITE_P(
    AcrossKeys, Wrong,
    testing::Values(
        WrongCase{"[pool]\nfloor = 20",
                  "2: pool.floor = 20 must not be more than pool.max = 12 (the default)"},
        WrongCase{"[pool]\nmax = 1",
                  "2: pool.floor = 2 (the default) must not be more than pool.max = 1"},
        WrongCase{"[[pool.schedule]]\ncron = \"0 2 * * *\"\nfloor = 13",
                  "1: pool.schedule.floor = 13 must not be more than pool.max = 12 (the default)"},
        WrongCase{"[replica]\nbackend = \"docker\"",
                  "2: replica.backend = \"docker\" needs replica.image, the image to run"},
        WrongCase{
            "[replica]\nimage = \"x\"",
            "2: replica.image is of containers only: it needs replica.backend = \"docker\", a "
            "process has replica.command"},
        WrongCase{"[replica]\ncpu = 1\nread_only = true",
                  "3: replica.read_only is of containers only: it needs replica.backend = "
                  "\"docker\""},
        WrongCase{"[replica]\ncommand = [\"\"]",
                  "2: replica.command must begin with a program, not with \"\""},
        WrongCase{"[gateway]\nhold_time = \"2m\"",
                  "2: gateway.hold_time = \"2m\" must not be more than gateway.request_timeout = "
                  "\"1m\" (the default)"},
        WrongCase{"[gateway]\nrequest_timeout = \"1s\"\nfirst_byte_timeout = \"2s\"",
                  "3: gateway.first_byte_timeout = \"2s\" must not be more than "
                  "gateway.request_timeout = \"1s\""},
        WrongCase{"[gateway]\nretry_buffer_bytes = \"4MB\"",
                  "2: gateway.retry_buffer_bytes = 4MB must not be more than "
                  "gateway.body_bytes_max = 2MB (the default)"},
        WrongCase{"[replica]\nstart_timeout = \"1s\"",
                  "2: replica.start_time = \"2s\" (the default) must not be more than "
                  "replica.start_timeout = \"1s\""},
        WrongCase{"[replica]\nhealth_timeout = \"6s\"",
                  "2: replica.health_timeout = \"6s\" must not be more than "
                  "replica.health_interval = \"5s\" (the default)"},
        WrongCase{"[gateway]\nlisten = \"127.0.0.1:8001\"",
                  "2: gateway.listen and admin.listen are both \"127.0.0.1:8001\": they must "
                  "differ"}));

TEST(Config, DefaultsFollowASmallerValueOfTheFile) {
  const Config config = Good(
      "[gateway]\nrequest_timeout = \"5s\"\nbody_bytes_max = 1000\n"
      "[replica]\nhealth_interval = \"1s\"\n");
  EXPECT_EQ(config.gateway.hold_time, milliseconds(5000));
  EXPECT_EQ(config.gateway.first_byte_timeout, milliseconds(5000));
  EXPECT_EQ(config.gateway.retry_buffer_bytes, 1000);
  EXPECT_EQ(config.replica.health_timeout, milliseconds(1000));
}

TEST(Config, PortsTheKernelChoosesMayBeBoth) {
  Good("[gateway]\nlisten = \"127.0.0.1:0\"\n[admin]\nlisten = \"127.0.0.1:0\"\n");
}

TEST(Size, IsReadInEveryUnit) {
  EXPECT_EQ(ReadSize("2GiB"), int64_t{2} << 30);
  EXPECT_EQ(ReadSize("512MiB"), int64_t{512} << 20);
  EXPECT_EQ(ReadSize("2GB"), 2'000'000'000);
  EXPECT_EQ(ReadSize("1.5kB"), 1500);
  EXPECT_EQ(ReadSize("100B"), 100);
  EXPECT_EQ(ReadSize("100"), 100);
  for (const char* wrong : {"", "B", "-1B", "2 GiB", "2gib", "2G", "inf", "1e3", "99999999TiB"}) {
    EXPECT_FALSE(ReadSize(wrong)) << wrong;
  }
}

RC_GTEST_PROP(Size, WhatIsWrittenReadsBack, ()) {
  const int64_t scale = *rc::gen::element<int64_t>(1, 1000, 1024, int64_t{1} << 20, 1'000'000);
  const int64_t bytes = scale * *rc::gen::inRange<int64_t>(0, 1'000'000);
  RC_ASSERT(ReadSize(FormatSize(bytes)) == bytes);
}

// Whatever one letter is wrong, left out or doubled: the key that was meant is named.
RC_GTEST_PROP(Hint, NamesTheKeyThatWasMistyped, ()) {
  const Key<Config>& key =
      *rc::gen::elementOf(std::vector<Key<Config>>(Keys().begin(), Keys().end()));
  std::string name(key.facts.Name());
  RC_PRE(name.size() > 4);
  const auto at = *rc::gen::inRange<size_t>(0, name.size());
  switch (*rc::gen::inRange(0, 3)) {
    case 0:
      name[at] = 'q';
      break;
    case 1:
      name.erase(at, 1);
      break;
    default:
      name.insert(at, 1, name[at]);
  }
  const std::string hint = HintFor(key.facts.Table(), name);
  RC_ASSERT(hint == fmt::format("did you mean \"{}\"?", key.facts.Name()));
}

}  // namespace
}  // namespace hearth::config
