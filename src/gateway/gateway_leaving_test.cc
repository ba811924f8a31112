// Clients that leave or half-leave, and replicas that are taken out while requests are under way.
#include <gtest/gtest.h>

#include "gateway/test_support.h"

namespace hearth::gateway::testing {
namespace {

TEST(GatewayLeaving, AClientThatLeavesWhileHeldLeavesTheQueue) {
  TestGateway gateway;
  for (const bool reset : {false, true}) {
    RawClient client(gateway.port());
    client.Write(Post("/x", "a"));
    ASSERT_TRUE(Eventually([&] { return gateway.Waiting() == 1; }));
    if (reset) {
      client.Reset();
    } else {
      client.Close();
    }
    EXPECT_TRUE(Eventually([&] { return gateway.Waiting() == 0; })) << reset;
  }
  gateway.End();
  EXPECT_EQ(gateway.Count(pool::EventKind::kClientGone), 2);
  EXPECT_EQ(gateway.ends(), (std::vector<int>{-1, -1}));
}

TEST(GatewayLeaving, AClientThatLeavesWhileItsBodyWaitsLeavesTheQueue) {
  TestGateway gateway;
  RawClient client(gateway.port());
  client.Write("POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\nabc");
  ASSERT_TRUE(Eventually([&] { return gateway.Waiting() == 1; }));
  client.Write("def");
  client.Close();
  EXPECT_TRUE(Eventually([&] { return gateway.Waiting() == 0; }));
}

TEST(GatewayLeaving, AClientThatLeavesWhileBoundEndsTheReplicasWork) {
  for (const bool reset : {false, true}) {
    std::atomic<int> asked = 0;
    std::atomic<bool> closed = false;
    FakeReplica replica([&](Peer& peer) {
      peer.ReadHead();
      ++asked;
      peer.Hold();
      closed = true;
    });
    TestGateway gateway;
    gateway.Add(1, replica);
    RawClient client(gateway.port());
    client.Write(Get("/"));
    ASSERT_TRUE(Eventually([&] { return asked == 1; }));
    if (reset) {
      client.Reset();
    } else {
      client.Close();
    }
    EXPECT_TRUE(Eventually([&] { return closed.load(); })) << reset;
    EXPECT_TRUE(Eventually([&] { return gateway.Occupied() == 0; }));
    EXPECT_EQ(gateway.metrics().client_gone.value(), 1);
  }
}

TEST(GatewayLeaving, AHalfClosedClientGetsItsAnswer) {
  std::promise<void> go;
  FakeReplica replica([&](Peer& peer) {
    peer.ReadHead();
    go.get_future().wait();
    peer.Write(Ok("late"));
    peer.Hold();
  });
  TestGateway gateway;
  gateway.Add(1, replica);
  RawClient client(gateway.port());
  client.Write(Get("/"));
  client.HalfClose();
  EXPECT_EQ(client.Read().status, 100) << "asks whether it is still there";
  go.set_value();
  EXPECT_EQ(client.Read().body, "late");
  EXPECT_TRUE(client.AtEnd());
}

TEST(GatewayLeaving, AHalfClosedClientIsHeldAndGetsItsAnswer) {
  FakeReplica replica(EchoScript());
  TestGateway gateway;
  RawClient client(gateway.port());
  client.Write(Post("/x", "body") + Get("/y"));
  client.HalfClose();
  EXPECT_EQ(client.Read().status, 100);
  gateway.Add(1, replica);
  EXPECT_EQ(client.Read().body, "POST /x body");
  EXPECT_EQ(client.Read().body, "GET /y ");
  EXPECT_TRUE(client.AtEnd());
}

TEST(GatewayLeaving, HalfARequestIs400) {
  FakeReplica replica(EchoScript());
  TestGateway gateway;
  gateway.Add(1, replica);
  for (const std::string_view half :
       {"GET / HTTP/1.1\r\nHo", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc"}) {
    RawClient client(gateway.port());
    client.Write(half);
    client.HalfClose();
    EXPECT_EQ(client.Read().status, 400) << half;
    EXPECT_TRUE(client.AtEnd());
  }
  EXPECT_TRUE(Eventually([&] { return gateway.Occupied() == 0; }));
}

TEST(GatewayLeaving, ARemovedReplicaFailsWhatItWasSentAndHandsOnTheRest) {
  std::atomic<int> asked = 0;
  FakeReplica first([&](Peer& peer) {
    std::string head;
    std::string body;
    if (peer.ReadRequest(&head, &body)) ++asked;
    peer.Hold();
  });
  FakeReplica second(EchoScript());
  TestGateway gateway({}, -1, /*may_repeat=*/false);
  gateway.Add(1, first);
  RawClient sent(gateway.port());
  RawClient held(gateway.port());
  sent.Write(Post("/sent", "a"));
  ASSERT_TRUE(Eventually([&] { return asked == 1; }));
  held.Write(Post("/held", "b"));
  ASSERT_TRUE(Eventually([&] { return gateway.Waiting() == 1; }));
  gateway.Do([](Gateway& g) { g.RemoveReplica({1}); });
  EXPECT_EQ(sent.Read().status, 502);
  gateway.Add(2, second);
  EXPECT_EQ(held.Read().body, "POST /held b");
}

TEST(GatewayLeaving, ADrainingReplicaFinishesAndGetsNoMore) {
  std::promise<void> go;
  std::atomic<int> asked = 0;
  FakeReplica first([&](Peer& peer) {
    while (!peer.ReadHead().empty()) {
      if (++asked == 1) go.get_future().wait();
      peer.Write(Ok("first"));
    }
  });
  FakeReplica second(EchoScript());
  TestGateway gateway;
  gateway.Add(1, first, 4);
  RawClient client(gateway.port());
  client.Write(Get("/"));
  ASSERT_TRUE(Eventually([&] { return asked == 1; }));
  gateway.Do([](Gateway& g) { g.DrainReplica({1}); });
  gateway.Add(2, second);
  RawClient other(gateway.port());
  EXPECT_EQ(other.Ask(Get("/x")).body, "GET /x ");
  EXPECT_EQ(gateway.idle(), 0);
  go.set_value();
  EXPECT_EQ(client.Read().body, "first");
  EXPECT_TRUE(Eventually([&] { return gateway.idle() == 1; }));
  EXPECT_EQ(client.Ask(Get("/x")).body, "GET /x ");
  EXPECT_EQ(asked, 1);
}

TEST(GatewayLeaving, WhatIsBoundButNotSentLeavesADrainingReplica) {
  FakeReplica first(EchoScript());
  FakeReplica second(EchoScript());
  TestGateway gateway({}, -1, /*may_repeat=*/false);
  gateway.Add(1, first);
  RawClient client(gateway.port());
  client.Write("POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhe");
  ASSERT_TRUE(Eventually([&] { return gateway.Occupied() == 1; }));
  gateway.Add(2, second);
  gateway.Do([](Gateway& g) { g.DrainReplica({1}); });
  client.Write("llo");
  EXPECT_EQ(client.Read().body, "POST /x hello");
  EXPECT_EQ(second.connections(), 1);
}

TEST(GatewayLeaving, AnEjectedReplicaGetsNothingWhileThereIsAnother) {
  FakeReplica first(EchoScript());
  FakeReplica second(EchoScript());
  TestGateway gateway;
  gateway.Add(1, first);
  gateway.Add(2, second);
  gateway.Do([](Gateway& g) { g.EjectReplica({1}); });
  RawClient client(gateway.port());
  for (int i = 0; i < 5; ++i) EXPECT_EQ(client.Ask(Get("/")).status, 200);
  EXPECT_EQ(first.connections(), 0);
  gateway.Do([](Gateway& g) {
    g.RemoveReplica({2});
    g.ReadmitReplica({1});
  });
  EXPECT_EQ(client.Ask(Get("/")).status, 200);
  EXPECT_EQ(first.connections(), 1);
}

}  // namespace
}  // namespace hearth::gateway::testing
