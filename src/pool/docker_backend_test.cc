// The Docker backend against an engine that fails as a test scripts it. docker_real_test.cc has a
// real one.
#include "pool/docker_backend.h"

#include <gmock/gmock.h>

#include <atomic>

#include "pool/docker_test_support.h"

namespace hearth::pool {
namespace {

using testing::Exits;
using testing::FakeEngine;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::OrderOf;
using testing::Quiet;
using testing::Says;
using namespace std::chrono_literals;
using Question = FakeEngine::Question;
using Response = std::optional<http::Response>;

constexpr std::string_view kContainer = "c0ffee";

std::string Labels(uint64_t replica, std::string_view pool = "hearth") {
  return fmt::format(R"({{"hearth.pool": "{}", "hearth.replica": "r{}", "hearth.nonce": "{}",
                         "hearth.version": "v", "hearth.port": "8000"}})",
                     pool, replica, OrderOf(replica, "").nonce);
}

http::Response Inspected(bool running, int exit_code = 0, std::string_view pool = "hearth") {
  return {.body = fmt::format(
              R"({{"Id": "{}", "State": {{"Running": {}, "ExitCode": {}, "OOMKilled": false,
                   "Pid": 5, "StartedAt": "2026-11-25T15:13:03Z"}}, "Config": {{"Labels": {}}},
                   "HostConfig": {{"NetworkMode": "bridge"}}, "NetworkSettings": {{"Ports":
                   {{"8000/tcp": [{{"HostPort": "49153"}}]}}}}}})",
              kContainer, running, exit_code, Labels(1, pool))};
}

// An engine on which everything goes well and nothing ever ends.
Response AllWell(const Question& question) {
  if (question.Is("POST /containers/create")) {
    return http::Response{.status = 201, .body = fmt::format(R"({{"Id": "{}"}})", kContainer)};
  }
  if (question.Is("GET /containers/json")) return http::Response{.body = "[]"};
  if (question.Is("GET /containers/c0ffee/logs")) return http::Response{.body = ""};
  if (question.Is("GET /containers/")) return Inspected(true);
  if (question.Is("GET /events")) return std::nullopt;  // quiet
  return http::Response{.status = 204};
}

std::unique_ptr<DockerBackend> Open(const FakeEngine& engine, DockerTimes times = {}) {
  auto backend =
      DockerBackend::Open({.pool = "hearth", .socket = engine.socket(), .times = times}, Quiet());
  EXPECT_TRUE(backend) << backend.error().message;
  return backend ? *std::move(backend) : nullptr;
}

TEST(DockerBackend, SpeaksTheVersionThatBothKnow) {
  for (const auto& [newest, spoken] : {std::pair("1.41", "/v1.41 "), {"1.99", "/v1.47 "}}) {
    const FakeEngine engine(AllWell, newest);
    const auto backend = Open(engine);
    const auto handle = backend->Start(OrderOf(1, "model"));
    ASSERT_TRUE(handle) << handle.error().message;
    EXPECT_EQ(handle->url.ToString(), "http://127.0.0.1:49153/");
    EXPECT_EQ(handle->container, kContainer);
    for (const std::string& line : engine.asked()) EXPECT_THAT(line, HasSubstr(spoken));
  }
}

TEST(DockerBackend, WithoutAnEngineTheMessageSaysWhereItWasLookedFor) {
  http::Url nowhere;
  nowhere.unix_path = "/nowhere/docker.sock";
  const auto backend = DockerBackend::Open({.pool = "hearth", .socket = nowhere}, Quiet());
  ASSERT_FALSE(backend);
  EXPECT_EQ(backend.error().code, Code::kUnavailable);
  EXPECT_THAT(backend.error().message, HasSubstr("unix:/nowhere/docker.sock"));
  EXPECT_THAT(backend.error().message, HasSubstr("is the Docker engine running"));
}

TEST(DockerBackend, AnEngineTooOldIsRefusedAtTheDoor) {
  const FakeEngine engine(AllWell, "1.18");
  const auto backend = DockerBackend::Open({.pool = "hearth", .socket = engine.socket()}, Quiet());
  ASSERT_FALSE(backend);
  EXPECT_EQ(backend.error().code, Code::kUnsupported);
}

