// What passes through: requests and answers in every form, and what is refused.
#include "gateway/gateway.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "gateway/test_support.h"

namespace hearth::gateway::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

std::string TempSocket(std::string_view name) {
  return std::filesystem::temp_directory_path() / fmt::format("gw-{}-{}.sock", name, ::getpid());
}

// Answers every request of a connection with the same bytes.
FakeReplica::Script Always(std::string answer) {
  return [answer = std::move(answer)](Peer& peer) {
    std::string head;
    std::string body;
    while (peer.ReadRequest(&head, &body) && peer.Write(answer)) {
    }
  };
}

TEST(Gateway, PassesARequestOnAndItsAnswerBack) {
  std::string asked;
  std::string body;
  FakeReplica replica([&](Peer& peer) {
    if (!peer.ReadRequest(&asked, &body)) return;
    peer.Write(Ok("hello",
                  "X-Answer: yes\r\nConnection: X-Private\r\nX-Private: 1\r\n"
                  "Keep-Alive: timeout=5\r\nX-Request-Id: other\r\n"));
    peer.Hold();
  });
  TestGateway gateway;
  gateway.Add(1, replica);
  RawClient client(gateway.port());
  const RawAnswer answer = client.Ask(
      "POST http://pool/a%20b?c=d HTTP/1.1\r\nHost: pool\r\nX-Kept: 1\r\nConnection: X-Hop\r\n"
      "X-Hop: 1\r\nTE: trailers\r\nProxy-Authorization: secret\r\nX-Forwarded-For: 9.9.9.9\r\n"
      "X-Forwarded-Proto: https\r\nX-Request-Id: req-1\r\nContent-Length: 3\r\n\r\nabc");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, "hello");
  EXPECT_THAT(answer.head, HasSubstr("X-Answer: yes\r\n"));
  EXPECT_THAT(answer.head, HasSubstr("X-Request-Id: req-1\r\n"));
  EXPECT_THAT(answer.head, Not(HasSubstr("other")));
  EXPECT_THAT(answer.head, Not(HasSubstr("Private")));
  EXPECT_THAT(answer.head, Not(HasSubstr("Keep-Alive")));
  EXPECT_EQ(body, "abc");
  EXPECT_THAT(asked, StartsWith("POST /a%20b?c=d HTTP/1.1\r\nHost: pool\r\n"));
  EXPECT_THAT(asked, HasSubstr("X-Kept: 1\r\n"));
  EXPECT_THAT(asked, HasSubstr("X-Forwarded-For: 9.9.9.9, 127.0.0.1\r\n"));
  EXPECT_THAT(asked, HasSubstr("X-Forwarded-Proto: http\r\n"));
  EXPECT_THAT(asked, HasSubstr("X-Forwarded-Host: pool\r\n"));
  EXPECT_THAT(asked, HasSubstr("X-Request-Id: req-1\r\n"));
  EXPECT_THAT(asked, HasSubstr("traceparent: 00-"));
  for (const char* gone : {"Hop", "TE:", "secret", "https", "Connection"}) {
    EXPECT_THAT(asked, Not(HasSubstr(gone)));
  }
  EXPECT_TRUE(Eventually([&] { return gateway.ends() == std::vector<int>{200}; }));
  EXPECT_EQ(gateway.metrics().answers[2].value(), 1);
}

TEST(Gateway, KeepsConnectionsOnBothSides) {
  FakeReplica replica(EchoScript());
  TestGateway gateway;
  gateway.Add(1, replica);
  RawClient client(gateway.port());
  for (int i = 0; i < 20; ++i) {
    EXPECT_EQ(client.Ask(Post("/x", std::to_string(i))).body, fmt::format("POST /x {}", i));
  }
  RawClient other(gateway.port());
  EXPECT_EQ(other.Ask(Get("/y")).body, "GET /y ");
  EXPECT_EQ(replica.connections(), 1);
  EXPECT_EQ(gateway.metrics().upstream_connects.value(), 1);
  EXPECT_EQ(gateway.metrics().connections.value(), 2);
  EXPECT_EQ(gateway.metrics().requests.value(), 21);
}

