// Which proxy by the environment, as tables; and the client through a fake one.
#include "http/proxy.h"

#include <gtest/gtest.h>

#include <map>

#include "http/client.h"
#include "http/scripted_server.h"
#include "http/test_certificate.h"
#include "http/test_support.h"

namespace hearth::http::testing {
namespace {

Clock::time_point Soon() { return Clock::now() + kPatience; }

Env EnvOf(std::map<std::string, std::string, std::less<>> values) {
  return [values = std::move(values)](std::string_view name) -> std::optional<std::string> {
    const auto at = values.find(name);
    return at == values.end() ? std::nullopt : std::optional(at->second);
  };
}

TEST(Proxy, NoProxyTable) {
  struct Case {
    const char* list;
    const char* url;
    bool excepted;
  };
  for (const Case& one : {
           Case{"", "http://a.example", false},
           Case{"*", "http://a.example", true},
           Case{"example.com", "http://example.com", true},
           Case{"example.com", "https://EXAMPLE.com", true},
           Case{"example.com", "http://a.b.example.com:8080", true},
           Case{"example.com", "http://notexample.com", false},
           Case{"example.com", "http://example.com.evil.org", false},
           Case{".example.com", "http://a.example.com", true},
           Case{".example.com", "http://example.com", true},
           Case{"*.example.com", "http://a.example.com", true},
           Case{"example.com.", "http://example.com", true},
           Case{"example.com:8080", "http://example.com:8080", true},
           Case{"example.com:8080", "http://example.com", false},
           Case{"example.com:443", "https://example.com", true},
           Case{"example.com:0", "http://example.com", false},
           Case{"example.com:x", "http://example.com", false},
           Case{"a.org, b.org\tc.org,,", "http://c.org", true},
           Case{"a.org, b.org\tc.org,,", "http://d.org", false},
           Case{"127.0.0.1", "http://127.0.0.1:8000", true},
           Case{"0.0.1", "http://127.0.0.1:8000", false},
           Case{"127.0.0.1:8000", "http://127.0.0.1:8000", true},
           Case{"127.0.0.1:8001", "http://127.0.0.1:8000", false},
           Case{"localhost", "http://127.0.0.1", false},
           Case{"10.0.0.0/8", "http://10.200.3.4", true},
           Case{"10.0.0.0/8", "http://11.0.0.1", false},
           Case{"10.0.0.0/9", "http://10.128.0.1", false},
           Case{"10.0.0.0/0", "http://11.0.0.1", true},
           Case{"10.0.0.0/33", "http://10.0.0.0", false},
           Case{"10.0.0.0/", "http://10.0.0.0", false},
           Case{"10.0.0.0/-1", "http://10.0.0.0", false},
           Case{"10.0.0.0/8", "http://ten.example", false},
           Case{"169.254.0.0/16,10.0.0.0/8", "http://169.254.170.2/v2", true},
           Case{"::1", "http://[::1]:8000", true},
           Case{"[::1]", "http://[::1]:8000", true},
           Case{"[::1]:8000", "http://[::1]:8000", true},
           Case{"[::1]:8001", "http://[::1]:8000", false},
           Case{"0:0::1", "http://[::1]", true},
           Case{"fd00::/8", "http://[fd12::1]", true},
           Case{"fd00::/8", "http://[fe80::1]", false},
           Case{"fd00::/8", "http://10.0.0.1", false},
           Case{".", "http://a.example", false},
           Case{":", "http://a.example", false},
           Case{"/8", "http://10.0.0.1", false},
       }) {
    EXPECT_EQ(IsExcepted(ParseUrl(one.url).value(), one.list), one.excepted)
        << one.list << " for " << one.url;
  }
}

TEST(Proxy, TheEnvironmentDecides) {
  struct Case {
    std::map<std::string, std::string, std::less<>> env;
    const char* url;
    const char* proxy;  // "" for none
  };
  for (const Case& one : {
           Case{{}, "https://a.example", ""},
           Case{{{"HTTPS_PROXY", "http://p:1"}}, "https://a.example", "http://p:1"},
           Case{{{"HTTPS_PROXY", "p:1"}}, "https://a.example", "http://p:1"},
           Case{{{"HTTPS_PROXY", "http://p:1"}}, "http://a.example", ""},
           Case{
               {{"https_proxy", "p:2"}, {"HTTPS_PROXY", "p:1"}}, "https://a.example", "http://p:2"},
           Case{{{"https_proxy", ""}, {"HTTPS_PROXY", "p:1"}}, "https://a.example", ""},
           Case{{{"http_proxy", "p:3"}}, "http://a.example", "http://p:3"},
           Case{{{"HTTP_PROXY", "p:3"}}, "http://a.example", ""},
           Case{{{"ALL_PROXY", "p:4"}}, "http://a.example", "http://p:4"},
           Case{{{"all_proxy", "p:5"}, {"https_proxy", "p:2"}}, "https://a.example", "http://p:2"},
           Case{{{"https_proxy", "p:2"}, {"NO_PROXY", "example"}}, "https://a.example", ""},
           Case{{{"https_proxy", "p:2"}, {"no_proxy", "x.org"}, {"NO_PROXY", "*"}},
                "https://a.example",
                "http://p:2"},
           Case{{{"ALL_PROXY", "p:4"}}, "unix:/run/x.sock", ""},
       }) {
    const auto proxy = ProxyFor(ParseUrl(one.url).value(), EnvOf(one.env));
    ASSERT_TRUE(proxy) << proxy.error().message;
    EXPECT_EQ(*proxy ? (*proxy)->Origin() : "", one.proxy) << one.url;
  }
}

TEST(Proxy, ReadsAndHidesItsPassword) {
  const auto proxy = ParseProxyUrl("http://me:s%40cret@p.example:3128/");
  ASSERT_TRUE(proxy) << proxy.error().message;
  EXPECT_EQ(proxy->user_info, "me:s@cret");
  EXPECT_EQ(proxy->port, 3128);
  EXPECT_EQ(proxy->ToString().find("cret"), std::string::npos);
  for (const char* text :
       {"https://me:s%40cret@p", "socks5://me:s%40cret@p:1", "http://me:s%40cret@",
        "http://me:s%40cret@p:99999", "http://me:s%40cret@p\x01"}) {
    const auto refused =
        ProxyFor(ParseUrl("https://a.example").value(), EnvOf({{"HTTPS_PROXY", text}}));
    ASSERT_FALSE(refused) << text;
    EXPECT_NE(refused.error().message.find("HTTPS_PROXY"), std::string::npos);
    EXPECT_EQ(refused.error().message.find("cret"), std::string::npos) << refused.error().message;
  }
}

ConnectOptions Through(const ScriptedServer& proxy, const std::string& user = "",
                       const std::string& ca_file = "") {
  return {.proxy = ParseProxyUrl(fmt::format("{}127.0.0.1:{}", user, proxy.port())).value(),
          .ca_file = ca_file};
}

TEST(Proxy, HttpIsAskedWithTheWholeUrl) {
  std::string head;
  ScriptedServer proxy([&](Peer& peer) {
    head = peer.ReadHead();
    peer.Write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
  });
  auto connection = Connection::Open(ParseUrl("http://far.invalid:8080/a?b").value(), Soon(),
                                     Through(proxy, "me:secret@"));
  ASSERT_TRUE(connection) << connection.error().message;
  const auto answer = connection->RoundTrip({}, Soon());
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer->body, "ok");
  EXPECT_TRUE(
      head.starts_with("GET http://far.invalid:8080/a?b HTTP/1.1\r\nHost: far.invalid:8080\r\n"))
      << head;
  EXPECT_NE(head.find("Proxy-Authorization: Basic bWU6c2VjcmV0\r\n"), std::string::npos) << head;
}

TEST(Proxy, HttpsGoesThroughATunnel) {
  const ServerIdentity who = MakeIdentity({.names = "DNS:far.invalid"});
  const TrustFile trust(who.authority_pem);
  std::string connect;
  std::string request;
  ScriptedServer proxy([&](Peer& peer) {
    connect = peer.ReadHead();
    peer.Write("HTTP/1.1 200 Connection established\r\nVia: x\r\n\r\n");
    if (!peer.StartTls(who.context.get())) return;
    request = peer.ReadHead();
    peer.Write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
  });
  auto connection = Connection::Open(ParseUrl("https://far.invalid/a").value(), Soon(),
                                     Through(proxy, "me:secret@", trust.path()));
  ASSERT_TRUE(connection) << connection.error().message;
  const auto answer = connection->RoundTrip({}, Soon());
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer->body, "ok");
  EXPECT_TRUE(connect.starts_with("CONNECT far.invalid:443 HTTP/1.1\r\nHost: far.invalid:443\r\n"))
      << connect;
  EXPECT_NE(connect.find("Proxy-Authorization: Basic bWU6c2VjcmV0\r\n"), std::string::npos);
  EXPECT_TRUE(request.starts_with("GET /a HTTP/1.1\r\nHost: far.invalid\r\n")) << request;
  EXPECT_EQ(request.find("Proxy-"), std::string::npos) << "the server must not see the password";
}