TEST(DockerBackend, AContainerThatDoesNotStartIsRemovedAndTheMessageIsTheEngines) {
  const FakeEngine engine([](const Question& question) -> Response {
    if (question.Is("POST /containers/c0ffee/start")) return Says(500, "no such runtime");
    return AllWell(question);
  });
  const auto handle = Open(engine)->Start(OrderOf(1, "model"));
  ASSERT_FALSE(handle);
  EXPECT_THAT(handle.error().message, HasSubstr("\"hearth-r1\""));
  EXPECT_THAT(handle.error().message, HasSubstr("\"model\""));
  EXPECT_THAT(handle.error().message, HasSubstr("no such runtime"));
  EXPECT_EQ(engine.CountOf("DELETE /containers/c0ffee"), 1);
}

TEST(DockerBackend, AContainerThatEndsAtOnceIsAFailureAndNoExit) {
  const FakeEngine engine([](const Question& question) -> Response {
    if (question.Is("GET /containers/c0ffee/logs")) {
      return http::Response{.body = std::string("\2\0\0\0\0\0\0\7no disk", 15)};
    }
    if (question.Is("GET /containers/c0ffee/json")) return Inspected(false, 3);
    return AllWell(question);
  });
  Exits exits;
  const auto backend = Open(engine);
  exits.Attach(*backend);
  const auto handle = backend->Start(OrderOf(1, "model"));
  ASSERT_FALSE(handle);
  EXPECT_THAT(handle.error().message, HasSubstr("has ended at once: exit 3: no disk"));
  EXPECT_EQ(engine.CountOf("DELETE /containers/c0ffee"), 1);
  EXPECT_TRUE(exits.all().empty());
}

TEST(DockerBackend, AnEngineThatHangsCostsTheDeadlineAndLeavesNothing) {
  const FakeEngine engine([](const Question& question) -> Response {
    if (question.Is("POST /containers/create")) return std::nullopt;
    return AllWell(question);
  });
  const auto handle = Open(engine, {.start = 100ms})->Start(OrderOf(1, "model"));
  ASSERT_FALSE(handle);
  EXPECT_EQ(handle.error().code, Code::kDeadlineExceeded);
  EXPECT_THAT(handle.error().message, HasSubstr("has not answered within 0.1 s"));
  // It was created all the same, as its nonce shows.
  EXPECT_EQ(engine.CountOf("DELETE /containers/c0ffee"), 1);
}

TEST(DockerBackend, AnEndedContainerOfAnEarlierLifeGivesUpItsName) {
  std::atomic<int> creates = 0;
  const FakeEngine engine([&](const Question& question) -> Response {
    if (question.Is("POST /containers/create") && creates++ == 0) {
      return Says(409, "the name is already in use");
    }
    if (question.Is("GET /containers/hearth-r1/json")) return Inspected(false);
    return AllWell(question);
  });
  const auto handle = Open(engine)->Start(OrderOf(1, "model"));
  ASSERT_TRUE(handle) << handle.error().message;
  EXPECT_EQ(engine.CountOf("DELETE /containers/c0ffee?v=1&force=0"), 1);
}

TEST(DockerBackend, AContainerOfSomebodyElseKeepsItsName) {
  for (const auto& [pool, running] : {std::pair("other", false), {"hearth", true}}) {
    const FakeEngine engine([&](const Question& question) -> Response {
      if (question.Is("POST /containers/create")) return Says(409, "in use");
      if (question.Is("GET /containers/hearth-r1")) return Inspected(running, 0, pool);
      return AllWell(question);
    });
    const auto handle = Open(engine)->Start(OrderOf(1, "model"));
    ASSERT_FALSE(handle);
    EXPECT_THAT(handle.error().message, HasSubstr("docker rm -f hearth-r1"));
    EXPECT_EQ(engine.CountOf("DELETE"), 0);
  }
}

TEST(DockerBackend, AMissingImageIsPulledOnce) {
  std::atomic<int> creates = 0;
  const FakeEngine engine([&](const Question& question) -> Response {
    if (question.Is("POST /containers/create") && creates++ == 0) {
      return Says(404, "No such image: model:latest");
    }
    if (question.Is("POST /images/create")) {
      return http::Response{.body = "{\"status\":\"Pulling\"}\n{\"status\":\"Done\"}\n"};
    }
    return AllWell(question);
  });
  const auto handle = Open(engine)->Start(OrderOf(1, "model"));
  ASSERT_TRUE(handle) << handle.error().message;
  EXPECT_EQ(engine.CountOf("POST /images/create?fromImage=model&tag=latest"), 1);
}

