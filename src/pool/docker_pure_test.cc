// What is asked of a Docker engine and what its answers mean, without one.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <filesystem>

#include "base/fake_root.h"
#include "pool/docker_answer.h"
#include "pool/docker_end.h"
#include "pool/docker_engine.h"
#include "pool/docker_handle.h"
#include "pool/docker_memory.h"
#include "pool/docker_request.h"

namespace hearth::pool {
namespace {

namespace json = boost::json;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

ContainerOrder Order() {
  ContainerOrder order;
  order.pool = "hearth";
  order.start.id = ReplicaId{7};
  order.start.nonce = "0123456789abcdef0123456789abcdef";
  order.start.spec.image = "model:v1";
  order.start.spec.command = {"uvicorn", "app:app", "--port={port}", "{name}"};
  order.start.spec.cpu = 0.5;
  order.start.spec.memory_bytes = int64_t{64} << 20;
  order.port = 8000;
  return order;
}

json::object Created(const ContainerOrder& order) {
  const auto body = CreateBody(order);
  EXPECT_TRUE(body) << body.error().message;
  return body ? json::parse(*body).as_object() : json::object();
}

std::vector<std::string> Words(const json::value& array) {
  std::vector<std::string> out;
  for (const json::value& word : array.as_array()) out.emplace_back(word.as_string());
  return out;
}

std::string Text(const json::value& value) { return std::string(value.as_string()); }

TEST(DockerRequest, AContainerOnTheBridgeIsHardenedLimitedAndPublishedOnLoopback) {
  const json::object body = Created(Order());
  EXPECT_EQ(Text(body.at("Image")), "model:v1");
  EXPECT_THAT(Words(body.at("Cmd")), ElementsAre("uvicorn", "app:app", "--port=8000", "r7"));
  EXPECT_EQ(body.at("Healthcheck"), json::parse(R"({"Test":["NONE"]})"));
  EXPECT_EQ(body.at("StopTimeout").as_int64(), 30);
  EXPECT_EQ(body.at("ExposedPorts"), json::parse(R"({"8000/tcp":{}})"));
  EXPECT_EQ(body.at("HostConfig"), json::parse(R"({
      "Memory": 67108864, "MemorySwap": 67108864, "NanoCpus": 500000000,
      "ReadonlyRootfs": true, "CapDrop": ["ALL"], "SecurityOpt": ["no-new-privileges"],
      "Tmpfs": {"/tmp": "rw,noexec,nosuid,nodev,mode=1777,size=64m"},
      "Mounts": [], "NetworkMode": "bridge", "RestartPolicy": {"Name": "no"},
      "PortBindings": {"8000/tcp": [{"HostIp": "127.0.0.1", "HostPort": ""}]}})"));
  const json::object& labels = body.at("Labels").as_object();
  EXPECT_EQ(Text(labels.at("hearth.pool")), "hearth");
  EXPECT_EQ(Text(labels.at("hearth.replica")), "r7");
  EXPECT_EQ(Text(labels.at("hearth.nonce")), Order().start.nonce);
  EXPECT_EQ(Text(labels.at("hearth.version")), Order().start.spec.Version());
  EXPECT_EQ(Text(labels.at("hearth.port")), "8000");
}

TEST(DockerRequest, OnTheHostNetworkThePortIsOursWhateverTheUserSays) {
  ContainerOrder order = Order();
  order.port = 40123;
  order.start.spec.network = "host";
  order.start.spec.env = {{"PORT", "80"}, {"A", "b={port}"}};
  const json::object body = Created(order);
  EXPECT_THAT(
      Words(body.at("Env")),
      ElementsAre("HEARTH_HOST=127.0.0.1", "A=b=40123", "HEARTH_REPLICA_NONCE=" + order.start.nonce,
                  "HEARTH_REPLICA_NAME=r7", "HEARTH_REPLICA_POOL=hearth", "PORT=40123"));
  EXPECT_FALSE(body.contains("ExposedPorts"));
  EXPECT_FALSE(body.at("HostConfig").as_object().contains("PortBindings"));
}

TEST(DockerRequest, OnTheBridgeTheUsersPortWins) {
  ContainerOrder order = Order();
  order.start.spec.command.clear();
  order.start.spec.env = {{"PORT", "9999"}, {"HEARTH_REPLICA_NONCE", "stolen"}};
  EXPECT_THAT(Words(Created(order).at("Env")),
              ElementsAre("PORT=9999", "HEARTH_REPLICA_NONCE=" + order.start.nonce,
                          "HEARTH_REPLICA_NAME=r7", "HEARTH_REPLICA_POOL=hearth"));
}

TEST(DockerRequest, AServerThatIsNotToldItsPortFindsItInItsEnvironment) {
  ContainerOrder order = Order();
  order.start.spec.command.clear();
  EXPECT_EQ(Words(Created(order).at("Env")).at(0), "PORT=8000");
}

TEST(DockerRequest, WhatIsNotSaidIsLeftToTheImageAndTheEngine) {
  ContainerOrder order = Order();
  order.start.spec.command.clear();
  order.start.spec.memory_bytes = 0;
  order.start.spec.read_only = false;
  const json::object body = Created(order);
  EXPECT_FALSE(body.contains("Cmd"));
  const json::object& host = body.at("HostConfig").as_object();
  for (const char* key :
       {"Memory", "MemorySwap", "ReadonlyRootfs", "CapDrop", "SecurityOpt", "Tmpfs", "LogConfig"}) {
    EXPECT_FALSE(host.contains(key)) << key;
  }
}

TEST(DockerRequest, AMountOnTmpReplacesOurs) {
  ContainerOrder order = Order();
  order.start.spec.mounts = {"/models:/models:ro", "cache:/tmp"};
  const json::object body = Created(order);
  const json::object& host = body.at("HostConfig").as_object();
  EXPECT_FALSE(host.contains("Tmpfs"));
  EXPECT_EQ(host.at("Mounts"), json::parse(R"([
      {"Type": "bind", "Source": "/models", "Target": "/models", "ReadOnly": true},
      {"Type": "volume", "Source": "cache", "Target": "/tmp", "ReadOnly": false}])"));
}

TEST(DockerRequest, RefusesWhatAContainerCannotDo) {
  ContainerOrder order = Order();
  order.start.spec.command = {"serve", "{socket}"};
  EXPECT_THAT(CreateBody(order).error().message, HasSubstr("{port}"));
  order = Order();
  order.start.spec.network = "none";
  EXPECT_THAT(CreateBody(order).error().message, HasSubstr("\"none\""));
  for (const char* mount : {"/only", "/a:b", ":/b", "/a:/b:rx", "/a:/b:ro:rw", ""}) {
    const auto parsed = ParseMount(mount);
    ASSERT_FALSE(parsed) << mount;
    EXPECT_THAT(parsed.error().message, HasSubstr(fmt::format("\"{}\"", mount)));
  }
}

TEST(DockerRequest, ARelativeMountIsOfTheWorkingDirectory) {
  const auto mount = ParseMount("./models:/m:ro");
  ASSERT_TRUE(mount);
  EXPECT_EQ(mount->source, (std::filesystem::current_path() / "models").string());
  EXPECT_FALSE(mount->is_volume);
}

TEST(DockerRequest, AnImageWithoutATagIsPulledAsLatest) {
  EXPECT_EQ(PullPath("model"), "/images/create?fromImage=model&tag=latest");
  EXPECT_EQ(PullPath("host:5000/m"), "/images/create?fromImage=host%3A5000%2Fm&tag=latest");
  EXPECT_EQ(PullPath("m:v1"), "/images/create?fromImage=m%3Av1");
  EXPECT_EQ(PullPath("m@sha256:00"), "/images/create?fromImage=m%40sha256%3A00");
}

TEST(DockerRequest, EventsAreAskedForByTheNanosecond) {
  EXPECT_THAT(EventsPath("hearth", 1'700'000'000'000'000'042),
              ::testing::StartsWith("/events?since=1700000000.000000042&filters=%7B"));
}

TEST(DockerEngineAddress, OnlyAUnixSocketWillDo) {
  const auto of = [](std::optional<std::string> host) {
    return DockerSocket([host](std::string_view) { return host; });
  };
  EXPECT_EQ(of(std::nullopt)->unix_path, "/var/run/docker.sock");
  EXPECT_EQ(of("")->unix_path, "/var/run/docker.sock");
  EXPECT_EQ(of("unix:///run/user/1000/docker.sock")->unix_path, "/run/user/1000/docker.sock");
  for (const char* host : {"tcp://127.0.0.1:2375", "ssh://me@there", "unix://"}) {
    const auto socket = of(host);
    ASSERT_FALSE(socket) << host;
    EXPECT_EQ(socket.error().code, Code::kUnsupported);
    EXPECT_THAT(socket.error().message, HasSubstr(host));
  }
}

TEST(DockerVersion, TheLowerOneOfTheEnginesAndOurs) {
  EXPECT_EQ(NegotiatedVersion("1.41").value(), "1.41");
  EXPECT_EQ(NegotiatedVersion("1.25").value(), "1.25");
  EXPECT_EQ(NegotiatedVersion("1.99").value(), "1.47");
  EXPECT_EQ(NegotiatedVersion("1.24").error().code, Code::kUnsupported);
  for (const char* text : {"", "2.0", "1.", "1.4x", "nginx"}) {
    EXPECT_EQ(NegotiatedVersion(text).error().code, Code::kCorrupt) << text;
  }
}

constexpr std::string_view kInspected = R"({"Id": "abc", "Name": "/hearth-r7",
  "State": {"Running": true, "ExitCode": 0, "OOMKilled": false, "Pid": 4711,
            "StartedAt": "2026-11-25T15:13:03.123456789Z"},
  "Config": {"Tty": false, "Labels": {"hearth.pool": "hearth", "hearth.replica": "r7",
             "hearth.nonce": "00ff", "hearth.version": "0123456789ab", "hearth.port": "8000"}},
  "HostConfig": {"NetworkMode": "bridge", "Memory": 1024},
  "NetworkSettings": {"Ports": {"9000/tcp": null,
    "8000/tcp": [{"HostIp": "127.0.0.1", "HostPort": "49153"}]}}})";

