// Replicas that refuse, die, lie or are silent.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "gateway/test_support.h"

namespace hearth::gateway::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

// Reads a request and closes, `times` times; then answers.
FakeReplica::Script CloseFirst(std::atomic<int>* asked, int times) {
  return [=](Peer& peer) {
    std::string head;
    std::string body;
    while (peer.ReadRequest(&head, &body)) {
      if (++*asked <= times) return;
      if (!peer.Write(Ok("at last"))) return;
    }
  };
}

http::Url RefusingUrl() {
  http::Listener closed = http::OpenListener({}).value();
  return http::ParseUrl(closed.address).value();
}

bool Has(const std::vector<TestGateway::Sign>& signs, uint64_t replica, pool::Sign sign) {
  return std::any_of(signs.begin(), signs.end(), [&](const TestGateway::Sign& one) {
    return one.replica == replica && one.sign == sign;
  });
}

TEST(GatewayFaults, ARefusedConnectionMovesTheRequestOn) {
  FakeReplica replica(EchoScript());
  TestGateway gateway({}, -1, /*may_repeat=*/false);
  gateway.Add(1, RefusingUrl());
  gateway.Add(2, replica);
  for (int i = 0; i < 10; ++i) {
    RawClient client(gateway.port());
    EXPECT_EQ(client.Ask(Post("/x", "body")).body, "POST /x body");
  }
  EXPECT_TRUE(Has(gateway.signs(), 1, pool::Sign::kRefused));
  EXPECT_TRUE(Has(gateway.signs(), 2, pool::Sign::kSuccess));
  EXPECT_EQ(gateway.metrics().retries.value(), 0);
}

TEST(GatewayFaults, WhenAllRefuseTheRequestWaitsForOneThatDoesNot) {
  TestGateway gateway({}, -1, /*may_repeat=*/false);
  gateway.Add(1, RefusingUrl());
  RawClient client(gateway.port());
  client.Write(Post("/x", "body"));
  ASSERT_TRUE(Eventually([&] { return gateway.signs().size() >= 4; }));
  FakeReplica replica(EchoScript());
  gateway.Add(2, replica);
  EXPECT_EQ(client.Read().body, "POST /x body");
}

TEST(GatewayFaults, WhenAllRefuseForHoldTimeItIs503) {
  GatewayOptions options;
  options.limits.hold_time = 100ms;
  TestGateway gateway(options);
  gateway.Add(1, RefusingUrl());
  RawClient client(gateway.port());
  const RawAnswer answer = client.Ask(Post("/x", "body"));
  EXPECT_EQ(answer.status, 503);
  EXPECT_THAT(answer.head, HasSubstr("Retry-After: 1\r\n"));
  EXPECT_EQ(client.Ask(Post("/x", "again")).status, 503) << "the connection lives on";
}

TEST(GatewayFaults, AKeptConnectionThatTheReplicaClosesIsNotUsedAgain) {
  FakeReplica replica([](Peer& peer) {
    std::string head;
    std::string body;
    if (peer.ReadRequest(&head, &body)) peer.Write(Ok(std::to_string(peer.number())));
  });
  TestGateway gateway({}, -1, /*may_repeat=*/false);
  gateway.Add(1, replica);
  RawClient client(gateway.port());
  for (int i = 1; i <= 5; ++i) {
    EXPECT_EQ(client.Ask(Post("/x", "a")).body, std::to_string(i));
    // Its FIN has come, or comes in a moment: both must go well, but the second cannot always.
    std::this_thread::sleep_for(20ms);
  }
}

TEST(GatewayFaults, AnAnswerThatSaysCloseIsTheLastOnItsConnection) {
  FakeReplica replica([](Peer& peer) {
    std::string head;
    std::string body;
    peer.ReadRequest(&head, &body);
    peer.Write(Ok(std::to_string(peer.number()), "Connection: close\r\n"));
    peer.Hold();
  });
  TestGateway gateway;
  gateway.Add(1, replica);
  RawClient client(gateway.port());
  EXPECT_EQ(client.Ask(Get("/")).body, "1");
  EXPECT_EQ(client.Ask(Get("/")).body, "2");
}

TEST(GatewayFaults, BytesBehindAnAnswerCloseTheReplicasConnection) {
  FakeReplica replica([](Peer& peer) {
    peer.ReadHead();
    peer.Write(Ok(std::to_string(peer.number())) + "HTTP/1.1 200 OK\r\n");
    peer.Hold();
  });
  TestGateway gateway;
  gateway.Add(1, replica);
  RawClient client(gateway.port());
  EXPECT_EQ(client.Ask(Get("/")).body, "1");
  EXPECT_EQ(client.Ask(Get("/")).body, "2");
}

TEST(GatewayFaults, AGetThatGotNoAnswerIsSentAgain) {
  std::atomic<int> asked = 0;
  FakeReplica replica(CloseFirst(&asked, 2));
  TestGateway gateway;
  gateway.Add(1, replica);
  RawClient client(gateway.port());
  EXPECT_EQ(client.Ask(Get("/")).body, "at last");
  EXPECT_EQ(asked, 3);
  EXPECT_EQ(gateway.metrics().retries.value(), 2);
  EXPECT_TRUE(Has(gateway.signs(), 1, pool::Sign::kBroken));
}