TEST(DockerBackend, APullThatFailsIsSaidWhetherByStatusOrInTheStream) {
  for (const http::Response& answer :
       {Says(500, "denied: no access"),
        http::Response{.body = "{\"status\":\"Pulling\"}\n{\"error\":\"denied: no access\"}\n"}}) {
    const FakeEngine engine([&](const Question& question) -> Response {
      if (question.Is("POST /containers/create")) return Says(404, "no such image");
      if (question.Is("POST /images/create")) return answer;
      return AllWell(question);
    });
    const auto handle = Open(engine)->Start(OrderOf(1, "model"));
    ASSERT_FALSE(handle);
    EXPECT_THAT(handle.error().message, HasSubstr("there is no image \"model\" here"));
    EXPECT_THAT(handle.error().message, HasSubstr("denied: no access"));
    EXPECT_EQ(engine.CountOf("POST /containers/create"), 1);
  }
}

TEST(DockerBackend, APullCanBeLeft) {
  Cancel cancel;
  const FakeEngine engine([&](const Question& question) -> Response {
    if (question.Is("POST /containers/create")) return Says(404, "no such image");
    if (question.Is("POST /images/create")) {
      cancel.Fire();
      return std::nullopt;
    }
    return AllWell(question);
  });
  const auto backend = DockerBackend::Open(
      {.pool = "hearth", .socket = engine.socket(), .stop_pulling = &cancel}, Quiet());
  EXPECT_EQ((*backend)->Start(OrderOf(1, "model")).error().code, Code::kCancelled);
}

TEST(DockerBackend, SignalsToWhatHasEndedAreNoFailure) {
  std::atomic<int> status = 204;
  const FakeEngine engine([&](const Question& question) -> Response {
    if (question.Is("POST /containers/c0ffee/kill")) return Says(status, "not running");
    return AllWell(question);
  });
  const auto backend = Open(engine);
  const auto handle = backend->Start(OrderOf(1, "model"));
  for (const int well : {204, 404, 409}) {
    status = well;
    EXPECT_TRUE(backend->Terminate(*handle)) << well;
  }
  status = 500;
  const Status killed = backend->Kill(*handle);
  ASSERT_FALSE(killed);
  EXPECT_THAT(killed.error().message, HasSubstr("cannot send SIGKILL to replica r1"));
  EXPECT_EQ(engine.CountOf("kill?signal=SIGTERM"), 3);
}

// The events that an engine has kept, said whenever it is asked; then the stream ends.
std::string Event(std::string_view action, int64_t nanos) {
  return fmt::format(
      R"({{"Type":"container","Action":"{}","Actor":{{"ID":"{}","Attributes":{{"exitCode":"137"}}}},)"
      R"("timeNano":{}}})"
      "\n",
      action, kContainer, nanos);
}

TEST(DockerBackend, AStreamThatIsCutIsFollowedFromWhereItEnded) {
  constexpr int64_t kLater = 4'000'000'000'000'000'007;
  const FakeEngine engine([&](const Question& question) -> Response {
    if (!question.Is("GET /events")) return AllWell(question);
    if (question.Is("GET /events?since=4000000000.000000007")) return std::nullopt;
    return http::Response{.body = Event("start", kLater)};
  });
  const auto backend = Open(engine);
  EXPECT_TRUE(testing::Eventually(
      [&] { return engine.CountOf("GET /events?since=4000000000.000000007") == 1; }));
}

TEST(DockerBackend, AnEndThatIsSaidAgainAndAgainIsReportedOnceWithItsOom) {
  std::atomic<bool> ended = false;
  const FakeEngine engine([&](const Question& question) -> Response {
    if (question.Is("GET /events")) {
      const int64_t now = 4'000'000'000'000'000'000;
      return http::Response{.body = ended ? Event("oom", now) + Event("die", now) : ""};
    }
    if (question.Is("GET /containers/c0ffee/json")) return Inspected(true);
    return AllWell(question);
  });
  Exits exits;
  const auto backend = Open(engine);
  exits.Attach(*backend);
  ASSERT_TRUE(backend->Start(OrderOf(1, "model")));
  ended = true;
  const ReplicaExit exit = exits.Of(1);
  EXPECT_EQ(exit.reason, EndReason::kOutOfMemory);
  EXPECT_EQ(exit.words, "out of memory");
  const int64_t streams = engine.CountOf("GET /events");
  EXPECT_TRUE(testing::Eventually([&] { return engine.CountOf("GET /events") > streams + 2; }));
  EXPECT_EQ(exits.all().size(), 1U);
  EXPECT_EQ(engine.CountOf("DELETE /containers/c0ffee"), 1);
}

