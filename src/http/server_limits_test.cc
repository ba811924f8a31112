// Every limit of ServerLimits, and every hostile or clumsy client that the limits are for.
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <algorithm>
#include <mutex>
#include <vector>

#include "http/server.h"
#include "http/test_support.h"

namespace hearth::http::testing {
namespace {

constexpr std::string_view kChunkedHead =
    "POST /c HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";

std::string Chunk(size_t size) {
  return fmt::format("{:x}\r\n{}\r\n", size, std::string(size, 'x'));
}

std::string PostHead(size_t length, std::string_view headers = "") {
  return fmt::format("POST /b HTTP/1.1\r\nHost: a\r\nContent-Length: {}\r\n{}\r\n", length,
                     headers);
}

// --- size ---

TEST(ServerLimits, AHeadOfOneMegabyteIs431) {
  TestServer server(Echo());
  RawClient client(server.port());
  client.Write("GET / HTTP/1.1\r\nHost: a\r\nX: " + std::string(1'000'000, 'x') + "\r\n\r\n");
  EXPECT_EQ(client.Read().status, 431);
  EXPECT_EQ(server.stats().malformed, 1);
}

TEST(ServerLimits, TenThousandHeadersAre431) {
  TestServer server(Echo());
  RawClient client(server.port());
  std::string wire = "GET / HTTP/1.1\r\nHost: a\r\n";
  for (int i = 0; i < 10'000; ++i) wire += "a: b\r\n";
  client.Write(wire + "\r\n");
  EXPECT_EQ(client.Read().status, 431);
}

TEST(ServerLimits, ABodyOfThreeMegabytesIs413AlsoForWhoSendsItAll) {
  TestServer server(Echo());
  RawClient client(server.port());
  client.Write(Post("/", std::string(3'000'000, 'x')));
  const RawAnswer answer = client.Read();
  EXPECT_EQ(answer.status, 413);
  EXPECT_NE(answer.body.find("2000000"), std::string::npos) << answer.body;
  EXPECT_TRUE(client.AtEnd());
  EXPECT_TRUE(Eventually([&] { return server.stats().buffered_bytes == 0; }));
}

TEST(ServerLimits, ABodyTooLongIsRefusedBeforeItIsSent) {
  TestServer server(Echo());
  RawClient client(server.port());
  EXPECT_EQ(client.Ask(PostHead(2'000'001)).status, 413);
  RawClient huge(server.port());
  EXPECT_EQ(huge.Ask(PostHead(std::numeric_limits<size_t>::max())).status, 413);
  RawClient fits(server.port());
  EXPECT_EQ(fits.Ask(Post("/b", std::string(2'000'000, 'x'))).status, 200);
}

TEST(ServerLimits, AChunkedBodyIsCountedAsItComes) {
  TestServer server(Echo());
  RawClient client(server.port());
  client.Write(kChunkedHead);
  for (int i = 0; i < 30 && client.Write(Chunk(100'000)); ++i) {
  }
  EXPECT_EQ(client.Read().status, 413);
  EXPECT_TRUE(Eventually([&] { return server.stats().buffered_bytes == 0; }));
  RawClient one_chunk(server.port());
  EXPECT_EQ(
      one_chunk
          .Ask(std::string(kChunkedHead) + "ffffffffffffffff\r\n" + std::string(2'100'000, 'x'))
          .status,
      413);
}

// --- the process-wide budget ---

TEST(ServerLimits, ABodyThatDoesNotFitTheBudgetIs503) {
  TestServer server(Echo(), {.body_bytes_max = 1000, .buffered_bytes_max = 1500});
  RawClient first(server.port());
  first.Write(PostHead(1000));
  ASSERT_TRUE(Eventually([&] { return server.stats().buffered_bytes == 1000; }));
  RawClient second(server.port());
  const RawAnswer refused = second.Ask(PostHead(501));
  EXPECT_EQ(refused.status, 503);
  EXPECT_NE(refused.head.find("Retry-After: 1\r\n"), std::string::npos);
  EXPECT_TRUE(second.AtEnd());
  EXPECT_EQ(server.stats().refused_buffer_full, 1);
  RawClient third(server.port());
  EXPECT_EQ(third.Ask(Get("/health")).status, 200) << "what needs no buffer is answered";
  EXPECT_EQ(third.Ask(Post("/b", std::string(500, 'x'))).status, 200);
  first.Write(std::string(1000, 'x'));
  EXPECT_EQ(first.Read().status, 200);
  EXPECT_TRUE(Eventually([&] { return server.stats().buffered_bytes == 0; }));
  EXPECT_EQ(third.Ask(Post("/b", std::string(1000, 'x'))).status, 200);
}

TEST(ServerLimits, ARefusedBodyThatHasAlreadyComeKeepsTheConnection) {
  TestServer server(Echo(), {.body_bytes_max = 1000, .buffered_bytes_max = 500});
  RawClient client(server.port());
  EXPECT_EQ(client.Ask(Post("/b", std::string(501, 'x'))).status, 503);
  EXPECT_EQ(client.Ask(Post("/b", std::string(500, 'x'))).status, 200);
}

TEST(ServerLimits, AChunkedBodyThatDoesNotFitTheBudgetIs503) {
  TestServer server(Echo(), {.body_bytes_max = 1'000'000, .buffered_bytes_max = 1000});
  RawClient client(server.port());
  client.Write(std::string(kChunkedHead) + Chunk(600));
  ASSERT_TRUE(Eventually([&] { return server.stats().buffered_bytes == 600; }));
  client.Write(Chunk(600));
  EXPECT_EQ(client.Read().status, 503);
  EXPECT_TRUE(Eventually([&] { return server.stats().buffered_bytes == 0; }));
}

TEST(ServerLimits, AnAnswerThatDoesNotFitTheBudgetIs503) {
  Handlers handlers;
  handlers.on_request = [](const Request&, Responder responder) {
    responder.Send({.body = std::string(8 << 20, 'x')});
  };
  TestServer server(handlers, {.buffered_bytes_max = 12 << 20});
  RawClient slow(server.port());
  slow.Write(Get("/"));
  ASSERT_TRUE(Eventually([&] { return server.stats().buffered_bytes == 8 << 20; }));
  RawClient other(server.port());
  EXPECT_EQ(other.Ask(Get("/")).status, 503);
  EXPECT_EQ(slow.Read().body.size(), 8U << 20);
  EXPECT_EQ(other.Ask(Get("/")).status, 200);
}

// --- what on_head says ---

Handlers RefusingHead() {
  Handlers handlers = Echo();
  handlers.on_head = [](const RequestHead& head, Response* refusal) {
    if (head.path != "/no") return true;
    *refusal = {.status = 401, .body = fmt::format("{} {}", head.method, head.content_length)};
    return false;
  };
  return handlers;
}

// As a batch's answer is: more than the usual send buffer and the client's window hold together.
TEST(ServerLimits, AFewLargeAnswersLeaveTheServerAlthoughNobodyReads) {
  constexpr size_t kAnswer = 250'000;
  Handlers handlers;
  handlers.on_request = [](Request, Responder responder) {
    responder.Send({.body = std::string(kAnswer, 'x')});
  };
  TestServer server(handlers);
  const auto left_behind = [&](int64_t answers) {
    return Eventually(
        [&] { return server.stats().buffered_bytes == answers * static_cast<int64_t>(kAnswer); });
  };
  std::vector<std::unique_ptr<RawClient>> clients;
  for (size_t i = 0; i < kLargeSendBuffers; ++i) {
    clients.push_back(std::make_unique<RawClient>(server.port()));
    clients.back()->Write("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  }
  EXPECT_TRUE(left_behind(0));
  RawClient one_more(server.port());
  one_more.Write("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_TRUE(left_behind(1));
  EXPECT_EQ(one_more.Read().body.size(), kAnswer);
  EXPECT_EQ(clients.front()->Read().body.size(), kAnswer);  // its buffer is free for others now
  EXPECT_TRUE(Eventually([&] {
    RawClient next(server.port());
    next.Write("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    char first = 0;
    EXPECT_EQ(::recv(next.fd(), &first, 1, 0), 1);
    return server.stats().buffered_bytes == 0;
  }));
}

TEST(ServerLimits, OnHeadRefusesBeforeTheBody) {
  TestServer server(RefusingHead());
  RawClient client(server.port());
  const RawAnswer answer =
      client.Ask("POST /no HTTP/1.1\r\nHost: a\r\nContent-Length: 9999\r\n\r\n");
  EXPECT_EQ(answer.status, 401);
  EXPECT_EQ(answer.body, "POST 9999");
  EXPECT_TRUE(client.AtEnd());
  RawClient other(server.port());
  EXPECT_EQ(other.Ask(Get("/no")).status, 401);
  EXPECT_EQ(other.Ask(Post("/no", "small")).status, 401);
  EXPECT_EQ(other.Ask(Post("/yes", "small")).status, 200) << "the connection was kept";
}

TEST(ServerLimits, ContinueIsSaidOnlyToWhoMaySend) {
  TestServer server(RefusingHead(), {.body_bytes_max = 1000, .buffered_bytes_max = 1000});
  RawClient client(server.port());
  EXPECT_EQ(client.Ask(PostHead(5, "Expect: 100-continue\r\n")).status, 100);
  EXPECT_EQ(client.Ask("hello").body, "POST /b? hello");
  client.Write(PostHead(5, "Expect: 100-continue\r\n") + "hello");
  EXPECT_EQ(client.Read().status, 200) << "no 100 when the body is already there";
  EXPECT_EQ(client.Ask("GET / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n\r\n").status, 200);
  EXPECT_EQ(RawClient(server.port()).Ask(PostHead(1001, "Expect: 100-continue\r\n")).status, 413);
  EXPECT_EQ(
      RawClient(server.port())
          .Ask("POST /no HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n")
          .status,
      401);
  RawClient holder(server.port());
  holder.Write(PostHead(1000));
  ASSERT_TRUE(Eventually([&] { return server.stats().buffered_bytes == 1000; }));
  EXPECT_EQ(RawClient(server.port()).Ask(PostHead(5, "Expect: 100-continue\r\n")).status, 503);
}

// --- time ---

ServerLimits Quick() {
  return {.request_read_time_max = 200ms, .idle_time_max = 60'000ms, .write_time_max = 200ms};
}

TEST(ServerLimits, SlowHeadersAre408) {
  TestServer server(Echo(), Quick());
  RawClient client(server.port());
  client.Write("GET / HTT");
  EXPECT_EQ(client.Read().status, 408);
  EXPECT_TRUE(client.AtEnd());
  EXPECT_EQ(server.stats().timed_out, 1);
}

// A byte now and then does not buy more time.
TEST(ServerLimits, DrippingHeadersAre408) {
  TestServer server(Echo(), Quick());
  RawClient client(server.port());
  std::thread drip([&] {
    const std::string wire = "GET / HTTP/1.1\r\nHost: a\r\nX: " + std::string(100'000, 'x');
    for (const char& byte : wire) {
      if (server.stats().timed_out > 0 || !client.Write({&byte, 1})) return;
      std::this_thread::sleep_for(5ms);
    }
  });
  EXPECT_TRUE(Eventually([&] { return server.stats().timed_out == 1; }));
  drip.join();
  EXPECT_EQ(client.Read().status, 408);
}

TEST(ServerLimits, SlowBodiesAre408AndGiveTheirBudgetBack) {
  TestServer server(Echo(), Quick());
  RawClient length(server.port());
  length.Write(PostHead(1000) + "abc");
  RawClient chunked(server.port());
  chunked.Write(std::string(kChunkedHead) + Chunk(10));
  EXPECT_EQ(length.Read().status, 408);
  EXPECT_EQ(chunked.Read().status, 408);
  EXPECT_TRUE(Eventually([&] { return server.stats().buffered_bytes == 0; }));
  EXPECT_EQ(server.stats().timed_out, 2);
}

TEST(ServerLimits, IdleConnectionsAreClosed) {
  TestServer server(Echo(), {.idle_time_max = 50ms});
  RawClient silent(server.port());
  EXPECT_TRUE(silent.AtEnd());
  RawClient used(server.port());
  EXPECT_EQ(used.Ask(Get("/")).status, 200);
  EXPECT_TRUE(used.AtEnd());
  EXPECT_EQ(server.stats().timed_out, 0);
}

TEST(ServerLimits, AnAnswerNobodyReadsIsCut) {
  Handlers handlers;
  handlers.on_request = [](const Request&, Responder responder) {
    responder.Send({.body = std::string(16 << 20, 'x')});
  };
  TestServer server(handlers, Quick());
  RawClient client(server.port());
  client.Write(Get("/"));
  EXPECT_TRUE(Eventually([&] { return server.stats().timed_out == 1; }));
  EXPECT_TRUE(Eventually([&] { return server.stats().connections_open == 0; }));
  EXPECT_TRUE(Eventually([&] { return server.stats().buffered_bytes == 0; }));
}

// Time that the handler takes is not the client's.
TEST(ServerLimits, APendingRequestHasNoDeadlineOfTheServers) {
  std::vector<Responder> held;
  std::mutex mutex;
  Handlers handlers;
  handlers.on_request = [&](const Request&, Responder responder) {
    const std::lock_guard lock(mutex);
    held.push_back(std::move(responder));
  };
  TestServer server(handlers,
                    {.request_read_time_max = 20ms, .idle_time_max = 20ms, .write_time_max = 20ms});
  RawClient client(server.port());
  client.Write(Get("/"));
  RawClient idle(server.port());  // is closed after the same 20 ms, and the pending one is not
  EXPECT_TRUE(idle.AtEnd());
  RawClient idle_again(server.port());
  EXPECT_TRUE(idle_again.AtEnd());
  {
    const std::lock_guard lock(mutex);
    ASSERT_EQ(held.size(), 1U);
    held[0].Send({.body = "late"});
  }
  EXPECT_EQ(client.Read().body, "late");
}

// --- connections ---

TEST(ServerLimits, OneConnectionTooManyIsTold503) {
  TestServer server(Echo(), {.connections_max = 2});
  RawClient first(server.port());
  RawClient second(server.port());
  EXPECT_EQ(first.Ask(Get("/")).status, 200);
  EXPECT_EQ(second.Ask(Get("/")).status, 200);
  for (int i = 0; i < 200; ++i) {  // more than may linger
    RawClient third(server.port());
    const RawAnswer refused = third.Read();
    EXPECT_EQ(refused.status, 503);
    EXPECT_NE(refused.head.find("Connection: close\r\n"), std::string::npos);
    EXPECT_NE(refused.head.find("Retry-After: 1\r\n"), std::string::npos);
    EXPECT_TRUE(third.AtEnd());
  }
  EXPECT_EQ(server.stats().connections_refused, 200);
  EXPECT_EQ(first.Ask(Get("/")).status, 200);
  second.Close();
  EXPECT_TRUE(Eventually([&] { return server.stats().connections_open == 1; }));
  EXPECT_EQ(RawClient(server.port()).Ask(Get("/")).status, 200);
}

size_t RaiseDescriptorLimit() {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
  ::getrlimit(RLIMIT_NOFILE, &limit);
  return limit.rlim_cur;
}

std::vector<std::unique_ptr<RawClient>> Connect(size_t count, uint16_t port) {
  std::vector<std::unique_ptr<RawClient>> clients;
  for (size_t i = 0; i < count; ++i) {
    clients.push_back(std::make_unique<RawClient>(port));
    if (!clients.back()->connected()) {
      ADD_FAILURE() << "connection " << i << ": " << std::strerror(errno);
      break;
    }
  }
  return clients;
}

TEST(ServerLimits, SurvivesTenThousandConnectionsWith512Allowed) {
  const size_t count = std::min<size_t>(10'000, RaiseDescriptorLimit() - 1000);
  TestServer server(Echo());
  const auto clients = Connect(count, server.port());
  const auto expected = static_cast<int64_t>(clients.size());
  EXPECT_TRUE(Eventually([&] {
    return server.stats().connections_total + server.stats().connections_refused == expected;
  }));
  EXPECT_EQ(server.stats().connections_open, 512);
  EXPECT_EQ(clients.front()->Ask(Get("/")).status, 200);
  EXPECT_EQ(clients.back()->Read().status, 503);
}

TEST(ServerLimits, ServesTenThousandConnections) {
  // Both ends are in this process.
  const size_t count = std::min<size_t>(10'000, (RaiseDescriptorLimit() - 200) / 2);
  TestServer server(Echo(), {.connections_max = 10'000});
  const auto clients = Connect(count, server.port());
  for (const auto& client : clients) client->Write(Get("/all"));
  for (const auto& client : clients) ASSERT_EQ(client->Read().body, "GET /all? ");
  EXPECT_EQ(server.stats().connections_open, static_cast<int64_t>(clients.size()));
  EXPECT_EQ(server.stats().connections_refused, 0);
}

// The machine's own limit: who comes then is closed, nobody hangs, and afterwards all is as before.
TEST(ServerLimits, RunningOutOfDescriptorsTurnsClientsAway) {
  TestServer server(Echo());
  RawClient before(server.port());
  EXPECT_EQ(before.Ask(Get("/")).status, 200);
  std::vector<UniqueFd> sockets;
  for (int i = 0; i < 30; ++i) sockets.emplace_back(::socket(AF_INET, SOCK_STREAM, 0));
  rlimit usual{};
  ::getrlimit(RLIMIT_NOFILE, &usual);
  rlimit tight = usual;
  tight.rlim_cur = static_cast<rlim_t>(sockets.back().get()) + 5;
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &tight), 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(server.port());
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  for (const UniqueFd& socket : sockets) {
    EXPECT_EQ(::connect(socket.get(), static_cast<sockaddr*>(static_cast<void*>(&address)),
                        sizeof address),
              0);
  }
  EXPECT_TRUE(Eventually(
      [&] { return server.stats().connections_total + server.stats().connections_refused == 31; }));
  EXPECT_GT(server.stats().connections_refused, 20);
  EXPECT_EQ(before.Ask(Get("/")).status, 200);
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &usual), 0);
  RawClient after(server.port());
  EXPECT_EQ(after.Ask(Get("/")).status, 200);
}

// What could fool a proxy is refused and the connection closed: nothing behind it is read as a
// request.
TEST(ServerLimits, NothingBehindARefusedRequestIsUnderstood) {
  TestServer server(Echo());
  for (const std::string& wire : {
           std::string("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\nTransfer-Encoding: "
                       "chunked\r\n\r\n"),
           std::string(
               "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n"),
           std::string("GET / HTTP/1.1\nHost: a\n\n"),
           std::string("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n"),
       }) {
    RawClient client(server.port());
    EXPECT_EQ(client.Ask(wire + Get("/smuggled")).status, 400) << wire;
    EXPECT_TRUE(client.AtEnd());
  }
  EXPECT_EQ(server.stats().malformed, 4);
  EXPECT_EQ(server.stats().requests_open, 0);
}

}  // namespace
}  // namespace hearth::http::testing
