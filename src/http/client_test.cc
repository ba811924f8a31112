#include "http/client.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "http/load_client.h"
#include "http/test_support.h"

namespace hearth::http::testing {
namespace {

Clock::time_point Soon() { return Clock::now() + kPatience; }

Url UrlOf(uint16_t port) { return ParseUrl(fmt::format("http://127.0.0.1:{}/", port)).value(); }

// A server that says the same bytes to whoever sends a head, and then closes (or holds the
// connection open).
class CannedServer {
 public:
  explicit CannedServer(std::string bytes, bool hold = false)
      : bytes_(std::move(bytes)), hold_(hold) {
    fd_ = UniqueFd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    auto* generic = static_cast<sockaddr*>(static_cast<void*>(&address));
    socklen_t size = sizeof address;
    EXPECT_EQ(::bind(fd_.get(), generic, size), 0);
    EXPECT_EQ(::listen(fd_.get(), 16), 0);
    EXPECT_EQ(::getsockname(fd_.get(), generic, &size), 0);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { Serve(); });
  }
  ~CannedServer() {
    ::shutdown(fd_.get(), SHUT_RDWR);
    thread_.join();
  }
  uint16_t port() const { return port_; }

 private:
  void Serve() {
    std::vector<UniqueFd> held;
    while (true) {
      UniqueFd client(::accept(fd_.get(), nullptr, nullptr));
      if (!client.valid()) return;
      std::string input;
      char byte = 0;
      while (input.find("\r\n\r\n") == std::string::npos &&
             ::recv(client.get(), &byte, 1, 0) == 1) {
        input.push_back(byte);
      }
      for (const char& one : bytes_) ::send(client.get(), &one, 1, MSG_NOSIGNAL);  // cut everywhere
      if (hold_) held.push_back(std::move(client));
    }
  }

  const std::string bytes_;
  const bool hold_;
  UniqueFd fd_;
  uint16_t port_ = 0;
  std::thread thread_;
};

TEST(Client, FetchesFromOurServer) {
  TestServer server(Echo());
  const auto answer = Fetch(fmt::format("http://127.0.0.1:{}/a?b", server.port()),
                            {.method = "POST", .body = "hello"}, Soon());
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer->status, 200);
  EXPECT_EQ(answer->body, "POST /a?b hello");
  EXPECT_EQ(answer->Header("content-type"), "application/json");
  EXPECT_LE(answer->sent, answer->first_byte);
  EXPECT_LE(answer->first_byte, answer->done);
}

TEST(Client, KeepsItsConnectionAndOpensItAgain) {
  TestServer server(Echo());
  auto connection = Connection::Open(UrlOf(server.port()), Soon());
  ASSERT_TRUE(connection);
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(connection->RoundTrip({.target = "/x"}, Soon()));
  }
  const auto head = connection->RoundTrip({.method = "HEAD"}, Soon());
  ASSERT_TRUE(head);
  EXPECT_EQ(head->body, "");
  EXPECT_EQ(server.stats().connections_total, 1);
  const auto last = connection->RoundTrip({.headers = {{"Connection", "close"}}}, Soon());
  ASSERT_TRUE(last);
  EXPECT_FALSE(last->keep_alive);
  ASSERT_TRUE(connection->RoundTrip({}, Soon()));
  EXPECT_EQ(server.stats().connections_total, 2);
}

TEST(Client, NoticesThatTheServerHasClosedMeanwhile) {
  TestServer server(Echo(), {.idle_time_max = 20ms});
  auto connection = Connection::Open(UrlOf(server.port()), Soon());
  ASSERT_TRUE(connection);
  ASSERT_TRUE(connection->RoundTrip({}, Soon()));
  ASSERT_TRUE(Eventually([&] { return server.stats().connections_open == 0; }));
  EXPECT_TRUE(connection->RoundTrip({}, Soon()));
}

TEST(Client, ReadsARefusalThatComesBeforeTheBodyIsSent) {
  TestServer server(Echo());
  auto connection = Connection::Open(UrlOf(server.port()), Soon());
  ASSERT_TRUE(connection);
  const auto answer =
      connection->RoundTrip({.method = "POST", .body = std::string(3'000'000, 'x')}, Soon());
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer->status, 413);
}

TEST(Client, UnderstandsEveryFraming) {
  struct Case {
    const char* wire;
    const char* body;
  };
  for (const Case& c : {
           Case{"HTTP/1.1 200 OK\r\nTransfer-Encoding: "
                "chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n",
                "abcde"},
           Case{"HTTP/1.1 200 OK\r\n\r\nuntil the end", "until the end"},
           Case{"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
                "ok"},
           Case{"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok", "ok"},
           Case{"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", ""},
       }) {
    const CannedServer server(c.wire);
    const auto answer = Fetch(fmt::format(":{}", server.port()), {}, Soon());
    ASSERT_TRUE(answer) << c.wire << answer.error().message;
    EXPECT_EQ(answer->status, 200);
    EXPECT_EQ(answer->body, c.body);
  }
}

