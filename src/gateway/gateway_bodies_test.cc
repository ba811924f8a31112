// Bodies: long ones, slow ones, both ways; and when they are read at all.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gateway/test_support.h"

namespace hearth::gateway::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

constexpr std::string_view kChunkedPost =
    "POST /c HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";

std::string Chunk(std::string_view bytes) {
  return fmt::format("{:x}\r\n{}\r\n", bytes.size(), bytes);
}

std::string Pattern(size_t size) {
  std::string text(size, '\0');
  for (size_t i = 0; i < size; ++i) text[i] = static_cast<char>('a' + (i * 7 + i / 251) % 26);
  return text;
}

// The body of a chunked request, decoded; "" when it ended early.
std::string ReadChunks(Peer& peer) {
  std::string body;
  while (true) {
    std::string line;
    while (!line.ends_with("\r\n")) {
      const std::string byte = peer.Read(1);
      if (byte.empty()) return {};
      line += byte;
    }
    const size_t size = std::stoul(line, nullptr, 16);
    body += peer.Read(size + 2).substr(0, size);
    if (size == 0) return body;
  }
}

// Until nothing more is taken for a while; returns what is left.
std::string_view WriteWhatIsTaken(const RawClient& client, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::send(client.fd(), bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (n > 0) {
      bytes.remove_prefix(static_cast<size_t>(n));
      continue;
    }
    pollfd state{client.fd(), POLLOUT, 0};
    if (::poll(&state, 1, 200) == 0) break;
  }
  return bytes;
}