TEST(DockerAnswer, AContainerBecomesAHandle) {
  const auto info = ReadContainer(kInspected);
  ASSERT_TRUE(info) << info.error().message;
  EXPECT_EQ(info->pid, 4711);
  EXPECT_EQ(info->memory_bytes, 1024);
  const auto handle = HandleOf(*info);
  ASSERT_TRUE(handle) << handle.error().message;
  EXPECT_EQ(handle->id, ReplicaId{7});
  EXPECT_EQ(handle->nonce, "00ff");
  EXPECT_EQ(handle->version, "0123456789ab");
  EXPECT_EQ(handle->url.ToString(), "http://127.0.0.1:49153/");
  EXPECT_EQ(handle->container, "abc");
  EXPECT_EQ(handle->started_unix_ms, 1'795'619'583'123);
}

TEST(DockerAnswer, OnTheHostNetworkTheLabelIsThePort) {
  auto info = ReadContainer(kInspected);
  info->network = "host";
  EXPECT_EQ(HandleOf(*info)->url.port, 8000);
}

TEST(DockerAnswer, LabelsThatCannotBeReadAreNamed) {
  for (const auto& [label, value] : {std::pair("hearth.replica", "7"),
                                     {"hearth.replica", "r"},
                                     {"hearth.replica", "r7x"},
                                     {"hearth.nonce", ""},
                                     {"hearth.version", ""},
                                     {"hearth.port", "70000"}}) {
    auto info = ReadContainer(kInspected);
    info->labels[label] = value;
    const auto handle = HandleOf(*info);
    ASSERT_FALSE(handle) << label << "=" << value;
    EXPECT_THAT(handle.error().message, HasSubstr(label));
  }
  auto unpublished = ReadContainer(kInspected);
  unpublished->ports.clear();
  EXPECT_EQ(HandleOf(*unpublished).error().code, Code::kNotFound);
}