TEST(GatewayFaults, ThreeTimesAreEnough) {
  std::atomic<int> asked = 0;
  FakeReplica replica(CloseFirst(&asked, 100));
  TestGateway gateway;
  gateway.Add(1, replica);
  RawClient client(gateway.port());
  const RawAnswer answer = client.Ask(Get("/"));
  EXPECT_EQ(answer.status, 502);
  EXPECT_THAT(answer.head, HasSubstr("X-Request-Id: "));
  EXPECT_EQ(asked, 3);
  EXPECT_EQ(gateway.metrics().upstream_failed.value(), 1);
}

TEST(GatewayFaults, APostThatGotNoAnswerIsNotSentAgain) {
  std::atomic<int> asked = 0;
  FakeReplica replica(CloseFirst(&asked, 1));
  TestGateway gateway({}, -1, /*may_repeat=*/false);
  gateway.Add(1, replica);
  RawClient client(gateway.port());
  EXPECT_EQ(client.Ask(Post("/x", "a")).status, 502);
  EXPECT_EQ(asked, 1);
  EXPECT_EQ(client.Ask(Post("/x", "a")).body, "at last");
}

TEST(GatewayFaults, APostToASafePathIsSentAgainWithItsBody) {
  std::mutex mutex;
  std::vector<std::string> bodies;
  FakeReplica replica([&](Peer& peer) {
    std::string head;
    std::string body;
    if (!peer.ReadRequest(&head, &body)) return;
    const std::lock_guard lock(mutex);
    bodies.push_back(body);
    if (bodies.size() == 2) peer.Write(Ok("done"));
  });
  GatewayOptions options;
  options.retry_safe = {"/safe"};
  TestGateway gateway(options);
  gateway.Add(1, replica);
  RawClient client(gateway.port());
  const std::string body(100'000, 'b');
  EXPECT_EQ(client.Ask(Post("/safe?x=1", body)).body, "done");
  EXPECT_EQ(bodies, (std::vector<std::string>{body, body}));
}

TEST(GatewayFaults, OwnWorkRoutesMayBeRepeatedWhenTheReplicasAreHearths) {
  std::atomic<int> asked = 0;
  FakeReplica replica(CloseFirst(&asked, 1));
  GatewayOptions options;
  options.own_routes_retry_safe = true;
  TestGateway gateway(options);
  gateway.Add(1, replica);
  RawClient client(gateway.port());
  EXPECT_EQ(client.Ask(Post("/v1/embeddings", "{}")).body, "at last");
}

TEST(GatewayFaults, ABodyTooLongForTheBufferIsNotSentAgain) {
  std::atomic<int> asked = 0;
  FakeReplica replica(CloseFirst(&asked, 1));
  GatewayOptions options;
  options.retry_safe = {"/safe"};
  TestGateway gateway(options);
  gateway.Add(1, replica);
  RawClient client(gateway.port());
  EXPECT_EQ(client.Ask(Post("/safe", std::string(400'000, 'x'))).status, 502);
  EXPECT_EQ(asked, 1);
}

TEST(GatewayFaults, TheRetryBudgetBoundsRepeats) {
  std::atomic<int> asked = 0;
  std::promise<void> go;
  const std::shared_future<void> gone = go.get_future().share();
  constexpr int kClients = 8;
  FakeReplica replica([&](Peer& peer) {
    if (peer.ReadHead().empty()) return;
    if (++asked <= kClients) {
      gone.wait();
      return;
    }
    peer.Hold();  // repeats stay under way
  });
  TestGateway gateway;
  gateway.Add(1, replica, 64);
  std::vector<std::unique_ptr<RawClient>> clients;
  for (int i = 0; i < kClients; ++i) {
    clients.push_back(std::make_unique<RawClient>(gateway.port()));
    clients.back()->Write(Get("/"));
  }
  ASSERT_TRUE(Eventually([&] { return asked == kClients; }));
  go.set_value();
  ASSERT_TRUE(
      Eventually([&] { return gateway.metrics().upstream_failed.value() == kClients - 3; }));
  EXPECT_EQ(gateway.metrics().retries.value(), 3);
  EXPECT_EQ(gateway.metrics().retries_refused.value(), kClients - 3);
}

TEST(GatewayFaults, AnUpstreamThatDiesInAnAnswerNeverEndsItCleanly) {
  for (const std::string_view begin :
       {"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"}) {
    FakeReplica replica([begin](Peer& peer) {
      peer.ReadHead();
      peer.Write(begin);
    });
    TestGateway gateway;
    gateway.Add(1, replica);
    const auto answer = Ask(gateway, Get("/"));
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code, Code::kIo);
    EXPECT_TRUE(Eventually([&] { return gateway.metrics().cut.value() == 1; }));
    gateway.End();
    EXPECT_EQ(gateway.Count(pool::EventKind::kCut), 1);
    EXPECT_EQ(gateway.ends(), std::vector<int>{0});
  }
}

// For HTTP/1.0 the end of the connection is the end of the answer: only a reset says that it is
// not.
TEST(GatewayFaults, AResetOfTheReplicaIsAResetForHttp10) {
  std::promise<void> go;
  FakeReplica replica([&](Peer& peer) {
    peer.ReadHead();
    peer.Write("HTTP/1.1 200 OK\r\n\r\nhello");
    go.get_future().wait();
    peer.Reset();
  });
  TestGateway gateway;
  gateway.Add(1, replica);
  RawClient client(gateway.port());
  client.Write("GET / HTTP/1.0\r\n\r\n");
  std::array<char, 4096> piece;
  ASSERT_GT(::recv(client.fd(), piece.data(), piece.size(), 0), 0);
  go.set_value();
  bool reset = false;
  ReadToEnd(client, &reset);
  EXPECT_TRUE(reset);
}

TEST(GatewayFaults, AResetOfTheReplicaIsNoEndOfAnAnswerWithoutLength) {
  FakeReplica replica([&](Peer& peer) {
    peer.ReadHead();
    peer.Write("HTTP/1.1 200 OK\r\n\r\nhello");
    std::this_thread::sleep_for(20ms);  // so that the answer is read before the reset is seen
    peer.Reset();
  });
  TestGateway gateway;
  gateway.Add(1, replica);
  EXPECT_FALSE(Ask(gateway, Get("/")));
}

TEST(GatewayFaults, WhatIsNotHttpIs502) {
  for (const std::string_view bytes :
       {"220 smtp.example.com ESMTP\r\n\r\n", "HTTP/1.1 010 Low\r\n\r\n",
        "HTTP/1.1 600 High\r\n\r\n", "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n"}) {
    FakeReplica replica([bytes](Peer& peer) {
      std::string head;
      std::string body;
      peer.ReadRequest(&head, &body);
      peer.Write(bytes);
      peer.Hold();
    });
    TestGateway gateway({}, -1, /*may_repeat=*/false);
    gateway.Add(1, replica);
    RawClient client(gateway.port());
    EXPECT_EQ(client.Ask(Post("/", "a")).status, 502) << bytes;
    EXPECT_TRUE(Has(gateway.signs(), 1, pool::Sign::kBroken)) << bytes;
  }
}

TEST(GatewayFaults, ASilentReplicaIs504AndItsSlotIsFreeAgain) {
  std::atomic<int> asked = 0;
  std::atomic<bool> closed = false;
  FakeReplica replica([&](Peer& peer) {
    std::string head;
    std::string body;
    while (peer.ReadRequest(&head, &body)) {
      if (++asked == 1) {
        peer.Hold();
        closed = true;
        return;
      }
      peer.Write(Ok("awake"));
    }
  });
  GatewayOptions options;
  options.limits.first_byte_timeout = 100ms;
  TestGateway gateway(options, -1, /*may_repeat=*/false);
  gateway.Add(1, replica);
  RawClient client(gateway.port());
  const RawAnswer answer = client.Ask(Post("/", "a"));
  EXPECT_EQ(answer.status, 504);
  EXPECT_THAT(answer.body, HasSubstr("deadline_exceeded"));
  EXPECT_TRUE(Eventually([&] { return closed.load(); })) << "the replica's connection is closed";
  EXPECT_TRUE(Has(gateway.signs(), 1, pool::Sign::kTimedOut));
  EXPECT_EQ(client.Ask(Post("/", "a")).body, "awake");
  EXPECT_EQ(asked, 2);
  EXPECT_EQ(gateway.metrics().timed_out.value(), 1);
}

TEST(GatewayFaults, ASilentReplicaIsNotToBlameForASlowClient) {
  FakeReplica replica(EchoScript());
  GatewayOptions options;
  options.limits.first_byte_timeout = 50ms;
  TestGateway gateway(options);
  gateway.Add(1, replica);
  RawClient client(gateway.port());
  client.Write("POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n");
  std::this_thread::sleep_for(150ms);
  client.Write("0\r\n\r\n");
  EXPECT_EQ(client.Read().status, 200);
}

TEST(GatewayFaults, ARequestThatTakesTooLongIsCutOrAnswered504) {
  FakeReplica replica([](Peer& peer) {
    const std::string head = peer.ReadHead();
    if (head.starts_with("GET /begun")) {
      peer.Write("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhel");
    }
    peer.Hold();
  });
  GatewayOptions options;
  options.limits.request_timeout = 100ms;
  TestGateway gateway(options);
  gateway.Add(1, replica);
  RawClient silent(gateway.port());
  EXPECT_EQ(silent.Ask(Get("/")).status, 504);
  RawClient begun(gateway.port());
  begun.Write(Get("/begun"));
  EXPECT_THAT(ReadToEnd(begun), ::testing::EndsWith("\r\n\r\nhel"));
  RawClient slow(gateway.port());
  EXPECT_EQ(slow.Ask("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n").status, 408);
  EXPECT_TRUE(Eventually([&] { return gateway.Occupied() == 0; }));
}

}  // namespace
}  // namespace hearth::gateway::testing