TEST(Proxy, ATunnelThatIsRefusedSaysWhy) {
  struct Case {
    std::string bytes;
    Code code;
    const char* words;
  };
  for (const Case& one :
       {Case{"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 9\r\n\r\n",
             Code::kUnauthorized, "407"},
        Case{"HTTP/1.1 502 Bad Gateway\r\n\r\n", Code::kUnavailable, "502"},
        Case{"HTTP/1.1 403 Forbidden\r\n\r\n", Code::kUnavailable, "403"},
        Case{"220 mail.example ready\r\n\r\n", Code::kCorrupt, "not HTTP"},
        Case{"HTTP/1.1 200", Code::kIo, "closed"}, Case{"", Code::kIo, "closed"},
        Case{"HTTP/1.1 200 OK\r\nX: " + std::string(200'000, 'x'), Code::kTooLarge, "head"}}) {
    ScriptedServer proxy([&](Peer& peer) {
      peer.ReadHead();
      peer.Write(one.bytes);
    });
    const auto connection = Connection::Open(ParseUrl("https://far.invalid/").value(), Soon(),
                                             Through(proxy, "me:secret@"));
    ASSERT_FALSE(connection) << one.bytes.substr(0, 50);
    const Error& error = connection.error();
    EXPECT_EQ(error.code, one.code) << error.message;
    EXPECT_NE(error.message.find(one.words), std::string::npos) << error.message;
    EXPECT_NE(error.message.find(fmt::format("proxy http://127.0.0.1:{}", proxy.port())),
              std::string::npos)
        << error.message;
    EXPECT_EQ(error.message.find("secret"), std::string::npos) << error.message;
  }
}

TEST(Proxy, ATunnelThatStaysSilentIsGivenUp) {
  ScriptedServer proxy([](Peer& peer) { peer.Hold(); });
  ConnectOptions options = Through(proxy);
  options.connect_timeout = 50ms;
  const auto connection =
      Connection::Open(ParseUrl("https://far.invalid/").value(), Soon(), options);
  ASSERT_FALSE(connection);
  EXPECT_EQ(connection.error().code, Code::kDeadlineExceeded);
}

}  // namespace
}  // namespace hearth::http::testing