TEST(DockerAnswer, WhatIsNoAnswerIsCorrupt) {
  for (const char* body : {"", "{", "[]", "7", "{}", R"({"Id": 3})", R"({"Id": "a"})"}) {
    EXPECT_EQ(ReadContainer(body).error().code, Code::kCorrupt) << body;
  }
  EXPECT_EQ(ReadContainers("{}").error().code, Code::kCorrupt);
  EXPECT_EQ(ReadId(R"({"Id": ""})").error().code, Code::kCorrupt);
}

TEST(DockerAnswer, TheListSaysStateNameAndLabels) {
  const auto list = ReadContainers(
      R"([{"Id": "a", "Names": ["/x-r1"], "State": "paused", "Labels": {"k": "v"}},
          {"Id": "b", "Names": null, "State": "exited", "Labels": null}, {}])");
  ASSERT_EQ(list->size(), 2U);
  EXPECT_EQ((*list)[0].name, "x-r1");
  EXPECT_TRUE((*list)[0].running());
  EXPECT_EQ((*list)[0].labels.at("k"), "v");
  EXPECT_FALSE((*list)[1].running());
}

TEST(DockerAnswer, EventsOfContainersOnly) {
  const auto die = ReadEvent(
      R"({"Type": "container", "Action": "die", "Actor": {"ID": "a", "Attributes":
          {"exitCode": "137"}}, "timeNano": 1700000000000000042})");
  ASSERT_TRUE(die);
  EXPECT_EQ(die->action, "die");
  EXPECT_EQ(die->exit_code, 137);
  EXPECT_EQ(die->unix_ns, 1'700'000'000'000'000'042);
  for (const char* line : {"", "nonsense", "{}", R"({"Type":"network","Action":"die"})"}) {
    EXPECT_FALSE(ReadEvent(line)) << line;
  }
}

