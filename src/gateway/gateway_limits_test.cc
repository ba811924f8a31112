// Everything that is bounded: what waits, how long, how many connections, how much at one replica.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "gateway/test_support.h"

namespace hearth::gateway::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(GatewayLimits, WhoFindsTheQueueFullIs503AndKeepsTheConnection) {
  GatewayOptions options;
  options.limits.hold_requests = 1;
  FakeReplica replica(EchoScript());
  TestGateway gateway(options);
  RawClient held(gateway.port());
  held.Write(Get("/held"));
  ASSERT_TRUE(Eventually([&] { return gateway.Waiting() == 1; }));
  RawClient refused(gateway.port());
  for (int i = 0; i < 3; ++i) {
    const RawAnswer answer = refused.Ask(Post("/x", "body"));
    EXPECT_EQ(answer.status, 503);
    EXPECT_THAT(answer.head, HasSubstr("Retry-After: 1\r\n"));
    EXPECT_THAT(answer.head, Not(HasSubstr("Connection: close")));
    EXPECT_THAT(answer.body, HasSubstr("\"error_type\":\"unavailable\""));
  }
  EXPECT_EQ(gateway.metrics().refused_hold_full.value(), 3);
  EXPECT_GE(gateway.pressure(), 1);
  gateway.Add(1, replica);
  EXPECT_EQ(held.Read().body, "GET /held ");
  EXPECT_EQ(refused.Ask(Post("/x", "body")).status, 200);
}

TEST(GatewayLimits, WhoWaitsTooLongIs503) {
  GatewayOptions options;
  options.limits.hold_time = 100ms;
  TestGateway gateway(options);
  RawClient client(gateway.port());
  const auto start = http::Clock::now();
  const RawAnswer answer = client.Ask(Get("/"));
  EXPECT_EQ(answer.status, 503);
  EXPECT_THAT(answer.head, HasSubstr("Retry-After: 1\r\n"));
  EXPECT_GE(http::Clock::now() - start, 100ms);
  EXPECT_EQ(gateway.metrics().refused_hold_time.value(), 1);
  EXPECT_EQ(gateway.metrics().held.value(), 1);
}

TEST(GatewayLimits, HeldRequestsAreServedInOrder) {
  FakeReplica replica([](Peer& peer) {
    while (!peer.ReadHead().empty()) peer.Write(Ok("x"));
  });
  TestGateway gateway;
  std::vector<std::unique_ptr<RawClient>> clients;
  for (int i = 0; i < 20; ++i) {
    clients.push_back(std::make_unique<RawClient>(gateway.port()));
    clients.back()->Write(Get("/"));
    ASSERT_TRUE(Eventually([&] { return gateway.Waiting() == i + 1; }));
  }
  gateway.Add(1, replica);
  for (const auto& client : clients) EXPECT_EQ(client->Read().status, 200);
}

TEST(GatewayLimits, AReplicaNeverHasMoreThanItsSlots) {
  constexpr int kSlots = 3;
  std::atomic<int> inside = 0;
  std::atomic<int> most = 0;
  FakeReplica replica([&](Peer& peer) {
    std::string head;
    std::string body;
    while (peer.ReadRequest(&head, &body)) {
      const int now = ++inside;
      for (int seen = most; seen < now && !most.compare_exchange_weak(seen, now);) {
      }
      std::this_thread::sleep_for(1ms);
      --inside;
      if (!peer.Write(Ok("x"))) return;
    }
  });
  TestGateway gateway;
  gateway.Add(1, replica, kSlots);
  std::vector<std::thread> clients;
  for (int i = 0; i < 12; ++i) {
    clients.emplace_back([&] {
      RawClient client(gateway.port());
      for (int j = 0; j < 20; ++j) EXPECT_EQ(client.Ask(Post("/x", "a")).status, 200);
    });
  }
  for (std::thread& client : clients) client.join();
  EXPECT_EQ(most, kSlots);
  EXPECT_LE(replica.connections(), kSlots);
}