TEST(DockerBackend, WhatEndedWhileNobodyFollowedIsSeenWhenTheStreamBegins) {
  std::atomic<int> phase = 0;  // 0: runs, 1: has ended, and the engine has forgotten the event
  const FakeEngine engine([&](const Question& question) -> Response {
    if (question.Is("GET /events")) {
      return phase == 0 ? Says(500, "starting up") : http::Response{.body = ""};
    }
    if (question.Is("GET /containers/c0ffee/json")) return Inspected(phase == 0, 5);
    return AllWell(question);
  });
  Exits exits;
  const auto backend = Open(engine);
  exits.Attach(*backend);
  ASSERT_TRUE(backend->Start(OrderOf(1, "model")));
  phase = 1;
  const ReplicaExit exit = exits.Of(1);
  EXPECT_EQ(exit.reason, EndReason::kExited);
  EXPECT_EQ(exit.words, "exit 5");
}

TEST(DockerBackend, AContainerThatSomebodyRemovedHasEnded) {
  std::atomic<bool> removed = false;
  const FakeEngine engine([&](const Question& question) -> Response {
    if (question.Is("GET /events")) return http::Response{.body = ""};
    if (question.Is("GET /containers/c0ffee/json") && removed) return Says(404, "no such");
    return AllWell(question);
  });
  Exits exits;
  const auto backend = Open(engine);
  exits.Attach(*backend);
  ASSERT_TRUE(backend->Start(OrderOf(1, "model")));
  removed = true;
  EXPECT_EQ(exits.Of(1).reason, EndReason::kKilled);
}

std::string Listed(std::string_view state, const std::string& labels) {
  return fmt::format(R"({{"Id": "{}", "Names": ["/x"], "State": "{}", "Labels": {}}})", kContainer,
                     state, labels);
}

TEST(DockerBackend, FindTakesWhatRunsRemovesWhatHasEndedAndLeavesWhatItCannotRead) {
  std::string list;
  const FakeEngine engine([&](const Question& question) -> Response {
    if (question.Is("GET /containers/json")) return http::Response{.body = "[" + list + "]"};
    return AllWell(question);
  });
  list = Listed("running", R"({"hearth.pool": "hearth", "hearth.replica": "seven"})");
  auto found = Open(engine)->Find();
  ASSERT_TRUE(found) << found.error().message;
  EXPECT_TRUE(found->empty());
  EXPECT_EQ(engine.CountOf("DELETE"), 0);

  list = Listed("exited", Labels(1));
  EXPECT_TRUE(Open(engine)->Find()->empty());
  EXPECT_EQ(engine.CountOf("DELETE /containers/c0ffee?v=1&force=0"), 1);

  list = Listed("running", Labels(1));
  const auto backend = Open(engine);
  for (int i = 0; i < 2; ++i) {
    found = backend->Find();
    ASSERT_EQ(found->size(), 1U) << i;
    EXPECT_EQ(found->front().id, ReplicaId{1});
    EXPECT_EQ(found->front().url.port, 49153);
  }
  EXPECT_EQ(engine.CountOf("DELETE"), 1);
}

TEST(DockerBackend, FindFailsRatherThanOverlookAReplica) {
  const FakeEngine engine([](const Question& question) -> Response {
    if (question.Is("GET /containers/json")) {
      return http::Response{.body = "[" + Listed("running", Labels(1)) + "]"};
    }
    if (question.Is("GET /containers/c0ffee/json")) return Says(500, "busy");
    return AllWell(question);
  });
  const auto found = Open(engine)->Find();
  ASSERT_FALSE(found);
  EXPECT_THAT(found.error().message, HasSubstr("busy"));
}

TEST(DockerBackend, EndsAtOnceWhileTheEngineIsSilent) {
  const FakeEngine engine(AllWell);
  auto backend = Open(engine);
  ASSERT_TRUE(testing::Eventually([&] { return engine.CountOf("GET /events") == 1; }));
  const auto begun = http::Clock::now();
  backend.reset();
  EXPECT_LT(http::Clock::now() - begun, 5s);
}

}  // namespace
}  // namespace hearth::pool