TEST(DockerAnswer, TheLastLineIsTakenOutOfItsFrames) {
  using std::string_literals::operator""s;
  const std::string framed = "\1\0\0\0\0\0\0\6first\n"s + "\2\0\0\0\0\0\0\x0B\x1B[1mlast\t!\n"s;
  EXPECT_EQ(LastLogLine(framed, false), " [1mlast !");
  EXPECT_EQ(LastLogLine("first\nlast\r\n", true), "last");
  EXPECT_EQ(LastLogLine("", false), "");
  EXPECT_EQ(LastLogLine("\2\0\0\0\0\0\xFF\xFFshort"s, false), "short");
  EXPECT_LE(LastLogLine(std::string(5000, 'x'), true).size(), 200U);
}

TEST(DockerAnswer, MessagesOfRefusals) {
  EXPECT_EQ(EngineMessage(R"({"message":"no such container: x."})"), "no such container: x");
  EXPECT_EQ(EngineMessage("page not found\n"), "page not found");
  EXPECT_EQ(PullError(R"({"status":"Pulling"})"), "");
  EXPECT_EQ(PullError(R"({"errorDetail":{"message":"denied"},"error":"x"})"), "denied");
}

TEST(DockerEnd, OutOfMemoryComesFromTheFlagNotFromTheCode) {
  const auto words = [](EndFacts facts) {
    const ContainerEnd end = EndOf(facts);
    return fmt::format("{}: {}", ToString(end.reason), end.words);
  };
  EXPECT_EQ(EndOf({.exit_code = 137}).reason, EndReason::kKilled);
  EXPECT_EQ(EndOf({.exit_code = 137}).words, "signal 9");
  const int64_t limit = int64_t{64} << 20;
  EXPECT_EQ(EndOf({.exit_code = 137, .out_of_memory = true}).reason, EndReason::kOutOfMemory);
  EXPECT_THAT(words({.exit_code = 137, .out_of_memory = true, .memory_bytes = limit}),
              HasSubstr(": out of memory at 64 MiB"));
  EXPECT_THAT(words({.exit_code = 0, .out_of_memory = true, .memory_bytes = limit << 4}),
              HasSubstr(": out of memory at 1 GiB, exit 0"));
}

TEST(DockerEnd, AFailureSaysItsLastLine) {
  EXPECT_EQ(EndOf({.exit_code = 3, .last_line = "no model"}).words, "exit 3: no model");
  EXPECT_EQ(EndOf({.exit_code = 134, .last_line = "abort"}).words, "signal 6: abort");
  EXPECT_EQ(EndOf({.exit_code = 143, .last_line = "bye"}).words, "signal 15");
  EXPECT_EQ(EndOf({.exit_code = 0, .last_line = "bye"}).words, "exit 0");
  EXPECT_EQ(EndOf({.exit_code = 255, .last_line = ""}).words, "exit 255");
}

TEST(DockerMemory, ReadFromTheContainersOwnFolder) {
  const FakeRoot root;
  EXPECT_EQ(ContainerMemoryBytes("abc", 7, root.path()).error().code, Code::kNotFound);
  root.Write("/proc/7/cgroup", "0::/user.slice/docker-abc.scope\n");
  root.Write("/sys/fs/cgroup/user.slice/docker-abc.scope/memory.current", "700\n");
  EXPECT_EQ(ContainerMemoryBytes("abc", 7, root.path()).value(), 700);
  EXPECT_FALSE(ContainerMemoryBytes("other", 7, root.path()));  // the pid is somebody else's
  root.Write("/sys/fs/cgroup/system.slice/docker-abc.scope/memory.current", "900\n");
  root.Write("/sys/fs/cgroup/system.slice/docker-abc.scope/memory.stat",
             "anon 1\ninactive_file 100\n");
  EXPECT_EQ(ContainerMemoryBytes("abc", 0, root.path()).value(), 800);
  root.Write("/sys/fs/cgroup/memory/docker/abc/memory.usage_in_bytes", "500\n");
  root.Write("/sys/fs/cgroup/memory/docker/abc/memory.stat",
             "inactive_file 7\ntotal_inactive_file 200\n");
  EXPECT_EQ(ContainerMemoryBytes("abc", 0, root.path()).value(), 300);
}

}  // namespace
}  // namespace hearth::pool
