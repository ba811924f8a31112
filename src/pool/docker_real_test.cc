// The Docker backend on a real engine, with an image of one small server (docker_test_replica.cc).
// Skipped where there is none; with HEARTH_REQUIRE_DOCKER set, as CI has it, they fail there.
// Every container and image that is made here is removed.
#include <gmock/gmock.h>
#include <sys/stat.h>

#include <array>
#include <boost/json.hpp>
#include <cstdlib>
#include <fstream>
#include <sstream>

#include "base/env.h"
#include "pool/docker_request.h"
#include "pool/docker_test_support.h"

namespace hearth::pool {
namespace {

using testing::Eventually;
using testing::Exits;
using ::testing::HasSubstr;
using testing::OrderOf;
using testing::Quiet;
using namespace std::chrono_literals;

constexpr int kPort = 8123;

// One executable file at /replica, as tar has it (POSIX.1-1988, ustar).
std::string TarOf(const std::string& bytes) {
  constexpr size_t kBlock = 512;
  std::array<char, kBlock> head{};
  const auto put = [&head](size_t at, const std::string& text) {
    std::copy(text.begin(), text.end(), head.begin() + static_cast<std::ptrdiff_t>(at));
  };
  put(0, "replica");
  put(100, "0000755");
  put(108, "0000000");
  put(116, "0000000");
  put(124, fmt::format("{:011o}", bytes.size()));
  put(136, "00000000000");
  put(148, "        ");
  put(156, "0");
  put(257, "ustar");
  put(263, "00");
  unsigned sum = 0;
  for (const char c : head) sum += static_cast<unsigned char>(c);
  put(148, fmt::format("{:06o}", sum));
  head[154] = '\0';
  std::string tar(head.data(), head.size());
  tar.append(bytes).resize((tar.size() + kBlock - 1) / kBlock * kBlock);
  return tar.append(2 * kBlock, '\0');
}

class DockerReal : public ::testing::Test {
 protected:
  void SetUp() override {
    const auto socket = DockerSocket(ProcessEnv());
    ASSERT_TRUE(socket) << socket.error().message;
    socket_ = *socket;
    engine_.emplace(socket_);
    if (const auto pong = engine_->Demand({.what = "ask Docker", .path = "/_ping"}); !pong) {
      engine_.reset();
      ASSERT_EQ(std::getenv("HEARTH_REQUIRE_DOCKER"), nullptr) << pong.error().message;
      GTEST_SKIP() << "no Docker engine: " << pong.error().message;
    }
    pool_ = fmt::format("hearth-test-{}-{}", ::getpid(), ++pools_);
    ImportImage();
    backend_ = Open();
  }

  void TearDown() override {
    backend_.reset();
    if (!engine_) return;
    for (const std::string& id : Containers()) {
      EXPECT_TRUE(RemoveContainer(*engine_, id, true)) << id;
    }
    EXPECT_TRUE(engine_->Demand(
        {.what = "remove the image", .method = "DELETE", .path = "/images/" + pool_ + "?force=1"}));
  }