TEST(Client, SaysWhatWentWrong) {
  const auto fetch = [](const std::string& wire, bool hold = false) {
    const CannedServer server(wire, hold);
    const auto deadline = hold ? Clock::now() + 50ms : Soon();
    const auto answer = Fetch(fmt::format(":{}", server.port()), {}, deadline);
    return answer ? Error{Code::kInternal, "an answer"} : answer.error();
  };
  EXPECT_EQ(fetch("").code, Code::kIo);
  EXPECT_EQ(fetch("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshort").code, Code::kIo);
  EXPECT_EQ(fetch("SSH-2.0-x\r\n\r\n").code, Code::kCorrupt);
  EXPECT_EQ(fetch("HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n").code, Code::kTooLarge);
  EXPECT_EQ(fetch("HTTP/1.1 200 OK\r\nX: " + std::string(100'000, 'x')).code, Code::kTooLarge);
  EXPECT_EQ(fetch("HTTP/1.1 200 OK\r\n", /*hold=*/true).code, Code::kDeadlineExceeded);
  const auto nobody = Fetch("http://127.0.0.1:1/", {}, Soon());
  ASSERT_FALSE(nobody);
  EXPECT_EQ(nobody.error().code, Code::kIo);
  EXPECT_NE(nobody.error().message.find("http://127.0.0.1:1:"), std::string::npos);
  EXPECT_FALSE(Fetch("unix:/nowhere/x.sock", {}, Soon()));
}

// --- LoadClient ---

TEST(LoadClient, DrivesManyConnectionsInAClosedLoop) {
  std::atomic<int> requests = 0;
  Handlers handlers;
  handlers.on_request = [&](const Request& request, Responder responder) {
    ++requests;
    responder.Send({.body = request.body});
  };
  TestServer server(handlers);
  const Url url = UrlOf(server.port());
  const std::string wire = Serialize(url, {.method = "POST", .body = std::string(1000, 'x')});
  constexpr int kTotal = 2000;
  int sent = 0;
  int good = 0;
  LoadClient* self = nullptr;
  LoadClient client(url, 16, {}, [&](const LoadClient::Done& done) {
    ASSERT_EQ(done.error, nullptr) << done.error->message;
    EXPECT_EQ(done.status, 200);
    EXPECT_EQ(done.body.size(), 1000U);
    EXPECT_LE(done.sent, done.first_byte);
    EXPECT_LE(done.first_byte, done.done);
    EXPECT_FALSE(done.connected);
    ++good;
    if (sent < kTotal) {
      ++sent;
      self->Send(done.connection, wire, Soon());
    }
  });
  self = &client;
  ASSERT_TRUE(client.ConnectAll(Soon()));
  for (; sent < 16; ++sent) client.Send(sent, wire, Soon());
  const auto deadline = Soon();
  while (client.in_flight() > 0 && Clock::now() < deadline) client.Poll(Soon());
  EXPECT_EQ(good, kTotal);
  EXPECT_EQ(requests, kTotal);
  EXPECT_EQ(server.stats().connections_total, 16);
}

TEST(LoadClient, OpensWhatIsClosedAndSaysSo) {
  TestServer server(Echo());
  const Url url = UrlOf(server.port());
  const std::string close = Serialize(url, {.headers = {{"Connection", "close"}}});
  std::vector<bool> connected;
  LoadClient client(url, 1, {}, [&](const LoadClient::Done& done) {
    EXPECT_EQ(done.status, 200);
    connected.push_back(done.connected);
  });
  for (int i = 0; i < 3; ++i) {
    client.Send(0, close, Soon());
    while (!client.idle(0)) client.Poll(Soon());
  }
  EXPECT_EQ(connected, (std::vector<bool>{true, true, true}));
}

TEST(LoadClient, EveryRequestEndsOnceAlsoWhenItFails) {
  std::vector<Code> codes;
  const auto run = [&](uint16_t port, LoadClient::Options options, Clock::time_point deadline) {
    const Url url = UrlOf(port);
    const std::string wire = Serialize(url, {});
    LoadClient client(url, 2, options, [&](const LoadClient::Done& done) {
      codes.push_back(done.error == nullptr ? Code::kInternal : done.error->code);
    });
    client.Send(0, wire, deadline);
    client.Send(1, wire, deadline);
    while (client.in_flight() > 0) client.Poll(Soon());
    EXPECT_EQ(client.Poll({}), 0);
    const std::vector<Code> both = std::exchange(codes, {});
    EXPECT_EQ(both.size(), 2U);
    EXPECT_EQ(both.front(), both.back());
    return both.front();
  };
  EXPECT_EQ(run(1, {}, Soon()), Code::kIo) << "nobody listens";
  const CannedServer silent("", /*hold=*/true);
  EXPECT_EQ(run(silent.port(), {}, Clock::now() + 20ms), Code::kDeadlineExceeded);
  const CannedServer rude("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabc");
  EXPECT_EQ(run(rude.port(), {}, Soon()), Code::kIo);
  const CannedServer big("HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\nabc");
  EXPECT_EQ(run(big.port(), {.answer_bytes_max = 4999}, Soon()), Code::kTooLarge);
  const CannedServer chunked(
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n");
  EXPECT_EQ(run(chunked.port(), {}, Soon()), Code::kInternal) << "no error";
  const Url url = UrlOf(silent.port());
  const std::string wire = Serialize(url, {});
  LoadClient client(url, 1, {},
                    [&](const LoadClient::Done& done) { codes.push_back(done.error->code); });
  client.Send(0, wire, Soon());
  client.CloseAll();
  EXPECT_EQ(client.Poll(Soon()), 1);
  EXPECT_EQ(codes, std::vector<Code>{Code::kIo});
}

TEST(LoadClient, PollReturnsWhenItsTimeHasCome) {
  TestServer server(Echo());
  LoadClient client(UrlOf(server.port()), 1, {}, [](const LoadClient::Done&) {});
  const auto until = Clock::now() + 5ms;
  EXPECT_EQ(client.Poll(until), 0);
  EXPECT_GE(Clock::now(), until);
}

}  // namespace
}  // namespace hearth::http::testing
