// Connection::Stream, and what ends an answer early: stalls, deadlines, cancels, hostile servers.
#include <gtest/gtest.h>

#include <csignal>
#include <thread>

#include "http/client.h"
#include "http/scripted_server.h"
#include "http/test_support.h"

namespace hearth::http::testing {
namespace {

Clock::time_point Soon() { return Clock::now() + kPatience; }

Url UrlOf(const ScriptedServer& server) {
  return ParseUrl(fmt::format("http://127.0.0.1:{}/x", server.port())).value();
}

// One request, these bytes in pieces of `step`, closed.
ScriptedServer::Script Says(std::string bytes, size_t step = SIZE_MAX, bool hold = false) {
  return [=](Peer& peer) {
    peer.ReadHead();
    for (std::string_view left = bytes; !left.empty();) {
      if (!peer.Write(left.substr(0, step))) return;
      left.remove_prefix(std::min(step, left.size()));
    }
    if (hold) peer.Hold();
  };
}

class Collect : public BodySink {
 public:
  Status OnHead(const AnswerHead& head) override {
    ++heads;
    status = head.status;
    length = head.content_length;
    return refuse_head ? Fail(Code::kTooLarge, "no, thanks") : Status();
  }
  Status OnBody(std::string_view piece) override {
    EXPECT_EQ(heads, 1) << "a body before its head";
    EXPECT_LE(piece.size(), kPieceBytes);
    body.append(piece);
    return body.size() > bytes_max ? Fail(Code::kTooLarge, "enough") : Status();
  }