TEST(GatewayBodies, LongBodiesPassBothWays) {
  FakeReplica replica(EchoScript());
  TestGateway gateway;
  gateway.Add(1, replica);
  for (const size_t size : {size_t{16'384}, size_t{16'385}, size_t{300'000}, size_t{2'000'000}}) {
    const std::string body = Pattern(size);
    const auto answer = Ask(gateway, Post("/b", body));
    ASSERT_TRUE(answer) << answer.error().message;
    EXPECT_EQ(answer->body, "POST /b " + body);
  }
  EXPECT_EQ(replica.connections(), 1);
}

// With a send buffer below two segments of the loopback every piece waited for a delayed
// acknowledgement: 9 s for this answer.
TEST(GatewayBodies, ALongAnswerDoesNotWaitForDelayedAcknowledgements) {
  constexpr size_t kSize = 16'000'000;
  FakeReplica replica([](Peer& peer) {
    peer.ReadHead();
    peer.Write(Ok(std::string(kSize, 'x')));
    peer.Hold();
  });
  TestGateway gateway;
  gateway.Add(1, replica);
  const auto start = http::Clock::now();
  const auto answer = Ask(gateway, Get("/"));
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer->body.size(), kSize);
  EXPECT_LT(http::Clock::now() - start, 4s);
}

TEST(GatewayBodies, AChunkedRequestIsChunkedAnew) {
  std::string head;
  std::string body;
  FakeReplica replica([&](Peer& peer) {
    while (!(head = peer.ReadHead()).empty()) {
      body = ReadChunks(peer);
      peer.Write(Ok("thanks"));
    }
  });
  TestGateway gateway;
  gateway.Add(1, replica);
  RawClient client(gateway.port());
  const std::string long_part = Pattern(400'000);
  client.Write(std::string(kChunkedPost) + "5;ext=1\r\nhello\r\n" + Chunk(long_part) +
               "0\r\nTrailer: gone\r\n\r\n");
  EXPECT_EQ(client.Read().body, "thanks");
  EXPECT_EQ(body, "hello" + long_part);
  EXPECT_THAT(head, HasSubstr("Transfer-Encoding: chunked\r\n"));
  EXPECT_THAT(head, Not(HasSubstr("Content-Length")));
  client.Write(std::string(kChunkedPost) + "0\r\n\r\n");
  EXPECT_EQ(client.Read().body, "thanks");
  EXPECT_EQ(body, "");
  EXPECT_EQ(replica.connections(), 1);
}

TEST(GatewayBodies, PiecesOfABodyAreSentOnAsTheyCome) {
  std::promise<void> first;
  FakeReplica replica([&](Peer& peer) {
    peer.ReadHead();
    EXPECT_EQ(peer.Read(8), "3\r\none\r\n");
    first.set_value();
    EXPECT_EQ(peer.Read(13), "3\r\ntwo\r\n0\r\n\r\n");
    peer.Write(Ok("both"));
    peer.Hold();
  });
  TestGateway gateway;
  gateway.Add(1, replica);
  RawClient client(gateway.port());
  client.Write(std::string(kChunkedPost) + Chunk("one"));
  ASSERT_EQ(first.get_future().wait_for(kPatience), std::future_status::ready);
  client.Write(Chunk("two") + "0\r\n\r\n");
  EXPECT_EQ(client.Read().body, "both");
}

TEST(GatewayBodies, PiecesOfAnAnswerAreSentOnAsTheyCome) {
  std::promise<void> go;
  FakeReplica replica([&](Peer& peer) {
    peer.ReadHead();
    peer.Write("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\none");
    go.get_future().wait();
    peer.Write("two");
    peer.Hold();
  });
  TestGateway gateway;
  gateway.Add(1, replica);
  RawClient client(gateway.port());
  client.Write(Get("/"));
  std::string got;
  std::array<char, 4096> piece;
  while (!got.ends_with("one")) {
    const ssize_t n = ::recv(client.fd(), piece.data(), piece.size(), 0);
    ASSERT_GT(n, 0);
    got.append(piece.data(), static_cast<size_t>(n));
  }
  go.set_value();
  EXPECT_EQ(::recv(client.fd(), piece.data(), 3, MSG_WAITALL), 3);
  EXPECT_TRUE(Eventually([&] { return gateway.ends() == std::vector<int>{200}; }));
}

TEST(GatewayBodies, AShortBodyGoesOutWithItsHead) {
  std::promise<std::string> first_read;
  FakeReplica replica([&](Peer& peer) {
    std::array<char, 4096> piece;
    const ssize_t n = ::recv(peer.fd(), piece.data(), piece.size(), 0);
    first_read.set_value(std::string(piece.data(), static_cast<size_t>(std::max<ssize_t>(n, 0))));
    peer.Write(Ok("x"));
    peer.Hold();
  });
  TestGateway gateway;
  gateway.Add(1, replica);
  RawClient client(gateway.port());
  client.Write("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n");
  ASSERT_TRUE(Eventually([&] { return gateway.Occupied() == 1; }));
  client.Write("hello");
  EXPECT_EQ(client.Read().status, 200);
  EXPECT_THAT(first_read.get_future().get(), ::testing::EndsWith("\r\n\r\nhello"));
}

TEST(GatewayBodies, ContinueIsSentWhenTheRequestIsBoundAndNotBefore) {
  FakeReplica replica(EchoScript());
  TestGateway gateway;
  RawClient client(gateway.port());
  client.Write("POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n");
  ASSERT_TRUE(Eventually([&] { return gateway.Waiting() == 1; }));
  pollfd state{client.fd(), POLLIN, 0};
  EXPECT_EQ(::poll(&state, 1, 50), 0) << "held: nothing is said";
  gateway.Add(1, replica);
  EXPECT_EQ(client.Read().status, 100);
  client.Write("hello");
  EXPECT_EQ(client.Read().body, "POST /x hello");
  // Whoever sends the body along gets none.
  EXPECT_EQ(client.Ask(Post("/x", "a", "Expect: 100-continue\r\n")).body, "POST /x a");
}

TEST(GatewayBodies, ExpectIsNotPassedOn) {
  std::string head;
  std::string body;
  FakeReplica replica([&](Peer& peer) {
    peer.ReadRequest(&head, &body);
    peer.Write(Ok("x"));
    peer.Hold();
  });
  TestGateway gateway;
  gateway.Add(1, replica);
  RawClient client(gateway.port());
  EXPECT_EQ(client.Ask(Post("/x", "a", "Expect: 100-continue\r\n")).status, 200);
  EXPECT_THAT(head, Not(HasSubstr("Expect")));
}

TEST(GatewayBodies, TheBodyOfAHeldRequestStaysWithTheClient) {
  constexpr size_t kSize = 32'000'000;
  GatewayOptions options;
  options.limits.body_bytes_max = kSize;
  FakeReplica replica([](Peer& peer) {
    peer.ReadHead();
    peer.Write(Ok(std::to_string(peer.Read(kSize).size())));
    peer.Hold();
  });
  TestGateway gateway(options);
  RawClient client(gateway.port());
  const std::string wire = Post("/x", std::string(kSize, 'x'));
  const std::string_view left = WriteWhatIsTaken(client, wire);
  EXPECT_EQ(gateway.Waiting(), 1);
  EXPECT_GT(left.size(), kSize / 2) << "the kernel's buffers take some";
  gateway.Add(1, replica);
  EXPECT_TRUE(client.Write(left));
  EXPECT_EQ(client.Read().body, std::to_string(kSize));
}

TEST(GatewayBodies, AClientThatDoesNotReadHoldsTheReplicaBack) {
  std::atomic<size_t> written = 0;
  constexpr size_t kSize = size_t{64} * 1024 * 1024;
  FakeReplica replica([&](Peer& peer) {
    peer.ReadHead();
    peer.Write(fmt::format("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", kSize));
    const std::string piece(65536, 'x');
    while (written < kSize && peer.Write(piece)) written += piece.size();
    peer.Hold();
  });
  TestGateway gateway;
  gateway.Add(1, replica);
  RawClient client(gateway.port());
  client.Write(Get("/"));
  size_t before = 1;
  ASSERT_TRUE(Eventually([&] {
    std::this_thread::sleep_for(50ms);
    return std::exchange(before, written.load()) == written && written > 0;
  }));
  // The gateway's 256 KiB and the kernel's buffers of two connections.
  EXPECT_LT(written, size_t{24} * 1024 * 1024);
  const RawAnswer answer = client.Read();
  EXPECT_EQ(answer.body.size(), kSize);
}

TEST(GatewayBodies, AReplicaThatDoesNotReadHoldsTheClientBack) {
  std::promise<void> go;
  GatewayOptions options;
  options.limits.body_bytes_max = 100'000'000;
  FakeReplica replica([&](Peer& peer) {
    peer.ReadHead();
    go.get_future().wait();
    const std::string body = peer.Read(64'000'000);
    peer.Write(Ok(std::to_string(body.size())));
    peer.Hold();
  });
  TestGateway gateway(options);
  gateway.Add(1, replica);
  RawClient client(gateway.port());
  const std::string wire = Post("/", std::string(64'000'000, 'x'));
  const std::string_view left = WriteWhatIsTaken(client, wire);
  EXPECT_GT(left.size(), size_t{40'000'000});
  go.set_value();
  EXPECT_TRUE(client.Write(left));
  EXPECT_EQ(client.Read().body, "64000000");
}

TEST(GatewayBodies, AnEarlyAnswerIsPassedOnAndBothConnectionsClose) {
  FakeReplica replica([&](Peer& peer) {
    peer.ReadHead();
    peer.Write("HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno");
    peer.Hold();
  });
  TestGateway gateway;
  gateway.Add(1, replica);
  RawClient client(gateway.port());
  client.Write("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n" + Pattern(100'000));
  const RawAnswer answer = client.Read();
  EXPECT_EQ(answer.status, 403);
  EXPECT_EQ(answer.body, "no");
  EXPECT_THAT(answer.head, HasSubstr("Connection: close\r\n"));
  EXPECT_TRUE(client.AtEnd());
  RawClient next(gateway.port());
  EXPECT_EQ(next.Ask(Get("/")).status, 403);
  EXPECT_EQ(replica.connections(), 2);
}

TEST(GatewayBodies, AnAnswerOfAReplicaThatClosesWithoutReadingTheBodyIsPassedOn) {
  FakeReplica replica([&](Peer& peer) {
    peer.ReadHead();
    peer.Write("HTTP/1.1 413 Too Large\r\nContent-Length: 3\r\nConnection: close\r\n\r\nbig");
    ::shutdown(peer.fd(), SHUT_WR);
    peer.Hold();
  });
  TestGateway gateway;
  gateway.Add(1, replica);
  RawClient client(gateway.port());
  client.Write("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2000000\r\n\r\n");
  EXPECT_EQ(client.Read().status, 413);
}

TEST(GatewayBodies, ABodyOverTheLimitIs413) {
  GatewayOptions options;
  options.limits.body_bytes_max = 1000;
  FakeReplica replica(EchoScript());
  TestGateway gateway(options);
  gateway.Add(1, replica);
  RawClient announced(gateway.port());
  EXPECT_EQ(announced.Ask("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1001\r\n\r\n").status,
            413);
  EXPECT_TRUE(announced.AtEnd());
  RawClient expects(gateway.port());
  EXPECT_EQ(expects
                .Ask("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1001\r\n"
                     "Expect: 100-continue\r\n\r\n")
                .status,
            413);
  RawClient chunked(gateway.port());
  EXPECT_EQ(
      chunked.Ask(std::string(kChunkedPost) + Chunk(Pattern(600)) + Chunk(Pattern(600))).status,
      413);
  RawClient fits(gateway.port());
  EXPECT_EQ(fits.Ask(Post("/", Pattern(1000))).status, 200);
  EXPECT_TRUE(Eventually([&] { return gateway.Occupied() == 0; }));
}

TEST(GatewayBodies, AMalformedChunkIs400AndIsNotSentOn) {
  std::string seen;
  FakeReplica replica([&](Peer& peer) {
    peer.ReadHead();
    seen = ReadChunks(peer);
  });
  TestGateway gateway;
  gateway.Add(1, replica);
  RawClient client(gateway.port());
  EXPECT_EQ(client.Ask(std::string(kChunkedPost) + "zz\r\nhello\r\n0\r\n\r\n").status, 400);
  EXPECT_TRUE(client.AtEnd());
  replica.Stop();
  EXPECT_EQ(seen, "");
}

}  // namespace
}  // namespace hearth::gateway::testing