TEST(Gateway, AnswersPipelinedRequestsInOrder) {
  FakeReplica replica(EchoScript());
  TestGateway gateway;
  gateway.Add(1, replica);
  RawClient client(gateway.port());
  std::string wire;
  for (int i = 0; i < 200; ++i) wire += Post("/p", std::to_string(i));
  client.Write(wire + Get("/last", "Connection: close\r\n"));
  for (int i = 0; i < 200; ++i) EXPECT_EQ(client.Read().body, fmt::format("POST /p {}", i));
  const RawAnswer last = client.Read();
  EXPECT_EQ(last.body, "GET /last ");
  EXPECT_THAT(last.head, HasSubstr("Connection: close\r\n"));
  EXPECT_TRUE(client.AtEnd());
}

TEST(Gateway, RequestsCutIntoBytesAreTheSame) {
  FakeReplica replica(EchoScript());
  TestGateway gateway;
  gateway.Add(1, replica);
  RawClient client(gateway.port());
  for (const char byte : Post("/x", "hello")) client.Write(std::string_view(&byte, 1));
  EXPECT_EQ(client.Read().body, "POST /x hello");
}

TEST(Gateway, HeadHasTheHeadersOfGetAndNoBody) {
  FakeReplica replica(Always("HTTP/1.1 200 OK\r\nContent-Length: 1234\r\n\r\n"));
  TestGateway gateway;
  gateway.Add(1, replica);
  RawClient client(gateway.port());
  for (int i = 0; i < 2; ++i) {
    client.Write("HEAD /x HTTP/1.1\r\nHost: a\r\n\r\n");
    const RawAnswer answer = client.Read(/*head_only=*/true);
    EXPECT_EQ(answer.status, 200);
    EXPECT_THAT(answer.head, HasSubstr("Content-Length: 1234\r\n"));
  }
  EXPECT_EQ(replica.connections(), 1);
}

TEST(Gateway, AnswersWithoutABodyKeepTheConnection) {
  for (const std::string_view line : {"204 No Content", "304 Not Modified"}) {
    FakeReplica replica(Always(fmt::format("HTTP/1.1 {}\r\nX-A: b\r\n\r\n", line)));
    TestGateway gateway;
    gateway.Add(1, replica);
    RawClient client(gateway.port());
    for (int i = 0; i < 2; ++i) {
      const RawAnswer answer = client.Ask(Get("/"));
      EXPECT_THAT(answer.head, StartsWith(fmt::format("HTTP/1.1 {}\r\n", line)));
      EXPECT_THAT(answer.head, Not(HasSubstr("Transfer-Encoding")));
    }
    EXPECT_EQ(replica.connections(), 1);
  }
}

TEST(Gateway, AnAnswerThatEndsWithTheConnectionBecomesChunked) {
  FakeReplica replica([](Peer& peer) {
    peer.ReadHead();
    peer.Write("HTTP/1.1 200 OK\r\n\r\nhello ");
    peer.Write("world");
  });
  TestGateway gateway;
  gateway.Add(1, replica);
  const auto answer = Ask(gateway, Get("/"));
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer->body, "hello world");
  EXPECT_EQ(answer->Header("transfer-encoding"), "chunked");
  EXPECT_TRUE(answer->keep_alive);
}

TEST(Gateway, ChunkedAnswersStayChunkedAndKeepTheConnection) {
  FakeReplica replica(
      Always("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6\r\n "
             "world\r\n0\r\nT: x\r\n\r\n"));
  TestGateway gateway;
  gateway.Add(1, replica);
  for (int i = 0; i < 2; ++i) {
    const auto answer = Ask(gateway, Get("/"));
    ASSERT_TRUE(answer) << answer.error().message;
    EXPECT_EQ(answer->body, "hello world");
  }
  EXPECT_EQ(replica.connections(), 1);
}