TEST(GatewayLimits, OneConnectionTooManyIsToldAndClosed) {
  GatewayOptions options;
  options.limits.connections = 2;
  FakeReplica replica(EchoScript());
  TestGateway gateway(options);
  gateway.Add(1, replica);
  RawClient first(gateway.port());
  auto second = std::make_unique<RawClient>(gateway.port());
  EXPECT_EQ(first.Ask(Get("/")).status, 200);
  EXPECT_EQ(second->Ask(Get("/")).status, 200);
  RawClient third(gateway.port());
  const RawAnswer refused = third.Read();
  EXPECT_EQ(refused.status, 503);
  EXPECT_THAT(refused.head, HasSubstr("Retry-After: 1\r\n"));
  EXPECT_TRUE(third.AtEnd());
  EXPECT_EQ(gateway.metrics().connections_refused.value(), 1);
  second.reset();
  EXPECT_TRUE(Eventually([&] { return gateway.metrics().connections_open.value() == 1; }));
  RawClient fourth(gateway.port());
  EXPECT_EQ(fourth.Ask(Get("/")).status, 200);
}

TEST(GatewayLimits, ManyConnectionsAreServed) {
  FakeReplica replica(EchoScript());
  TestGateway gateway;
  gateway.Add(1, replica, 8);
  std::vector<std::unique_ptr<RawClient>> clients;
  for (int i = 0; i < 300; ++i) {
    clients.push_back(std::make_unique<RawClient>(gateway.port()));
    ASSERT_TRUE(clients.back()->connected());
  }
  for (int round = 0; round < 3; ++round) {
    for (size_t i = 0; i < clients.size(); i += 100) {  // fewer at once than may be held
      for (size_t j = i; j < i + 100; ++j) clients[j]->Write(Get("/x"));
      for (size_t j = i; j < i + 100; ++j) EXPECT_EQ(clients[j]->Read().status, 200);
    }
  }
  EXPECT_LE(replica.connections(), 8);
}

// Whatever clients and replicas do: every request has one outcome, and no slot is lost. The history
// is judged when the gateway ends.
TEST(GatewayLimits, NothingIsLostWhateverBothSidesDo) {
  std::atomic<unsigned> seed = 1;
  const auto script = [&](Peer& peer) {
    std::minstd_rand random(seed++);
    std::string head;
    std::string body;
    while (peer.ReadRequest(&head, &body)) {
      switch (random() % 12) {
        case 0:
          return;
        case 1:
          peer.Write("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf");
          return;
        case 2:
          peer.Reset();
          return;
        case 3:
          peer.Write("nonsense\r\n\r\n");
          return;
        case 4:
          peer.Write(Ok("bye", "Connection: close\r\n"));
          return;
        case 5:
          peer.Write("HTTP/1.1 200 OK\r\n\r\nuntil the end");
          return;
        default:
          if (!peer.Write(Ok(body))) return;
      }
    }
  };
  FakeReplica one(script);
  FakeReplica two(script);
  GatewayOptions options;
  options.limits.hold_time = 2s;
  options.limits.first_byte_timeout = 2s;
  options.retry_safe = {"/safe"};
  TestGateway gateway(options);
  gateway.Add(1, one, 2);
  gateway.Add(2, two, 2);
  std::vector<std::thread> clients;
  for (unsigned t = 0; t < 6; ++t) {
    clients.emplace_back([&, t] {
      std::minstd_rand random(t + 100);
      for (int i = 0; i < 60; ++i) {
        RawClient client(gateway.port());
        const std::string wire = random() % 2 == 0 ? Post("/safe", "abc") : Post("/x", "abc");
        switch (random() % 5) {
          case 0:
            client.Write(wire.substr(0, random() % wire.size()));
            break;
          case 1:
            client.Write(wire);
            if (random() % 2 == 0) client.Reset();
            break;
          default:
            client.Write(wire + Get("/end", "Connection: close\r\n"));
            ReadToEnd(client);
        }
      }
    });
  }
  for (std::thread& client : clients) client.join();
  EXPECT_TRUE(Eventually([&] { return gateway.Occupied() == 0 && gateway.Waiting() == 0; }));
  EXPECT_TRUE(Eventually([&] { return gateway.metrics().requests_open.value() == 0; }));
  EXPECT_TRUE(Eventually([&] { return gateway.metrics().connections_open.value() == 0; }));
}

}  // namespace
}  // namespace hearth::gateway::testing