  // Its own for each test: a test may run beside others.
  void ImportImage() {
    std::ifstream file(HEARTH_DOCKER_TEST_REPLICA, std::ios::binary);
    std::stringstream bytes;
    bytes << file.rdbuf();
    ASSERT_GT(bytes.str().size(), 10'000U) << HEARTH_DOCKER_TEST_REPLICA;
    const auto imported =
        engine_->Demand({.what = "import the image",
                         .method = "POST",
                         .path = "/images/create?fromSrc=-&repo=" + pool_ + "&tag=latest",
                         .body = TarOf(bytes.str()),
                         .content_type = "application/x-tar",
                         .timeout = 60s});
    ASSERT_TRUE(imported) << imported.error().message;
    ASSERT_THAT(imported->body, HasSubstr("sha256:"));
  }

  std::unique_ptr<DockerBackend> Open() {
    auto backend = DockerBackend::Open({.pool = pool_, .socket = socket_}, Quiet());
    EXPECT_TRUE(backend) << backend.error().message;
    if (!backend) return nullptr;
    exits_.Attach(**backend);
    return *std::move(backend);
  }

  StartOrder Order(uint64_t replica) const {
    StartOrder order = OrderOf(replica, pool_);
    order.spec.command = {"/replica", "serve", "{port}"};
    order.spec.container_port = kPort;
    order.spec.memory_bytes = int64_t{64} << 20;
    return order;
  }

  ReplicaHandle Started(const StartOrder& order) {
    const auto handle = backend_->Start(order);
    EXPECT_TRUE(handle) << handle.error().message;
    if (!handle) return {};
    EXPECT_TRUE(Eventually([&] { return Ask(*handle, "/ready").first == 200; }));
    return *handle;
  }

  // Status and body; 0: no answer.
  static std::pair<int, std::string> Ask(const ReplicaHandle& replica, const std::string& path) {
    const auto answer = http::Fetch(replica.url.Origin() + path, {}, http::Clock::now() + 10s);
    if (!answer) return {0, answer.error().message};
    return {answer->status, answer->body};
  }

  std::vector<std::string> Containers() {
    std::vector<std::string> ids;
    const auto answer = engine_->Demand({.what = "list containers", .path = ListPath(pool_)});
    EXPECT_TRUE(answer);
    if (!answer) return ids;
    const auto list = ReadContainers(answer->body);
    EXPECT_TRUE(list);
    for (const ListedContainer& listed : list ? *list : std::vector<ListedContainer>()) {
      ids.push_back(listed.id);
    }
    return ids;
  }

  std::string pool_;
  http::Url socket_;
  std::optional<DockerEngine> engine_;
  Exits exits_;
  std::unique_ptr<DockerBackend> backend_;

 private:
  static int pools_;
};

int DockerReal::pools_ = 0;

TEST_F(DockerReal, AReplicaIsHardenedLimitedAndKnowsItsNonceAndEndsBySigterm) {
  const StartOrder order = Order(1);
  const ReplicaHandle replica = Started(order);
  EXPECT_EQ(replica.url.host, "127.0.0.1");
  EXPECT_EQ(Ask(replica, "/env/HEARTH_REPLICA_NONCE").second, order.nonce);
  EXPECT_EQ(Ask(replica, "/env/HEARTH_REPLICA_NAME").second, "r1");
  EXPECT_EQ(Ask(replica, "/env/HEARTH_REPLICA_POOL").second, pool_);
  EXPECT_EQ(Ask(replica, "/write/new").first, 403);
  EXPECT_EQ(Ask(replica, "/write/tmp/new").first, 200);
  const std::string status = Ask(replica, "/file/proc/self/status").second;
  EXPECT_THAT(status, HasSubstr("CapEff:\t0000000000000000"));
  EXPECT_THAT(status, HasSubstr("NoNewPrivs:\t1"));

  ASSERT_TRUE(backend_->Terminate(replica));
  const ReplicaExit exit = exits_.Of(1);
  EXPECT_EQ(exit.reason, EndReason::kExited);
  EXPECT_EQ(exit.words, "exit 0");
  EXPECT_TRUE(Eventually([&] { return Containers().empty(); }));
  EXPECT_TRUE(backend_->Kill(replica));  // of what is gone
}

TEST_F(DockerReal, MemoryIsWhatTheReplicaHolds) {
  const ReplicaHandle replica = Started(Order(1));
  const auto before = backend_->MemoryBytes(replica);
  ASSERT_TRUE(before) << before.error().message;
  EXPECT_GT(*before, 0);
  EXPECT_LT(*before, 16 << 20);
  ASSERT_EQ(Ask(replica, "/alloc/32").first, 200);
  EXPECT_GT(backend_->MemoryBytes(replica).value(), *before + (30 << 20));
}

TEST_F(DockerReal, OnTheHostNetworkItListensOnALoopbackPortOfItsOwn) {
  StartOrder order = Order(1);
  order.spec.network = "host";
  const ReplicaHandle replica = Started(order);
  EXPECT_NE(replica.url.port, kPort);
  EXPECT_EQ(Ask(replica, "/env/PORT").second, std::to_string(replica.url.port));
  EXPECT_EQ(Ask(replica, "/env/HEARTH_HOST").second, "127.0.0.1");
}

TEST_F(DockerReal, AKilledReplicaEndedBySignal) {
  const ReplicaHandle replica = Started(Order(1));
  ASSERT_TRUE(backend_->Kill(replica));
  const ReplicaExit exit = exits_.Of(1);
  EXPECT_EQ(exit.reason, EndReason::kKilled);
  EXPECT_EQ(exit.words, "signal 9");
}

TEST_F(DockerReal, OutOfMemoryIsToldFromAKill) {
  const ReplicaHandle replica = Started(Order(1));
  EXPECT_EQ(Ask(replica, "/alloc/256").first, 0);
  const ReplicaExit exit = exits_.Of(1);
  EXPECT_EQ(exit.reason, EndReason::kOutOfMemory);
  EXPECT_EQ(exit.words, "out of memory at 64 MiB");
}

TEST_F(DockerReal, AnExitSaysItsCodeAndLastLine) {
  const ReplicaHandle replica = Started(Order(1));
  Ask(replica, "/exit/3");
  const ReplicaExit exit = exits_.Of(1);
  EXPECT_EQ(exit.reason, EndReason::kExited);
  EXPECT_EQ(exit.words, "exit 3: why it ended");
}

TEST_F(DockerReal, WhatEndsAtOnceOrCannotStartIsAFailureAndLeavesNoContainer) {
  StartOrder order = Order(1);
  order.spec.command = {"/replica", "say", "no model here"};
  auto handle = backend_->Start(order);
  if (!handle) {
    EXPECT_THAT(handle.error().message, HasSubstr("has ended at once: exit 5: no model here"));
  } else {  // it was seen running
    EXPECT_EQ(exits_.Of(1).words, "exit 5: no model here");
  }
  EXPECT_TRUE(Eventually([&] { return Containers().empty(); }));
  order = Order(2);
  order.spec.command = {"/not-there"};
  handle = backend_->Start(order);
  ASSERT_FALSE(handle);
  EXPECT_THAT(handle.error().message, HasSubstr("/not-there"));
  order = Order(3);
  order.spec.mounts = {"/no/such/folder:/models:ro"};
  handle = backend_->Start(order);
  ASSERT_FALSE(handle);
  EXPECT_THAT(handle.error().message, HasSubstr("/no/such/folder"));
  order = Order(4);
  order.spec.image = pool_ + "-absent";
  handle = backend_->Start(order);
  ASSERT_FALSE(handle);
  EXPECT_THAT(handle.error().message, HasSubstr("there is no image"));
  EXPECT_TRUE(Containers().empty());
}

TEST_F(DockerReal, AMountIsThereAndReadOnlyAsSaid) {
  const FakeRoot folder;
  folder.Write("/weights", "a model");
  StartOrder order = Order(1);
  order.spec.mounts = {folder.path() + ":/models:ro"};
  const ReplicaHandle replica = Started(order);
  EXPECT_EQ(Ask(replica, "/file/models/weights").second, "a model");
  EXPECT_EQ(Ask(replica, "/write/models/weights").first, 403);
}

TEST_F(DockerReal, TheNextControllerFindsWhatRunsAndHearsOfItsEnd) {
  const ReplicaHandle first = Started(Order(1));
  const ReplicaHandle second = Started(Order(2));
  backend_ = Open();  // the first one is gone by now, without having ended anything
  const auto found = backend_->Find();
  ASSERT_TRUE(found) << found.error().message;
  ASSERT_EQ(found->size(), 2U);
  EXPECT_EQ((*found)[0].container, first.container);
  EXPECT_EQ((*found)[0].nonce, first.nonce);
  EXPECT_EQ((*found)[0].version, first.version);
  EXPECT_EQ((*found)[0].url.ToString(), first.url.ToString());
  EXPECT_EQ((*found)[0].started_unix_ms, first.started_unix_ms);
  EXPECT_EQ((*found)[1].id, ReplicaId{2});
  ASSERT_TRUE(backend_->Kill((*found)[1]));
  EXPECT_EQ(exits_.Of(2).words, "signal 9");
  EXPECT_EQ(exits_.all().size(), 1U);
  EXPECT_EQ(Ask(first, "/ready").first, 200);
}

TEST_F(DockerReal, WhatEndedWithoutAControllerIsRemovedAndItsNameIsFree) {
  const ReplicaHandle replica = Started(Order(1));
  backend_.reset();
  ASSERT_TRUE(engine_->Demand(
      {.what = "kill", .method = "POST", .path = "/containers/" + replica.container + "/kill"}));
  ASSERT_TRUE(engine_->Demand(
      {.what = "wait", .method = "POST", .path = "/containers/" + replica.container + "/wait"}));
  backend_ = Open();
  const ReplicaHandle again = Started(Order(1));  // before Find: the name is cleared
  EXPECT_NE(again.container, replica.container);
  const auto found = backend_->Find();
  ASSERT_EQ(found->size(), 1U);
  EXPECT_EQ(found->front().container, again.container);
  EXPECT_EQ(Containers().size(), 1U);
}

}  // namespace
}  // namespace hearth::pool
