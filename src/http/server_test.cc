#include "http/server.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <mutex>
#include <vector>

#include "http/test_support.h"

namespace hearth::http::testing {
namespace {

// Keeps what it is asked until the test answers.
class Holder {
 public:
  Handlers handlers() {
    Handlers handlers;
    handlers.on_request = [this](Request request, Responder responder) {
      if (request.path == "/now") {
        responder.Send({.body = "now"});
        return;
      }
      const std::lock_guard lock(mutex_);
      held_.emplace_back(std::move(request), std::move(responder));
    };
    return handlers;
  }
  size_t count() {
    const std::lock_guard lock(mutex_);
    return held_.size();
  }
  bool WaitFor(size_t count) {
    return Eventually([&] { return this->count() >= count; });
  }
  // The oldest one.
  Responder Take() {
    const std::lock_guard lock(mutex_);
    Responder responder = std::move(held_.front().second);
    held_.erase(held_.begin());
    return responder;
  }
  bool AnyGone() {
    const std::lock_guard lock(mutex_);
    return std::any_of(held_.begin(), held_.end(), [](const auto& h) { return h.second.gone(); });
  }

 private:
  std::mutex mutex_;
  std::vector<std::pair<Request, Responder>> held_;
};

class TempFolder {
 public:
  TempFolder() {
    std::string name = ::testing::TempDir() + "hearth-http-XXXXXX";
    path_ = ::mkdtemp(name.data());
  }
  ~TempFolder() {
    ::unlink(Path("x.sock").c_str());
    ::rmdir(path_.c_str());
  }
  std::string Path(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

TEST(Server, AnswersAndKeepsTheConnection) {
  TestServer server(Echo());
  RawClient client(server.port());
  for (int i = 0; i < 3; ++i) {
    const RawAnswer answer = client.Ask(Get("/a%20b?c=d"));
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.body, "GET /a b?c=d ");
    EXPECT_NE(answer.head.find("Content-Type: application/json\r\n"), std::string::npos);
    EXPECT_EQ(answer.head.find("Connection:"), std::string::npos);
  }
  EXPECT_EQ(client.Ask(Post("/embed", "hello")).body, "POST /embed? hello");
  EXPECT_EQ(server.stats().connections_total, 1);
  EXPECT_EQ(server.server().address(), fmt::format("http://127.0.0.1:{}", server.port()));
}

TEST(Server, HonoursConnectionClose) {
  TestServer server(Echo());
  RawClient client(server.port());
  const RawAnswer answer = client.Ask(Get("/", "Connection: close\r\n"));
  EXPECT_EQ(answer.status, 200);
  EXPECT_NE(answer.head.find("Connection: close\r\n"), std::string::npos);
  EXPECT_TRUE(client.AtEnd());
}

TEST(Server, AnswersHttp10AndCloses) {
  TestServer server(Echo());
  RawClient client(server.port());
  client.Write("POST /old HTTP/1.0\r\nConnection: keep-alive\r\nContent-Length: 3\r\n\r\nabc");
  const auto answer = client.Read();
  EXPECT_EQ(answer.body, "POST /old? abc");
  EXPECT_TRUE(client.AtEnd());
}

TEST(Server, HeadHasNoBody) {
  TestServer server(Echo());
  RawClient client(server.port());
  client.Write("HEAD /x HTTP/1.1\r\nHost: a\r\n\r\n" + Get("/y"));
  const RawAnswer head = client.Read(/*head_only=*/true);
  EXPECT_EQ(head.status, 200);
  EXPECT_NE(head.head.find("Content-Length: 9\r\n"), std::string::npos) << head.head;
  EXPECT_EQ(client.Read().body, "GET /y? ");
}

TEST(Server, AStatusWithoutBodyHasNone) {
  Handlers handlers;
  handlers.on_request = [](const Request& request, Responder responder) {
    responder.Send({.status = request.path == "/204" ? 204 : 304, .body = "not for the wire"});
  };
  TestServer server(handlers);
  RawClient client(server.port());
  client.Write(Get("/204") + Get("/304"));
  EXPECT_EQ(client.Read(true).status, 204);
  EXPECT_EQ(client.Read(true).status, 304);
}

TEST(Server, AnswersFromAnotherThread) {
  Holder holder;
  TestServer server(holder.handlers());
  RawClient client(server.port());
  client.Write(Get("/later"));
  ASSERT_TRUE(holder.WaitFor(1));
  std::thread([&] { holder.Take().Send({.status = 201, .body = "done"}); }).join();
  const RawAnswer answer = client.Read();
  EXPECT_EQ(answer.status, 201);
  EXPECT_EQ(answer.body, "done");
  EXPECT_EQ(server.stats().requests_open, 0);
}

TEST(Server, AResponderDestroyedUnansweredIs500) {
  Holder holder;
  TestServer server(holder.handlers());
  RawClient client(server.port());
  client.Write(Get("/later"));
  ASSERT_TRUE(holder.WaitFor(1));
  {
    const Responder dropped = holder.Take();
  }
  EXPECT_EQ(client.Read().status, 500);
  client.Write(Get("/later"));
  ASSERT_TRUE(holder.WaitFor(1));
  Responder overwritten = holder.Take();
  client.Write("");
  overwritten = Responder(nullptr);
  EXPECT_EQ(client.Read().status, 500);
}

TEST(Server, AHandlerThatThrowsIs500) {
  Handlers handlers;
  handlers.on_request = [](const Request&, const Responder&) { throw std::bad_alloc(); };
  TestServer server(handlers);
  RawClient client(server.port());
  EXPECT_EQ(client.Ask(Get("/")).status, 500);
  EXPECT_EQ(client.Ask(Get("/")).status, 500) << "the connection lives on";
}

TEST(Server, AResponderOutlivesTheServer) {
  Holder holder;
  {
    TestServer server(holder.handlers());
    RawClient client(server.port());
    client.Write(Get("/later") + Get("/later"));
    ASSERT_TRUE(holder.WaitFor(1));
  }
  Responder responder = holder.Take();
  EXPECT_TRUE(responder.gone());
  responder.Send({.body = "to nobody"});
}

TEST(Server, PipelinedRequestsAreAnsweredInOrder) {
  Holder holder;
  TestServer server(holder.handlers());
  RawClient client(server.port());
  std::string wire = Post("/later", "abc");
  for (int i = 0; i < 100; ++i) wire += Get("/now");
  wire += Post("/later", "def");
  client.Write(wire);
  ASSERT_TRUE(holder.WaitFor(1));
  EXPECT_EQ(holder.count(), 1U) << "one at a time";
  holder.Take().Send({.body = "first"});
  EXPECT_EQ(client.Read().body, "first");
  for (int i = 0; i < 100; ++i) ASSERT_EQ(client.Read().body, "now") << i;
  ASSERT_TRUE(holder.WaitFor(1));
  holder.Take().Send({.body = "last"});
  EXPECT_EQ(client.Read().body, "last");
}

TEST(Server, PipelinedRequestsOfAHalfClosedClientAreAllAnswered) {
  TestServer server(Echo());
  RawClient client(server.port());
  std::string wire;
  for (int i = 0; i < 200; ++i) wire += Post("/p", std::to_string(i));
  client.Write(wire);
  client.HalfClose();
  for (int i = 0; i < 200; ++i) ASSERT_EQ(client.Read().body, "POST /p? " + std::to_string(i));
  EXPECT_TRUE(client.AtEnd());
}

TEST(Server, RequestsCutAnywhereAreUnderstood) {
  TestServer server(Echo());
  RawClient client(server.port());
  const std::string wire =
      "POST /c HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: "
      "chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n";
  for (size_t cut = 1; cut < wire.size(); ++cut) {
    client.Write(wire.substr(0, cut));
    client.Write(wire.substr(cut));
    ASSERT_EQ(client.Read().body, "POST /c? abcde") << cut;
  }
}

TEST(Server, ABigAnswerReachesASlowReader) {
  const std::string big(8 << 20, 'x');
  Handlers handlers;
  handlers.on_request = [&](const Request&, Responder responder) { responder.Send({.body = big}); };
  TestServer server(handlers);
  RawClient client(server.port());
  client.Write(Get("/") + Get("/"));
  EXPECT_TRUE(Eventually([&] { return server.stats().buffered_bytes == 8 << 20; }));
  EXPECT_EQ(client.Read().body, big);
  EXPECT_EQ(client.Read().body, big);
  EXPECT_TRUE(Eventually([&] { return server.stats().buffered_bytes == 0; }));
}

TEST(Server, AnAnswersHeadersCannotSplitIt) {
  Handlers handlers;
  handlers.on_request = [](const Request&, Responder responder) {
    responder.Send(
        {.content_type = "text/plain\r\nX-A: 1",
         .body = "ok",
         .headers = {{"X-Echo", "a\r\nX-B: 2\r\n\r\nHTTP/1.1"}, {"X\r\nY", "z"}, {"", "z"}}});
  };
  TestServer server(handlers);
  RawClient client(server.port());
  const RawAnswer answer = client.Ask(Get("/"));
  EXPECT_EQ(answer.body, "ok");
  EXPECT_EQ(answer.head,
            "HTTP/1.1 200 OK\r\nContent-Type: text/plain  X-A: 1\r\nContent-Length: 2\r\n"
            "X-Echo: a  X-B: 2    HTTP/1.1\r\n\r\n");
}

TEST(Server, TheServersOwnErrorsArePrintedByTheHandler) {
  Handlers handlers = Echo();
  handlers.print_error = [](Code code, int status, std::string_view message) {
    return Response{.body = fmt::format("{}|{}|{}", TraitsOf(code).name, status, message)};
  };
  TestServer server(handlers);
  RawClient client(server.port());
  const RawAnswer answer = client.Ask("GET / HTTP/1.1\r\n\r\n");
  EXPECT_EQ(answer.status, 400);
  EXPECT_EQ(answer.body, "invalid_argument|400|the Host header is missing");
  EXPECT_TRUE(client.AtEnd());
  EXPECT_EQ(server.stats().malformed, 1);
}

// --- clients that go ---

TEST(Server, AHalfClosedClientGetsItsAnswer) {
  Holder holder;
  TestServer server(holder.handlers());
  RawClient client(server.port());
  client.Write(Get("/later"));
  client.HalfClose();
  ASSERT_TRUE(holder.WaitFor(1));
  Responder responder = holder.Take();
  // Past the grace time it is asked with an interim answer whether it is still there.
  EXPECT_EQ(client.Read().status, 100);
  EXPECT_FALSE(responder.gone());
  responder.Send({.body = "here"});
  EXPECT_EQ(client.Read().body, "here");
  EXPECT_TRUE(client.AtEnd());
}

TEST(Server, AResetClientIsGone) {
  Holder holder;
  TestServer server(holder.handlers());
  RawClient client(server.port());
  client.Write(Post("/later", "x"));
  ASSERT_TRUE(holder.WaitFor(1));
  EXPECT_FALSE(holder.AnyGone());
  client.Reset();
  EXPECT_TRUE(Eventually([&] { return holder.AnyGone(); }));
  EXPECT_TRUE(Eventually([&] { return server.stats().connections_open == 0; }));
  EXPECT_EQ(server.stats().requests_open, 1) << "the handler still has it";
  holder.Take().Send({.body = "nobody"});
  EXPECT_TRUE(Eventually([&] { return server.stats().requests_open == 0; }));
  EXPECT_TRUE(Eventually([&] { return server.stats().buffered_bytes == 0; }));
}

TEST(Server, AClientThatResetsWithPipelinedRequestsIsGone) {
  Holder holder;
  TestServer server(holder.handlers());
  RawClient client(server.port());
  client.Write(Get("/later"));
  ASSERT_TRUE(holder.WaitFor(1));
  client.Write(Get("/later"));
  client.Reset();
  EXPECT_TRUE(Eventually([&] { return holder.AnyGone(); }));
}

TEST(Server, AClosedTcpClientIsGone) {
  Holder holder;
  TestServer server(holder.handlers());
  RawClient client(server.port());
  client.Write(Get("/later"));
  ASSERT_TRUE(holder.WaitFor(1));
  client.Close();
  EXPECT_TRUE(Eventually([&] { return holder.AnyGone(); }));
}

TEST(Server, AClosedUnixClientIsGone) {
  const TempFolder folder;
  Holder holder;
  TestServer server(holder.handlers(), {}, {.unix_path = folder.Path("x.sock")});
  RawClient client(folder.Path("x.sock"));
  client.Write(Get("/later"));
  ASSERT_TRUE(holder.WaitFor(1));
  client.Close();
  EXPECT_TRUE(Eventually([&] { return holder.AnyGone(); }));
}

TEST(Server, AHalfClosedUnixClientGetsItsAnswer) {
  const TempFolder folder;
  Holder holder;
  TestServer server(holder.handlers(), {}, {.unix_path = folder.Path("x.sock")});
  RawClient client(folder.Path("x.sock"));
  client.Write(Get("/later"));
  client.HalfClose();
  ASSERT_TRUE(holder.WaitFor(1));
  EXPECT_FALSE(holder.AnyGone());
  holder.Take().Send({.body = "here"});
  EXPECT_EQ(client.Read().body, "here");
}

TEST(Server, AClientThatGoesInTheMiddleOfARequestLeavesNothing) {
  TestServer server(Echo());
  for (const std::string& part : {std::string("GET / HT"), Post("/x", std::string(100'000, 'x'))}) {
    RawClient reset(server.port());
    reset.Write(part.substr(0, part.size() - 1));
    reset.Reset();
    RawClient half(server.port());
    half.Write(part.substr(0, part.size() - 1));
    half.HalfClose();
    EXPECT_EQ(half.Read().status, 400);
  }
  EXPECT_TRUE(Eventually([&] { return server.stats().connections_open == 0; }));
  EXPECT_TRUE(Eventually([&] { return server.stats().buffered_bytes == 0; }));
  EXPECT_EQ(server.stats().requests_open, 0);
}

// --- addresses ---

TEST(Server, APortThatIsTakenIsSaidInWords) {
  TestServer server(Echo());
  const auto second = Server::Open({.port = server.port()}, {}, Echo());
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, Code::kIo);
  EXPECT_NE(second.error().message.find(fmt::format("http://127.0.0.1:{}", server.port())),
            std::string::npos);
  EXPECT_NE(second.error().message.find("choose another port"), std::string::npos);
}

TEST(Server, AHostThatIsNoAddressIsSaidInWords) {
  const auto server = Server::Open({.host = "not..a.host"}, {}, Echo());
  ASSERT_FALSE(server);
  EXPECT_NE(server.error().message.find("not..a.host"), std::string::npos);
  const auto foreign = Server::Open({.host = "192.0.2.1"}, {}, Echo());
  ASSERT_FALSE(foreign);
  EXPECT_EQ(foreign.error().code, Code::kIo);
}

TEST(Server, AUnixSocketServesAndIsRemoved) {
  const TempFolder folder;
  const std::string path = folder.Path("x.sock");
  struct stat info{};
  {
    TestServer server(Echo(), {}, {.unix_path = path});
    EXPECT_EQ(server.server().address(), "unix:" + path);
    RawClient client(path);
    EXPECT_EQ(client.Ask(Get("/u")).body, "GET /u? ");
    const auto second = Server::Open({.unix_path = path}, {}, Echo());
    ASSERT_FALSE(second);
    EXPECT_NE(second.error().message.find("another process listens there"), std::string::npos);
    EXPECT_EQ(::lstat(path.c_str(), &info), 0);
  }
  EXPECT_NE(::lstat(path.c_str(), &info), 0) << "removed on close";
}

TEST(Server, AStaleUnixSocketIsReplacedAndAFileIsNot) {
  const TempFolder folder;
  const std::string path = folder.Path("x.sock");
  {
    const UniqueFd stale(::socket(AF_UNIX, SOCK_STREAM, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path.data(), path.size());
    ASSERT_EQ(
        ::bind(stale.get(), static_cast<sockaddr*>(static_cast<void*>(&address)), sizeof address),
        0);
  }
  {
    TestServer server(Echo(), {}, {.unix_path = path});
    RawClient client(path);
    EXPECT_EQ(client.Ask(Get("/u")).status, 200);
  }
  std::ofstream(path) << "precious";
  const auto server = Server::Open({.unix_path = path}, {}, Echo());
  ASSERT_FALSE(server);
  EXPECT_NE(server.error().message.find("no socket"), std::string::npos);
  const auto too_long = Server::Open({.unix_path = "/" + std::string(200, 'x')}, {}, Echo());
  EXPECT_FALSE(too_long);
}

// --- the end ---

TEST(Server, StopClosesIdleConnectionsAndWaitsForRequests) {
  Holder holder;
  TestServer server(holder.handlers());
  RawClient idle(server.port());
  EXPECT_EQ(idle.Ask(Get("/now")).status, 200);
  RawClient busy(server.port());
  busy.Write(Get("/later"));
  RawClient sending(server.port());
  sending.Write("POST /later HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nab");
  ASSERT_TRUE(holder.WaitFor(1));
  EXPECT_TRUE(Eventually([&] { return server.stats().buffered_bytes == 4; }));
  server.server().Stop(Clock::now() + kPatience);
  EXPECT_TRUE(idle.AtEnd());
  EXPECT_FALSE(RawClient(server.port()).connected());
  sending.Write("cd");
  ASSERT_TRUE(holder.WaitFor(2));
  holder.Take().Send({.body = "one"});
  holder.Take().Send({.body = "two"});
  for (RawClient* client : {&busy, &sending}) {
    const RawAnswer answer = client->Read();
    EXPECT_EQ(answer.status, 200);
    EXPECT_NE(answer.head.find("Connection: close"), std::string::npos);
    EXPECT_TRUE(client->AtEnd());
  }
  server.Join();
}

// Sent before Stop, but not yet read, not even accepted: still answered.
TEST(Server, StopAnswersWhatHasAlreadyCome) {
  std::atomic<bool> inside = false;
  std::atomic<bool> go_on = false;
  Handlers handlers;
  handlers.on_request = [&](const Request& request, Responder responder) {
    if (request.path == "/block") {
      inside = true;
      Eventually([&] { return go_on.load(); });
    }
    responder.Send({.body = "answered"});
  };
  TestServer server(handlers);
  RawClient idle(server.port());
  EXPECT_EQ(idle.Ask(Get("/")).status, 200);
  RawClient blocking(server.port());
  blocking.Write(Get("/block"));
  ASSERT_TRUE(Eventually([&] { return inside.load(); }));
  RawClient queued(server.port());
  queued.Write(Get("/"));
  idle.Write(Get("/"));
  server.server().Stop(Clock::now() + kPatience);
  go_on = true;
  for (RawClient* client : {&blocking, &queued, &idle}) {
    EXPECT_EQ(client->Read().body, "answered");
  }
  server.Join();
}

TEST(Server, StopEndsAtItsDeadline) {
  Holder holder;
  TestServer server(holder.handlers());
  RawClient busy(server.port());
  busy.Write(Get("/later"));
  ASSERT_TRUE(holder.WaitFor(1));
  server.server().Stop(Clock::now() + 1h);
  server.StopAndJoin(Clock::now() + 20ms);  // the sooner deadline counts
  EXPECT_TRUE(busy.AtEnd());
  EXPECT_TRUE(holder.AnyGone());
}

TEST(Server, StopBeforeRunServesNothing) {
  auto server = Server::Open({}, {}, Echo());
  ASSERT_TRUE(server);
  (*server)->Stop(Clock::now());
  (*server)->Run();
  EXPECT_FALSE(RawClient((*server)->port()).connected());
}

TEST(Server, SignalsComeOnTheLoopEachTime) {
  auto server = Server::Open({}, {}, Echo());
  ASSERT_TRUE(server);
  std::vector<int> signals;
  std::thread::id thread;
  (*server)->OnSignal([&](int signal) {
    signals.push_back(signal);
    thread = std::this_thread::get_id();
    if (signals.size() == 1) {
      ::kill(::getpid(), SIGINT);
    } else {
      (*server)->Stop(Clock::now());
    }
  });
  ::kill(::getpid(), SIGTERM);
  (*server)->Run();
  EXPECT_EQ(signals, (std::vector<int>{SIGTERM, SIGINT}));
  EXPECT_EQ(thread, std::this_thread::get_id());
}

}  // namespace
}  // namespace hearth::http::testing