  bool refuse_head = false;
  size_t bytes_max = SIZE_MAX;
  int heads = 0;
  int status = 0;
  std::optional<uint64_t> length;
  std::string body;
};

Result<AnswerHead> Stream(const ScriptedServer& server, Collect* sink, const Outgoing& request = {},
                          ConnectOptions options = {}) {
  auto connection = Connection::Open(UrlOf(server), Soon(), std::move(options));
  if (!connection) return Forward(connection);
  return connection->Stream(request, Soon(), sink);
}

std::string Chunked(std::string_view body, size_t chunk) {
  std::string out = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (; !body.empty(); body.remove_prefix(std::min(chunk, body.size()))) {
    const std::string_view piece = body.substr(0, chunk);
    out += fmt::format("{:x};note=1\r\n{}\r\n", piece.size(), piece);
  }
  return out + "0\r\nTrailer: x\r\n\r\n";
}

TEST(ClientStream, PassesOnBodiesOfEveryFrame) {
  std::string body;
  for (int i = 0; body.size() < 700'000; ++i) body += std::to_string(i);
  const std::string counted =
      fmt::format("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{}", body.size(), body);
  for (const std::string& bytes :
       {counted, "HTTP/1.1 200 OK\r\n\r\n" + body, Chunked(body, 1000), Chunked(body, 400'000)}) {
    for (const size_t step : {size_t{997}, SIZE_MAX}) {
      ScriptedServer server(Says(bytes, step));
      Collect sink;
      const auto head = Stream(server, &sink);
      ASSERT_TRUE(head) << head.error().message;
      EXPECT_EQ(head->status, 200);
      EXPECT_EQ(head->content_length.has_value(), bytes == counted);
      EXPECT_TRUE(sink.body == body) << sink.body.size();
    }
  }
}

TEST(ClientStream, AnswersWithoutABody) {
  struct Case {
    const char* bytes;
    const char* method;
    int status;
    std::optional<uint64_t> length;
  };
  for (const Case& one : {
           Case{"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "GET", 200, 0},
           Case{"HTTP/1.1 200 OK\r\nContent-Length: 12345678901\r\n\r\n", "HEAD", 200, 12345678901},
           Case{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "HEAD", 200, {}},
           Case{"HTTP/1.1 304 Not Modified\r\nContent-Length: 7\r\n\r\n", "GET", 304, 7},
           Case{"HTTP/1.1 204 No Content\r\n\r\n", "GET", 204, {}},
           Case{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "GET", 200, {}},
       }) {
    for (const size_t step : {size_t{1}, SIZE_MAX}) {
      ScriptedServer server(Says(one.bytes, step, true));
      Collect sink;
      const auto head = Stream(server, &sink, {.method = one.method});
      ASSERT_TRUE(head) << one.bytes << head.error().message;
      EXPECT_EQ(head->status, one.status) << one.bytes;
      EXPECT_EQ(head->content_length, one.length) << one.bytes;
      EXPECT_EQ(sink.body, "") << one.bytes;
      EXPECT_EQ(sink.heads, 1) << one.bytes;
    }
  }
}

TEST(ClientStream, SkipsInterimAnswers) {
  ScriptedServer server(Says(
      "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"
      "HTTP/1.1 206 Partial Content\r\nContent-Length: 2\r\nContent-Range: bytes 0-1/9\r\n\r\nok"));
  Collect sink;
  const auto head = Stream(server, &sink);
  ASSERT_TRUE(head) << head.error().message;
  EXPECT_EQ(head->status, 206);
  EXPECT_EQ(head->Header("content-range"), "bytes 0-1/9");
  EXPECT_EQ(head->Header("link"), "");
  EXPECT_EQ(sink.body, "ok");
}

TEST(ClientStream, ABodyThatEndsEarlyIsAnError) {
  for (const char* bytes :
       {"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello", "HTTP/1.1 200 OK\r\nContent",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", ""}) {
    ScriptedServer server(Says(bytes));
    Collect sink;
    const auto head = Stream(server, &sink);
    ASSERT_FALSE(head) << bytes;
    EXPECT_EQ(head.error().code, Code::kIo);
  }
}

TEST(ClientStream, TheSinkMayStopIt) {
  ScriptedServer server([](Peer& peer) {
    peer.ReadHead();
    peer.Write("HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n12345");
    peer.Hold();
  });
  Collect head_only;
  head_only.refuse_head = true;
  Collect few;
  few.bytes_max = 4;
  for (const auto& [sink, words] :
       {std::pair(&head_only, "no, thanks"), std::pair(&few, "enough")}) {
    const auto head = Stream(server, sink);
    ASSERT_FALSE(head);
    EXPECT_EQ(head.error().code, Code::kTooLarge);
    EXPECT_EQ(head.error().message, words);
  }
}

TEST(ClientStream, AConnectionServesManyAndSurvivesASinkThatStopped) {
  ScriptedServer server([](Peer& peer) {
    while (!peer.ReadHead().empty()) {
      peer.Write("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
    }
  });
  auto connection = Connection::Open(UrlOf(server), Soon());
  ASSERT_TRUE(connection);
  for (const size_t bytes_max : {SIZE_MAX, SIZE_MAX, size_t{1}, SIZE_MAX}) {
    Collect sink;
    sink.bytes_max = bytes_max;
    EXPECT_EQ(connection->Stream({}, Soon(), &sink).has_value(), bytes_max == SIZE_MAX);
    EXPECT_EQ(sink.body, "hello");
  }
  EXPECT_EQ(server.connections(), 2);
}

TEST(ClientStream, RefusesWhatIsHostile) {
  const std::string ok = "HTTP/1.1 200 OK\r\n";
  struct Case {
    std::string bytes;
    Code code;
  };
  for (const Case& one :
       {Case{ok + "X: " + std::string(200'000, 'x') + "\r\n\r\n", Code::kTooLarge},
        Case{ok + "Transfer-Encoding: gzip\r\n\r\nx", Code::kUnsupported},
        Case{ok + "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", Code::kUnsupported},
        Case{ok + "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!", Code::kCorrupt},
        Case{ok + "Content-Length: -1\r\n\r\n", Code::kCorrupt},
        Case{ok + "Content-Length: 99999999999999999999999\r\n\r\n", Code::kCorrupt},
        Case{ok + "Transfer-Encoding: chunked\r\n\r\nzz\r\n", Code::kCorrupt},
        Case{ok + "Transfer-Encoding: chunked\r\n\r\n5;" + std::string(400'000, 'e'),
             Code::kTooLarge},
        Case{"220 mail.example ready\r\n", Code::kCorrupt}}) {
    ScriptedServer server(Says(one.bytes, SIZE_MAX, true));
    Collect sink;
    const auto head = Stream(server, &sink);
    ASSERT_FALSE(head) << one.bytes.substr(0, 80);
    EXPECT_EQ(head.error().code, one.code) << one.bytes.substr(0, 80) << head.error().message;
    EXPECT_EQ(sink.body, "");
  }
}

TEST(ClientStream, StallsAndDeadlinesEndIt) {
  const auto half = Says("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello", SIZE_MAX, true);
  ScriptedServer server(half);
  Collect stalled;
  const auto idle = Stream(server, &stalled, {}, {.idle_timeout = 50ms});
  ASSERT_FALSE(idle);
  EXPECT_EQ(idle.error().code, Code::kDeadlineExceeded);
  EXPECT_NE(idle.error().message.find("stalled"), std::string::npos) << idle.error().message;
  EXPECT_EQ(stalled.body, "hello");

  auto connection = Connection::Open(UrlOf(server), Soon());
  ASSERT_TRUE(connection);
  Collect late;
  const auto over = connection->Stream({}, Clock::now() + 50ms, &late);
  ASSERT_FALSE(over);
  EXPECT_EQ(over.error().code, Code::kDeadlineExceeded);
}

// A server that never stops sending does not keep a client beyond its deadline.
TEST(ClientStream, TheDeadlineHoldsWhileBytesCome) {
  ScriptedServer server([](Peer& peer) {
    peer.ReadHead();
    peer.Write("HTTP/1.1 200 OK\r\n\r\n");
    while (peer.Write(std::string(100'000, 'x'))) {
    }
  });
  class Ignore final : public BodySink {
    Status OnHead(const AnswerHead&) override { return {}; }
    Status OnBody(std::string_view) override { return {}; }
  } ignore;
  auto connection = Connection::Open(UrlOf(server), Soon(), {.idle_timeout = 10s});
  ASSERT_TRUE(connection);
  const auto head = connection->Stream({}, Clock::now() + 100ms, &ignore);
  ASSERT_FALSE(head);
  EXPECT_EQ(head.error().code, Code::kDeadlineExceeded);
}

TEST(ClientStream, AnotherThreadCancelsIt) {
  Cancel cancel;
  std::atomic<bool> asked = false;
  ScriptedServer server([&](Peer& peer) {
    peer.ReadHead();
    asked = true;
    peer.Hold();
  });
  std::thread other([&] {
    EXPECT_TRUE(Eventually([&] { return asked.load(); }));
    cancel.Fire();
  });
  Collect sink;
  const auto head = Stream(server, &sink, {}, {.cancel = &cancel});
  other.join();
  ASSERT_FALSE(head);
  EXPECT_EQ(head.error().code, Code::kCancelled);
  const auto again = Connection::Open(UrlOf(server), Soon(), {.cancel = &cancel});
  ASSERT_FALSE(again) << "it stays cancelled";
  EXPECT_EQ(again.error().code, Code::kCancelled);
}

Cancel* cancel_of_signal = nullptr;

TEST(ClientStream, ASignalHandlerCancelsIt) {
  Cancel cancel;
  cancel_of_signal = &cancel;
  struct sigaction before{};
  struct sigaction action{};
  action.sa_handler = [](int) { cancel_of_signal->Fire(); };
  ASSERT_EQ(::sigaction(SIGUSR1, &action, &before), 0);
  const pthread_t client = ::pthread_self();
  ScriptedServer server([&](Peer& peer) {
    peer.ReadHead();
    ::pthread_kill(client, SIGUSR1);
    peer.Hold();
  });
  Collect sink;
  const auto head = Stream(server, &sink, {}, {.cancel = &cancel});
  ::sigaction(SIGUSR1, &before, nullptr);
  ASSERT_FALSE(head);
  EXPECT_EQ(head.error().code, Code::kCancelled);
}

TEST(ClientStream, ConnectingIsBounded) {
  // A listener whose queue is full answers no one: what a dead host looks like, on loopback.
  const UniqueFd full(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  auto* generic = static_cast<sockaddr*>(static_cast<void*>(&address));
  socklen_t size = sizeof address;
  ASSERT_EQ(::bind(full.get(), generic, size), 0);
  ASSERT_EQ(::listen(full.get(), 0), 0);
  ASSERT_EQ(::getsockname(full.get(), generic, &size), 0);
  const Url url = ParseUrl(fmt::format("http://127.0.0.1:{}/", ntohs(address.sin_port))).value();
  std::vector<Connection> queued;
  Result<Connection> last = Connection::Open(url, Soon(), {.connect_timeout = 200ms});
  while (last && queued.size() < 64) {
    queued.push_back(*std::move(last));
    last = Connection::Open(url, Soon(), {.connect_timeout = 200ms});
  }
  ASSERT_FALSE(last);
  EXPECT_EQ(last.error().code, Code::kDeadlineExceeded);
  EXPECT_NE(last.error().message.find(url.Origin()), std::string::npos) << last.error().message;
}

TEST(ClientStream, ANameThatDoesNotExistIsNamed) {
  const auto connection =
      Connection::Open(ParseUrl("http://no-such-host.invalid/secret?sig=abc").value(), Soon());
  ASSERT_FALSE(connection);
  EXPECT_EQ(connection.error().code, Code::kNotFound);
  EXPECT_NE(connection.error().message.find("no-such-host.invalid"), std::string::npos);
  EXPECT_EQ(connection.error().message.find("abc"), std::string::npos)
      << "a signed URL's query is a secret";
}

}  // namespace
}  // namespace hearth::http::testing
