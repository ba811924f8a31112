// The client over TLS, against servers that are trusted, not trusted, and rude.
#include <gtest/gtest.h>

#include "http/client.h"
#include "http/scripted_server.h"
#include "http/test_certificate.h"
#include "http/test_support.h"

namespace hearth::http::testing {
namespace {

Clock::time_point Soon() { return Clock::now() + kPatience; }

Url UrlOf(const ScriptedServer& server, const std::string& host = "localhost") {
  return ParseUrl(fmt::format("https://{}:{}/x", host, server.port())).value();
}

// After the handshake: one request, these bytes, and a goodbye or none.
ScriptedServer::Script Says(const ServerIdentity& who, std::string bytes, bool goodbye = true) {
  return [who, bytes = std::move(bytes), goodbye](Peer& peer) {
    if (!peer.StartTls(who.context.get())) return;
    peer.ReadHead();
    peer.Write(bytes);
    if (goodbye) peer.Goodbye();
  };
}

const char* const kHello = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";

Result<Answer> Ask(const Url& url, ConnectOptions options) {
  auto connection = Connection::Open(url, Soon(), std::move(options));
  if (!connection) return Forward(connection);
  return connection->RoundTrip({}, Soon());
}

void ExpectRefused(const CertificateWish& wish, bool trusted, std::string_view reason,
                   const std::string& host = "localhost") {
  const ServerIdentity who = MakeIdentity(wish);
  const TrustFile trust(trusted ? who.authority_pem : MakeIdentity().authority_pem);
  ScriptedServer server(Says(who, kHello));
  const auto answer = Ask(UrlOf(server, host), {.ca_file = trust.path()});
  ASSERT_FALSE(answer) << reason;
  EXPECT_EQ(answer.error().code, Code::kIo);
  EXPECT_NE(answer.error().message.find(reason), std::string::npos) << answer.error().message;
  EXPECT_NE(answer.error().message.find(host), std::string::npos) << answer.error().message;
}

TEST(Tls, AsksAServerThatIsTrusted) {
  const ServerIdentity who = MakeIdentity();
  const TrustFile trust(who.authority_pem);
  for (const char* host : {"localhost", "127.0.0.1"}) {
    ScriptedServer server(Says(who, kHello));
    const auto answer = Ask(UrlOf(server, host), {.ca_file = trust.path()});
    ASSERT_TRUE(answer) << answer.error().message;
    EXPECT_EQ(answer->body, "hello");
  }
}

TEST(Tls, TrustsWhatTheEnvironmentNames) {
  const ServerIdentity who = MakeIdentity();
  const TrustFile trust(who.authority_pem);
  ScriptedServer server(Says(who, kHello));
  ::setenv("SSL_CERT_FILE", trust.path().c_str(), 1);
  const auto answer = Ask(UrlOf(server), {});
  ::unsetenv("SSL_CERT_FILE");
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer->status, 200);
}

TEST(Tls, RefusesWhatItCannotTrust) {
  ExpectRefused({}, false, "set SSL_CERT_FILE");
  ExpectRefused({.self_signed = true}, false, "self-signed certificate");
  ExpectRefused({.names = "DNS:other.example"}, true, "hostname mismatch");
  ExpectRefused({.names = "DNS:localhost"}, true, "IP address mismatch", "127.0.0.1");
  ExpectRefused({.valid_from_s = -7200, .valid_to_s = -3600}, true, "has expired");
  ExpectRefused({.valid_from_s = 3600, .valid_to_s = 7200}, true, "not yet valid");
  ExpectRefused({.version_max = TLS1_1_VERSION}, true, "protocol version");
}

TEST(Tls, ASelfSignedCertificateMayBeTrustedByName) {
  const ServerIdentity who = MakeIdentity({.self_signed = true});
  const TrustFile trust(who.authority_pem);
  ScriptedServer server(Says(who, kHello));
  const auto answer = Ask(UrlOf(server), {.ca_file = trust.path()});
  ASSERT_TRUE(answer) << answer.error().message;
}

TEST(Tls, NamesACertificateFileThatIsNone) {
  const TrustFile empty("not a certificate");
  for (const std::string& path : {empty.path(), std::string("/nowhere/ca.pem")}) {
    ScriptedServer server([](Peer& peer) { peer.Hold(); });
    const auto answer = Ask(UrlOf(server), {.ca_file = path});
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code, Code::kIo);
    EXPECT_NE(answer.error().message.find(path), std::string::npos) << answer.error().message;
  }
}