TEST(Gateway, AnswersHttp10AndCloses) {
  FakeReplica replica(
      Always("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"));
  TestGateway gateway;
  gateway.Add(1, replica);
  RawClient client(gateway.port());
  client.Write("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  const std::string answer = ReadToEnd(client);
  EXPECT_THAT(answer, ::testing::EndsWith("\r\n\r\nhello")) << "knows no chunks";
  EXPECT_THAT(answer, HasSubstr("Connection: close\r\n"));
}

TEST(Gateway, InterimAnswersOfReplicasAreSwallowed) {
  FakeReplica replica(Always(
      "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + Ok("done")));
  TestGateway gateway;
  gateway.Add(1, replica);
  RawClient client(gateway.port());
  EXPECT_EQ(client.Ask(Get("/")).body, "done");
  EXPECT_EQ(client.Ask(Get("/")).body, "done");
}

TEST(Gateway, SpeaksOverUnixSocketsOnBothSides) {
  const std::string front = TempSocket("front");
  const std::string back = TempSocket("back");
  std::string asked;
  FakeReplica replica(
      [&](Peer& peer) {
        asked = peer.ReadHead();
        peer.Write(Ok("unix"));
        peer.Hold();
      },
      {.unix_path = back});
  GatewayOptions options;
  options.limits.listen = "unix:" + front;
  TestGateway gateway(options);
  gateway.Add(1, replica);
  RawClient client(front);
  ASSERT_TRUE(client.connected());
  EXPECT_EQ(client.Ask(Get("/")).body, "unix");
  EXPECT_THAT(asked, Not(HasSubstr("X-Forwarded-For")));
  gateway.End();
  EXPECT_FALSE(std::filesystem::exists(front));
}

TEST(Gateway, TakesOverAListeningSocket) {
  http::Listener listener = http::OpenListener({}).value();
  const uint16_t port = listener.port;
  FakeReplica replica(EchoScript());
  TestGateway gateway({}, listener.fd.Release());
  EXPECT_EQ(gateway.port(), port);
  gateway.Add(1, replica);
  RawClient client(port);
  EXPECT_EQ(client.Ask(Get("/x")).body, "GET /x ");
}

TEST(Gateway, WhatIsNoListeningSocketIsRefused) {
  const auto loop = EventLoop::Create().value();
  pool::Dispatcher dispatcher({});
  const Log log(2, LogFormat::kText, LogLevel::kError);
  const int fd = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  const auto gateway = Gateway::Open(*loop, {}, fd, dispatcher, {}, nullptr, log);
  EXPECT_FALSE(gateway);
  ::close(fd);
}

struct Refused {
  const char* what;
  std::string wire;
  int status;
};

TEST(Gateway, RefusesWhatItDoesNotSpeak) {
  std::atomic<int> asked = 0;
  FakeReplica replica([&](Peer& peer) {
    if (!peer.ReadHead().empty()) ++asked;
  });
  TestGateway gateway;
  gateway.Add(1, replica);
  const std::string get = "GET / HTTP/1.1\r\nHost: a\r\n";
  for (const Refused& bad : std::vector<Refused>{
           {"CONNECT", "CONNECT a:80 HTTP/1.1\r\nHost: a\r\n\r\n", 501},
           {"websocket", get + "Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n", 501},
           {"two lengths",
            "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab", 400},
           {"length and chunks",
            "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: "
            "chunked\r\n\r\n0\r\n\r\n",
            400},
           {"gzip", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n", 501},
           {"fold", get + "X: a\r\n b\r\n\r\n", 400},
           {"no host", "GET / HTTP/1.1\r\n\r\n", 400},
           {"long head", get + "X: " + std::string(20'000, 'x') + "\r\n\r\n", 431},
           {"expectation", get + "Expect: magic\r\n\r\n", 417},
       }) {
    RawClient client(gateway.port());
    const RawAnswer answer = client.Ask(bad.wire);
    EXPECT_EQ(answer.status, bad.status) << bad.what;
    EXPECT_THAT(answer.body, StartsWith("{\"error\":\"")) << bad.what;
    EXPECT_THAT(answer.body, HasSubstr("\"error_type\":\"")) << bad.what;
  }
  EXPECT_EQ(asked, 0);
}

TEST(Gateway, AnOfferOfH2cIsIgnored) {
  FakeReplica replica(EchoScript());
  TestGateway gateway;
  gateway.Add(1, replica);
  RawClient client(gateway.port());
  const RawAnswer answer = client.Ask(
      "GET /x HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n"
      "HTTP2-Settings: AAM\r\n\r\n");
  EXPECT_EQ(answer.status, 200);
}

TEST(Gateway, ARefusedRequestWithoutABodyKeepsTheConnection) {
  FakeReplica replica(EchoScript());
  TestGateway gateway;
  gateway.Add(1, replica);
  RawClient client(gateway.port());
  EXPECT_EQ(client.Ask(Get("/", "Connection: Upgrade\r\nUpgrade: websocket\r\n")).status, 501);
  EXPECT_EQ(client.Ask(Get("/x")).status, 200);
}

TEST(Gateway, SpreadsRequestsOverFreeReplicas) {
  std::atomic<int> inside = 0;
  const auto script = [&](Peer& peer) {
    while (!peer.ReadHead().empty()) {
      ++inside;
      EXPECT_TRUE(Eventually([&] { return inside >= 2; }));
      peer.Write(Ok("x"));
    }
  };
  FakeReplica one(script);
  FakeReplica two(script);
  TestGateway gateway;
  gateway.Add(1, one);
  gateway.Add(2, two);
  RawClient a(gateway.port());
  RawClient b(gateway.port());
  a.Write(Get("/"));
  b.Write(Get("/"));
  EXPECT_EQ(a.Read().status, 200);
  EXPECT_EQ(b.Read().status, 200);
  EXPECT_EQ(one.connections(), 1);
  EXPECT_EQ(two.connections(), 1);
}

TEST(Gateway, StopFinishesWhatItHasAndTakesNoMore) {
  std::promise<void> go;
  std::atomic<bool> asked = false;
  FakeReplica replica([&](Peer& peer) {
    peer.ReadHead();
    asked = true;
    go.get_future().wait();
    peer.Write(Ok("late"));
    peer.Hold();
  });
  TestGateway gateway;
  gateway.Add(1, replica);
  RawClient idle(gateway.port());
  RawClient busy(gateway.port());
  RawClient held(gateway.port());
  busy.Write(Get("/"));
  ASSERT_TRUE(Eventually([&] { return asked.load(); }));
  held.Write(Get("/"));
  ASSERT_TRUE(Eventually([&] { return gateway.Waiting() == 1; }));
  gateway.Stop(kPatience);
  EXPECT_TRUE(idle.AtEnd());
  EXPECT_FALSE(gateway.stopped());
  EXPECT_FALSE(RawClient(gateway.port()).connected());
  go.set_value();
  const RawAnswer answer = busy.Read();
  EXPECT_EQ(answer.body, "late");
  EXPECT_THAT(answer.head, HasSubstr("Connection: close\r\n"));
  gateway.Stop(0s);
  EXPECT_EQ(held.Read().status, 503);
  EXPECT_TRUE(Eventually([&] { return gateway.stopped(); }));
}

TEST(GatewayMetricsText, HasEveryFamilyOnce) {
  const GatewayMetrics metrics;
  MetricsText text;
  PrintGatewayMetrics(metrics, &text);
  const std::string all = text.Take();
  EXPECT_THAT(all, HasSubstr("# TYPE hearth_gateway_requests_total counter\n"));
  EXPECT_THAT(all, HasSubstr("hearth_gateway_answers_total{class=\"none\"} 0\n"));
  EXPECT_THAT(all, HasSubstr("hearth_gateway_request_seconds_count 0\n"));
}

}  // namespace
}  // namespace hearth::gateway::testing
