// Bodies that are streamed over TLS, and a hundred megabytes with little memory.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <thread>

#include "http/client.h"
#include "http/scripted_server.h"
#include "http/test_certificate.h"
#include "http/test_support.h"

namespace hearth::http::testing {
namespace {

Clock::time_point Soon() { return Clock::now() + kPatience; }

class Count final : public BodySink {
 public:
  Status OnHead(const AnswerHead&) override { return {}; }
  Status OnBody(std::string_view piece) override {
    largest = std::max(largest, piece.size());
    bytes += piece.size();
    return {};
  }
  size_t largest = 0;
  std::atomic<size_t> bytes = 0;
};

// One server for a test, with a certificate that `Ask` trusts.
class TlsStream : public ::testing::Test {
 protected:
  ScriptedServer::Script Secure(ScriptedServer::Script script) const {
    return [this, script = std::move(script)](Peer& peer) {
      if (peer.StartTls(who_.context.get()) && !peer.ReadHead().empty()) script(peer);
    };
  }
  Result<AnswerHead> Ask(const ScriptedServer& server, BodySink* sink, ConnectOptions with = {}) {
    with.ca_file = trust_.path();
    const Url url = ParseUrl(fmt::format("https://localhost:{}/x", server.port())).value();
    auto connection = Connection::Open(url, Soon(), std::move(with));
    if (!connection) return Forward(connection);
    return connection->Stream({}, Soon(), sink);
  }

  const ServerIdentity who_ = MakeIdentity();
  const TrustFile trust_{who_.authority_pem};
};

constexpr std::array kCutBodies = {
    "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
    "HTTP/1.1 200 OK\r\n\r\nhello",
};

TEST_F(TlsStream, ACutIsNeverTakenForTheEnd) {
  for (const char* bytes : kCutBodies) {
    ScriptedServer server(Secure([&](Peer& peer) {
      peer.Write(bytes);
      peer.Cut();
    }));
    Count sink;
    const auto head = Ask(server, &sink);
    ASSERT_FALSE(head) << bytes;
    EXPECT_EQ(head.error().code, Code::kIo) << head.error().message;
  }
}

TEST_F(TlsStream, AStallIsNoticed) {
  ScriptedServer server(Secure([](Peer& peer) {
    peer.Write(kCutBodies[0]);
    peer.Hold();
  }));
  Count sink;
  const auto head = Ask(server, &sink, {.idle_timeout = 50ms});
  ASSERT_FALSE(head);
  EXPECT_EQ(head.error().code, Code::kDeadlineExceeded);
  EXPECT_NE(head.error().message.find("stalled"), std::string::npos) << head.error().message;
  EXPECT_EQ(sink.bytes, 5U);
}

TEST_F(TlsStream, AnotherThreadCancelsIt) {
  ScriptedServer server(Secure([](Peer& peer) {
    peer.Write(kCutBodies[0]);
    peer.Hold();
  }));
  Cancel cancel;
  Count sink;
  std::thread other([&] {
    EXPECT_TRUE(Eventually([&] { return sink.bytes == 5; }));
    cancel.Fire();
  });
  const auto head = Ask(server, &sink, {.cancel = &cancel});
  other.join();
  ASSERT_FALSE(head);
  EXPECT_EQ(head.error().code, Code::kCancelled);
}

TEST_F(TlsStream, AHandshakeCanBeCancelled) {
  Cancel cancel;
  ScriptedServer server([&](Peer& peer) {
    cancel.Fire();  // connected, and no word from this side
    peer.Hold();
  });
  Count sink;
  const auto head = Ask(server, &sink, {.cancel = &cancel});
  ASSERT_FALSE(head);
  EXPECT_EQ(head.error().code, Code::kCancelled) << head.error().message;
}

TEST_F(TlsStream, AHundredMegabytesComeInSmallPieces) {
  constexpr size_t kBytes = 100'000'000;
  const std::string block(1'000'000, 'b');
  const auto send = [&](Peer& peer) {
    peer.Write(fmt::format("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", kBytes));
    for (size_t sent = 0; sent < kBytes && peer.Write(block); sent += block.size()) {
    }
    peer.Hold();
  };
  ScriptedServer server(Secure(send));
  Count sink;
  const auto head = Ask(server, &sink);
  ASSERT_TRUE(head) << head.error().message;
  EXPECT_EQ(sink.bytes, kBytes);
  EXPECT_LE(sink.largest, kPieceBytes);
}

}  // namespace
}  // namespace hearth::http::testing