TEST(Tls, SaysSoWhenTheServerSpeaksPlain) {
  ScriptedServer server([](Peer& peer) { peer.Write("HTTP/1.1 400 Bad Request\r\n\r\n"); });
  const auto answer = Ask(UrlOf(server), {});
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, Code::kIo);
  EXPECT_NE(answer.error().message.find("TLS handshake"), std::string::npos)
      << answer.error().message;
}

TEST(Tls, AHandshakeThatNeverEndsIsGivenUp) {
  ScriptedServer server([](Peer& peer) { peer.Hold(); });
  const auto answer = Ask(UrlOf(server), {.connect_timeout = 50ms});
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, Code::kDeadlineExceeded);
}

// TLS 1.3 sends session tickets after the handshake: bytes that mean nothing to a waiting client.
TEST(Tls, KeepsItsConnectionThroughSessionTickets) {
  const ServerIdentity who = MakeIdentity();
  const TrustFile trust(who.authority_pem);
  ScriptedServer server([&](Peer& peer) {
    if (!peer.StartTls(who.context.get())) return;
    while (!peer.ReadHead().empty()) peer.Write(kHello);
  });
  auto connection = Connection::Open(UrlOf(server), Soon(), {.ca_file = trust.path()});
  ASSERT_TRUE(connection) << connection.error().message;
  for (int i = 0; i < 5; ++i) {
    const auto answer = connection->RoundTrip({}, Soon());
    ASSERT_TRUE(answer) << answer.error().message;
    EXPECT_EQ(answer->body, "hello");
  }
  EXPECT_EQ(server.connections(), 1);
}

TEST(Tls, ABodyThatIsCutIsAnError) {
  const ServerIdentity who = MakeIdentity();
  const TrustFile trust(who.authority_pem);
  for (const char* bytes : {"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello",
                            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
                            "HTTP/1.1 200 OK\r\n\r\nhello", "HTTP/1.1 200"}) {
    ScriptedServer server(Says(who, bytes, false));
    const auto answer = Ask(UrlOf(server), {.ca_file = trust.path()});
    ASSERT_FALSE(answer) << bytes;
    EXPECT_EQ(answer.error().code, Code::kIo);
  }
}

TEST(Tls, AGoodbyeEndsABodyWithoutLengthOnly) {
  const ServerIdentity who = MakeIdentity();
  const TrustFile trust(who.authority_pem);
  ScriptedServer open(Says(who, "HTTP/1.1 200 OK\r\n\r\nhello"));
  const auto whole = Ask(UrlOf(open), {.ca_file = trust.path()});
  ASSERT_TRUE(whole) << whole.error().message;
  EXPECT_EQ(whole->body, "hello");
  ScriptedServer counted(Says(who, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello"));
  const auto cut = Ask(UrlOf(counted), {.ca_file = trust.path()});
  ASSERT_FALSE(cut);
  EXPECT_EQ(cut.error().code, Code::kIo);
}

TEST(Tls, CarriesLargeBodiesBothWays) {
  const ServerIdentity who = MakeIdentity();
  const TrustFile trust(who.authority_pem);
  const std::string large(size_t{3} << 20U, 'z');
  const std::string head =
      fmt::format("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", large.size());
  ScriptedServer server([&](Peer& peer) {
    if (!peer.StartTls(who.context.get())) return;
    peer.ReadHead();
    const std::string body = peer.ReadHead();  // it ends like a head
    peer.Write(head);
    peer.Write(body == large + "\r\n\r\n" ? large : std::string(large.size(), '?'));
  });
  auto connection = Connection::Open(UrlOf(server), Soon(), {.ca_file = trust.path()});
  ASSERT_TRUE(connection) << connection.error().message;
  const auto answer = connection->RoundTrip({.method = "PUT", .body = large + "\r\n\r\n"}, Soon());
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_TRUE(answer->body == large);
}

}  // namespace
}  // namespace hearth::http::testing
