#include "pool/replica_spec.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "pool/replica_command.h"

namespace hearth::pool {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::Not;
using ::testing::StartsWith;

TEST(ReplicaSpec, AVersionIsTheSameForEqualSpecsAndOtherForEveryChange) {
  const ReplicaSpec spec;
  std::set<std::string> versions = {spec.Version()};
  EXPECT_EQ(spec.Version(), ReplicaSpec().Version());
  EXPECT_EQ(spec.Version().find_first_not_of("0123456789abcdef"), std::string::npos);
  EXPECT_EQ(spec.Version().size(), 12u);
  const auto changed = [&](auto change) {
    ReplicaSpec other;
    change(other);
    EXPECT_TRUE(versions.insert(other.Version()).second) << versions.size();
  };
  changed([](ReplicaSpec& s) { s.command = {"a b"}; });
  changed([](ReplicaSpec& s) { s.command = {"a", "b"}; });
  changed([](ReplicaSpec& s) { s.image = "i"; });
  changed([](ReplicaSpec& s) { s.env = {{"A", "1"}}; });
  changed([](ReplicaSpec& s) { s.env = {{"A1", ""}}; });
  changed([](ReplicaSpec& s) { s.mounts = {"a:b"}; });
  changed([](ReplicaSpec& s) { s.network = "host"; });
  changed([](ReplicaSpec& s) { s.read_only = false; });
  changed([](ReplicaSpec& s) { s.container_port = 1; });
  changed([](ReplicaSpec& s) { s.cpu = 1.5; });
  changed([](ReplicaSpec& s) { s.memory_bytes = 1; });
  changed([](ReplicaSpec& s) { s.own_server = true; });
}

TEST(ReplicaSpec, WithoutACommandItIsHearthsOwnServer) {
  config::Config config;
  config.replica.cpu = 1.5;
  config.replica.memory_bytes = 7;
  config.replica.env = {{"A", "1"}};
  const ReplicaSpec spec = SpecFromConfig(config, {"/bin/hearth", "/m.hearth"});
  EXPECT_TRUE(spec.own_server);
  EXPECT_THAT(spec.command,
              ElementsAre("/bin/hearth", "serve", "--model", "/m.hearth", "--workers", "2"));
  EXPECT_EQ(spec.memory_bytes, 7);
  EXPECT_EQ(spec.env.size(), 1u);
  EXPECT_TRUE(spec.image.empty());
}

TEST(ReplicaSpec, TakesACommandAsItIsAndDockersKeysForDocker) {
  config::Config config;
  config.replica.command = {"uvicorn", "app:app"};
  config.replica.image = "img";
  EXPECT_FALSE(SpecFromConfig(config, {}).own_server);
  EXPECT_THAT(SpecFromConfig(config, {}).command, ElementsAre("uvicorn", "app:app"));
  EXPECT_EQ(SpecFromConfig(config, {}).image, "");
  config.replica.backend = config::Backend::kDocker;
  config.replica.command.clear();
  config.replica.port = 9000;
  const ReplicaSpec docker = SpecFromConfig(config, {"/bin/hearth", "/m"});
  EXPECT_FALSE(docker.own_server);
  EXPECT_TRUE(docker.command.empty());
  EXPECT_EQ(docker.image, "img");
  EXPECT_EQ(docker.container_port, 9000);
}

StartOrder OrderOf(std::vector<std::string> command) {
  StartOrder order{.id = ReplicaId{7}, .nonce = "abcd", .spec = {}};
  order.spec.command = std::move(command);
  return order;
}

TEST(ReplicaCommand, ReplacesItsWordsOnce) {
  const ReplicaPlace place{.socket = "/s/{name}", .port = 81};
  EXPECT_THAT(
      CommandOf(OrderOf({"x", "{port}", "--a={name}:{port}", "{socket}", "{other}", "{"}), place),
      ElementsAre("x", "81", "--a=r7:81", "/s/{name}", "{other}", "{"));
}

TEST(ReplicaCommand, TellsHearthsServerWhereToListen) {
  StartOrder order = OrderOf({"hearth", "serve"});
  order.spec.own_server = true;
  EXPECT_THAT(CommandOf(order, {.socket = "/s", .port = 0}),
              ElementsAre("hearth", "serve", "--uds-path", "/s"));
  EXPECT_THAT(CommandOf(order, {.socket = "", .port = 81}),
              ElementsAre("hearth", "serve", "--host", "127.0.0.1", "--port", "81"));
  EXPECT_TRUE(WantsSocket(order.spec));
  EXPECT_FALSE(WantsSocket(OrderOf({"x", "{port}"}).spec));
  EXPECT_TRUE(WantsSocket(OrderOf({"x", "--uds={socket}"}).spec));
}

TEST(ReplicaCommand, PutsTheEnvironmentTogether) {
  StartOrder order = OrderOf({"x", "{port}"});
  order.spec.env = {{"HOME", "/new"}, {"AT", "{port}"}, {"HEARTH_REPLICA_NONCE", "forged"}};
  const auto environment = EnvironmentOf(
      order, {.socket = "", .port = 81},
      {"HOME=/old", "A=b=c", "LISTEN_FDS=1", "NOTIFY_SOCKET=/x", "HEARTH_REPLICA_POOL=/outer"},
      "/state");
  EXPECT_THAT(environment, ElementsAre("A=b=c", "HOME=/new", "AT=81", "HEARTH_REPLICA_NONCE=abcd",
                                       "HEARTH_REPLICA_NAME=r7", "HEARTH_REPLICA_POOL=/state"));
}

TEST(ReplicaCommand, ACommandThatAsksForNoPortFindsItInTheEnvironment) {
  EXPECT_THAT(EnvironmentOf(OrderOf({"x"}), {.socket = "", .port = 81}, {"PORT=8000"}, "/state"),
              Contains("PORT=81"));
  StartOrder own = OrderOf({"hearth", "serve"});
  own.spec.own_server = true;
  EXPECT_THAT(EnvironmentOf(own, {.socket = "/s", .port = 0}, {}, "/state"),
              Not(Contains(StartsWith("PORT="))));
}

}  // namespace
}  // namespace hearth::pool
