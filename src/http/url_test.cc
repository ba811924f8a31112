#include "http/url.h"

#include <gtest/gtest.h>

namespace hearth::http {
namespace {

TEST(Url, ParsesHttp) {
  const auto url = ParseUrl("http://127.0.0.1:8000/v1/embeddings?x=1");
  ASSERT_TRUE(url) << url.error().message;
  EXPECT_EQ(url->host, "127.0.0.1");
  EXPECT_EQ(url->port, 8000);
  EXPECT_EQ(url->target, "/v1/embeddings?x=1");
  EXPECT_EQ(url->Authority(), "127.0.0.1:8000");
  EXPECT_EQ(url->ToString(), "http://127.0.0.1:8000/v1/embeddings?x=1");
}

TEST(Url, FillsInWhatIsLeftOut) {
  const auto name = ParseUrl("http://localhost");
  ASSERT_TRUE(name);
  EXPECT_EQ(name->port, 80);
  EXPECT_EQ(name->target, "/");
  const auto bare = ParseUrl("localhost:8080");
  ASSERT_TRUE(bare);
  EXPECT_EQ(bare->ToString(), "http://localhost:8080/");
  const auto port = ParseUrl(":8080/ready");
  ASSERT_TRUE(port);
  EXPECT_EQ(port->ToString(), "http://127.0.0.1:8080/ready");
  const auto query = ParseUrl("http://h?q");
  ASSERT_TRUE(query);
  EXPECT_EQ(query->target, "/?q");
}

TEST(Url, KnowsIpv6AndUnixSockets) {
  const auto v6 = ParseUrl("http://[::1]:8000/x");
  ASSERT_TRUE(v6);
  EXPECT_EQ(v6->host, "::1");
  EXPECT_EQ(v6->Authority(), "[::1]:8000");
  const auto local = ParseUrl("unix:/run/x.sock");
  ASSERT_TRUE(local);
  EXPECT_EQ(local->unix_path, "/run/x.sock");
  EXPECT_EQ(local->target, "/");
  EXPECT_EQ(local->ToString(), "unix:/run/x.sock");
  const auto slashes = ParseUrl("unix:///run/x.sock");
  ASSERT_TRUE(slashes);
  EXPECT_EQ(slashes->unix_path, "/run/x.sock");
}

TEST(Url, ParsesHttps) {
  const auto url = ParseUrl("https://hub.example/org/name?x=%2F");
  ASSERT_TRUE(url) << url.error().message;
  EXPECT_TRUE(url->tls);
  EXPECT_EQ(url->host, "hub.example");
  EXPECT_EQ(url->port, 443);
  EXPECT_EQ(url->target, "/org/name?x=%2F");
  EXPECT_EQ(url->ToString(), "https://hub.example/org/name?x=%2F");
  const auto port = ParseUrl("HTTPS://[::1]:8443");
  ASSERT_TRUE(port);
  EXPECT_TRUE(port->tls);
  EXPECT_EQ(port->ToString(), "https://[::1]:8443/");
}

TEST(Url, AuthorityLeavesOutTheSchemesOwnPortOnly) {
  const auto authority = [](std::string_view text) { return ParseUrl(text).value().Authority(); };
  EXPECT_EQ(authority("http://h"), "h");
  EXPECT_EQ(authority("http://h:80"), "h");
  EXPECT_EQ(authority("http://h:443"), "h:443");
  EXPECT_EQ(authority("https://h:443"), "h");
  EXPECT_EQ(authority("https://h:80"), "h:80");
  EXPECT_EQ(authority("https://[::1]"), "[::1]");
  EXPECT_EQ(ParseUrl("https://[::1]").value().HostAndPort(), "[::1]:443");
}

TEST(Url, RefusesTheRestAndSaysWhy) {
  for (const char* text : {"", "http://", "http://host:99999/", "http://host:0", "http://a b/",
                           "unix:", "http://host/\x01", "http://[::1/",
                           "http://127.0.0.1.example.com/", "%20?y", "http://a%2fb/"}) {
    const auto url = ParseUrl(text);
    ASSERT_FALSE(url) << text;
    EXPECT_EQ(url.error().code, Code::kInvalidArgument) << text;
    EXPECT_NE(url.error().message.find("expected http://"), std::string::npos);
  }
  for (const char* text :
       {"ftp://host/", "http://user@host/", "https://user:x@host/", "http://host/#x"}) {
    const auto url = ParseUrl(text);
    ASSERT_FALSE(url) << text;
    EXPECT_EQ(url.error().code, Code::kUnsupported) << text;
  }
}

}  // namespace
}  // namespace hearth::http
