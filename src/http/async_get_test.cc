#include "http/async_get.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <optional>

#include "http/scripted_server.h"
#include "http/test_support.h"

namespace hearth::http::testing {
namespace {

class AsyncGetTest : public ::testing::Test {
 protected:
  // Asks, runs the loop until the answer, and returns it.
  Result<Answer> Ask(const std::string& url, Clock::duration patience = kPatience) {
    std::optional<Result<Answer>> got;
    const AsyncGet get(*loop_, ParseUrl(url).value(), Clock::now() + patience,
                       [&](Result<Answer> answer) {
                         got = std::move(answer);
                         loop_->Stop();
                       });
    EXPECT_FALSE(got) << "in a later turn";
    loop_->Run();
    return *std::move(got);
  }
  static std::string At(const ScriptedServer& server, std::string_view path = "/health") {
    return fmt::format("http://127.0.0.1:{}{}", server.port(), path);
  }

  std::unique_ptr<EventLoop> loop_ = EventLoop::Create().value();
};

TEST_F(AsyncGetTest, BringsTheAnswerOfAnyStatus) {
  std::string asked;
  ScriptedServer server([&](Peer& peer) {
    asked = peer.ReadHead();
    peer.Write("HTTP/1.1 503 No\r\nContent-Length: 7\r\nX-A: b\r\n\r\nloading");
    peer.Hold();
  });
  const Result<Answer> answer = Ask(At(server, "/ready?x=1"));
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer->status, 503);
  EXPECT_EQ(answer->body, "loading");
  EXPECT_EQ(answer->Header("x-a"), "b");
  EXPECT_TRUE(asked.starts_with("GET /ready?x=1 HTTP/1.1\r\nHost: 127.0.0.1:")) << asked;
}

TEST_F(AsyncGetTest, ReadsChunksAndAnswersThatEndWithTheConnection) {
  ScriptedServer chunked([](Peer& peer) {
    peer.ReadHead();
    peer.Write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n");
    peer.Write("3\r\nllo\r\n0\r\n\r\n");
    peer.Hold();
  });
  EXPECT_EQ(Ask(At(chunked)).value().body, "hello");
  ScriptedServer until_close([](Peer& peer) {
    peer.ReadHead();
    peer.Write("HTTP/1.0 200 OK\r\n\r\nhello");
  });
  EXPECT_EQ(Ask(At(until_close)).value().body, "hello");
}

TEST_F(AsyncGetTest, AsksOverAUnixSocket) {
  const std::string path =
      std::filesystem::temp_directory_path() / fmt::format("async-get-{}.sock", ::getpid());
  TestServer server(Echo(), {}, {.unix_path = path});
  const Result<Answer> answer = Ask("unix:" + path);
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer->body, "GET /? ");
}

TEST_F(AsyncGetTest, ARefusedConnectionIsAnIoErrorThatNamesTheAddress) {
  std::string url;
  {
    const ScriptedServer gone([](Peer&) {});
    url = At(gone);
  }
  const Result<Answer> answer = Ask(url);
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, Code::kIo);
  EXPECT_NE(answer.error().message.find("127.0.0.1"), std::string::npos) << answer.error().message;
  const Result<Answer> no_socket = Ask("unix:/nowhere/at/all.sock");
  ASSERT_FALSE(no_socket);
  EXPECT_EQ(no_socket.error().code, Code::kIo);
}

TEST_F(AsyncGetTest, WhatIsNotAWholeAnswerIsAnIoError) {
  for (const std::string_view bytes :
       {"", "hello\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel"}) {
    ScriptedServer server([bytes](Peer& peer) {
      peer.ReadHead();
      peer.Write(bytes);
    });
    const Result<Answer> answer = Ask(At(server));
    ASSERT_FALSE(answer) << bytes;
    EXPECT_EQ(answer.error().code, Code::kIo) << bytes;
  }
}

TEST_F(AsyncGetTest, AnAnswerOverTheLimitIsAnIoError) {
  ScriptedServer server([](Peer& peer) {
    peer.ReadHead();
    peer.Write("HTTP/1.1 200 OK\r\nContent-Length: 65537\r\n\r\n");
    peer.Hold();
  });
  const Result<Answer> answer = Ask(At(server));
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, Code::kIo);
}

TEST_F(AsyncGetTest, ASilentServerIsADeadlineExceeded) {
  ScriptedServer server([](Peer& peer) { peer.Hold(); });
  const auto start = Clock::now();
  const Result<Answer> answer = Ask(At(server), 50ms);
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, Code::kDeadlineExceeded);
  EXPECT_GE(Clock::now() - start, 50ms);
}

TEST_F(AsyncGetTest, ADestroyedQuestionIsForgotten) {
  TestServer server(Echo());
  bool called = false;
  {
    const AsyncGet get(*loop_, ParseUrl(server.server().address()).value(), Clock::now() + 1ms,
                       [&](const Result<Answer>&) { called = true; });
  }
  loop_->After(20ms, [this] { loop_->Stop(); });
  loop_->Run();
  EXPECT_FALSE(called);
}

TEST_F(AsyncGetTest, MayBeDestroyedFromInsideItsCall) {
  TestServer server(Echo());
  std::unique_ptr<AsyncGet> get;
  bool called = false;
  get = std::make_unique<AsyncGet>(*loop_, ParseUrl(server.server().address()).value(),
                                   Clock::now() + kPatience, [&](const Result<Answer>& answer) {
                                     called = answer.has_value();
                                     get.reset();
                                     loop_->Stop();
                                   });
  loop_->Run();
  EXPECT_TRUE(called);
}

}  // namespace
}  // namespace hearth::http::testing
