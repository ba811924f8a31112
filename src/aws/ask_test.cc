// NetworkAsk against a server on loopback.
#include "aws/ask.h"

#include <atomic>

#include "aws/test_support.h"
#include "http/test_support.h"

namespace hearth::aws {
namespace {

using namespace testing;
using std::chrono::milliseconds;

// Answers the n-th request (from 1) with what `answer(n)` makes of it.
http::Handlers Answers(std::atomic<int>* asked,
                       std::function<std::pair<int, std::string>(int)> answer) {
  http::Handlers handlers;
  auto held = std::make_shared<std::vector<http::Responder>>();  // one that is dropped says 500
  handlers.on_request = [asked, held, answer = std::move(answer)](const http::Request&,
                                                                  http::Responder responder) {
    const auto [status, body] = answer(++*asked);
    if (status == 0) {  // never answered
      held->push_back(std::move(responder));
      return;
    }
    http::Response response;
    response.status = status;
    response.body = body;
    responder.Send(std::move(response));
  };
  return handlers;
}

http::Url At(uint16_t port) {
  http::Url url;
  url.host = "127.0.0.1";
  url.port = port;
  return url;
}

TEST(NetworkAsk, TriesAgainWhatMayHelp) {
  std::atomic<int> asked = 0;
  http::testing::TestServer server(Answers(&asked, [](int n) {
    return n < 3 ? std::pair(503, std::string()) : std::pair(200, std::string("ok"));
  }));
  const auto answer = NetworkAsk(FakeEnv({}))(At(server.port()), {}, {.tries = 3});
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer->body, "ok");
  EXPECT_EQ(asked, 3);
}

TEST(NetworkAsk, AnswersThatAnotherTryDoesNotChangeComeBack) {
  std::atomic<int> asked = 0;
  http::testing::TestServer server(
      Answers(&asked, [](int) { return std::pair(403, std::string("<Error/>")); }));
  EXPECT_EQ(NetworkAsk(FakeEnv({}))(At(server.port()), {}, {.tries = 3})->status, 403);
  EXPECT_EQ(asked, 1);
}

TEST(NetworkAsk, AnswersAreLimited) {
  std::atomic<int> asked = 0;
  http::testing::TestServer server(Answers(&asked, [](int n) {
    return std::pair(200, std::string(kAskedBytesMax + (n == 1 ? 0 : 1), 'x'));
  }));
  const Ask ask = NetworkAsk(FakeEnv({}));
  EXPECT_TRUE(ask(At(server.port()), {}, {.time = std::chrono::seconds(30)}));
  EXPECT_EQ(ask(At(server.port()), {}, {.time = std::chrono::seconds(30)}).error().code,
            Code::kTooLarge);
}

TEST(NetworkAsk, ALimitOfItsOwnCountsInPlaceOfTheUsualOne) {
  std::atomic<int> asked = 0;
  http::testing::TestServer server(
      Answers(&asked, [](int) { return std::pair(200, std::string(kAskedBytesMax + 1, 'x')); }));
  const auto answer = NetworkAsk(FakeEnv({}))(
      At(server.port()), {},
      {.time = std::chrono::seconds(30), .answer_bytes_max = kAskedBytesMax + 1});
  ASSERT_TRUE(answer) << answer.error().message;
}

TEST(NetworkAsk, SaysWhetherTheRequestWentOut) {
  std::atomic<int> asked = 0;
  http::testing::TestServer server(
      Answers(&asked, [](int) { return std::pair(0, std::string()); }));
  bool sent = false;
  EXPECT_FALSE(NetworkAsk(FakeEnv({}))(At(1), {}, {.sent = &sent}));
  EXPECT_FALSE(sent);
  EXPECT_FALSE(
      NetworkAsk(FakeEnv({}))(At(server.port()), {}, {.time = milliseconds(100), .sent = &sent}));
  EXPECT_TRUE(sent);
}

TEST(NetworkAsk, SilenceEndsInTime) {
  std::atomic<int> asked = 0;
  http::testing::TestServer server(
      Answers(&asked, [](int) { return std::pair(0, std::string()); }));
  const auto answer =
      NetworkAsk(FakeEnv({}))(At(server.port()), {}, {.time = milliseconds(100), .tries = 2});
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, Code::kDeadlineExceeded) << answer.error().message;
  EXPECT_EQ(asked, 2);
}

TEST(NetworkAsk, ProxiesOnlyWhereAskedFor) {
  std::atomic<int> asked = 0;
  http::testing::TestServer proxy(
      Answers(&asked, [](int) { return std::pair(200, std::string("proxied")); }));
  const Ask ask =
      NetworkAsk(FakeEnv({{"http_proxy", fmt::format("http://127.0.0.1:{}", proxy.port())}}));
  const http::Url nobody = At(1);
  EXPECT_FALSE(ask(nobody, {}, {}));
  const auto answer = ask(nobody, {}, {.through_proxy = true});
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer->body, "proxied");
}

TEST(NetworkAsk, CertificatesAreThoseOfTheBundle) {
  std::atomic<int> asked = 0;
  http::testing::TestServer server(
      Answers(&asked, [](int) { return std::pair(200, std::string()); }));
  http::Url url = At(server.port());
  url.tls = true;
  const auto answer = NetworkAsk(FakeEnv({{"AWS_CA_BUNDLE", "/nonexistent/ca.pem"}}))(url, {}, {});
  ASSERT_FALSE(answer);
  EXPECT_NE(answer.error().message.find("/nonexistent/ca.pem"), std::string::npos)
      << answer.error().message;
}

TEST(NetworkAsk, CancelEndsTheWait) {
  std::atomic<int> asked = 0;
  Cancel cancel;
  http::testing::TestServer server(Answers(&asked, [&](int) {
    cancel.Fire();
    return std::pair(0, std::string());
  }));
  const auto answer = NetworkAsk(FakeEnv({}), &cancel)(
      At(server.port()), {}, {.time = std::chrono::seconds(60), .tries = 3});
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, Code::kCancelled) << answer.error().message;
  EXPECT_EQ(asked, 1);
}

}  // namespace
}  // namespace hearth::aws
