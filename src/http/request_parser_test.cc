#include "http/request_parser.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "http/parse_in_pieces.h"

namespace hearth::http {
namespace {

using Outcome = RequestParser::Outcome;

constexpr std::string_view kPost =
    "POST /embed?x=1 HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nX-Empty:\r\n\r\nhello";
constexpr std::string_view kChunked =
    "POST /embed HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: Chunked\r\n\r\n"
    "5\r\nhello\r\n6;ext=\"a;b\"\r\n world\r\n0\r\nTrailer: x\r\n\r\n";

TEST(RequestParser, ReadsRequestsHoweverTheyAreCut) {
  const std::string wire = std::string(kPost) + std::string(kChunked) +
                           "\r\nGET http://h/x%20y HTTP/1.1\r\nHost: h\r\n\r\n";
  for (size_t step = 1; step <= wire.size(); ++step) {
    const ParsedRequests parsed = ParseInPieces(wire, step);
    ASSERT_FALSE(parsed.failure) << step << ": " << parsed.failure->message;
    ASSERT_EQ(parsed.requests.size(), 3U) << step;
    EXPECT_EQ(parsed.left, 0U);
    EXPECT_EQ(parsed.requests[0].method, "POST");
    EXPECT_EQ(parsed.requests[0].path, "/embed");
    EXPECT_EQ(parsed.requests[0].query, "x=1");
    EXPECT_EQ(parsed.requests[0].body, "hello");
    EXPECT_EQ(parsed.requests[0].Header("content-length"), "5");
    EXPECT_EQ(parsed.requests[1].body, "hello world");
    EXPECT_EQ(parsed.requests[1].Header("trailer"), "") << "trailers are dropped";
    EXPECT_EQ(parsed.requests[2].path, "/x y");
  }
}

struct Bad {
  const char* what;
  std::string wire;
  int status;
};

std::vector<Bad> BadRequests() {
  const std::string get = "GET / HTTP/1.1\r\nHost: a\r\n";
  const std::string post = "POST / HTTP/1.1\r\nHost: a\r\n";
  const std::string chunked = post + "Transfer-Encoding: chunked\r\n\r\n";
  const std::string nul(1, '\0');
  return {
      {"length and encoding", post + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
       400},
      {"encoding and length", post + "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n",
       400},
      {"two lengths", post + "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!", 400},
      {"two equal lengths", post + "Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello", 400},
      {"a list of lengths", post + "Content-Length: 5, 5\r\n\r\nhello", 400},
      {"signed length", post + "Content-Length: +5\r\n\r\nhello", 400},
      {"negative length", post + "Content-Length: -5\r\n\r\nhello", 400},
      {"hex length", post + "Content-Length: 0x5\r\n\r\nhello", 400},
      {"empty length", post + "Content-Length:\r\n\r\n", 400},
      {"length beyond 64 bits", post + "Content-Length: 99999999999999999999\r\n\r\n", 400},
      {"unknown encoding", post + "Transfer-Encoding: gzip\r\n\r\n", 501},
      {"encoding list", post + "Transfer-Encoding: gzip, chunked\r\n\r\n", 501},
      {"chunked twice in a list", post + "Transfer-Encoding: chunked, chunked\r\n\r\n", 501},
      {"encoding twice", post + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n",
       400},
      {"encoding with a tab",
       post + "Transfer-Encoding: \x0b"
              "chunked\r\n\r\n",
       400},
      {"bare LF after the request line", "GET / HTTP/1.1\nHost: a\r\n\r\n", 400},
      {"bare LF after a header", get + "X: y\nZ: 1\r\n\r\n", 400},
      {"bare LF at the end", get + "\n", 400},
      {"bare CR", get + "X: a\rb\r\n\r\n", 400},
      {"fold", get + "X: a\r\n b\r\n\r\n", 400},
      {"fold with a tab", get + "X: a\r\n\tb\r\n\r\n", 400},
      {"space before the first header", "GET / HTTP/1.1\r\n Host: a\r\n\r\n", 400},
      {"space before the colon", get + "X : a\r\n\r\n", 400},
      {"no colon", get + "X\r\n\r\n", 400},
      {"empty name", get + ": a\r\n\r\n", 400},
      {"NUL in a value", get + "X: a" + nul + "b\r\n\r\n", 400},
      {"NUL in a name", get + "X" + nul + ": b\r\n\r\n", 400},
      {"control character in a value", get + "X: a\x01\r\n\r\n", 400},
      {"DEL in a value", get + "X: a\x7f\r\n\r\n", 400},
      {"non-ASCII name", get + "X\xc3\xa9: a\r\n\r\n", 400},
      {"HTTP/1.0 with chunks", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
       400},
      {"HTTP/1.0 with two Hosts", "GET / HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n", 400},
      {"HTTP/2.0", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400},
      {"HTTP/0.9", "GET /\r\n\r\n", 400},
      {"lower-case http", "GET / http/1.1\r\nHost: a\r\n\r\n", 400},
      {"no Host", "GET / HTTP/1.1\r\n\r\n", 400},
      {"two Hosts", get + "Host: b\r\n\r\n", 400},
      {"two spaces", "GET  / HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"tab in the request line", "GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"no method", " / HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"target with a space", "GET /a b HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"%00", "GET /%00 HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"half an escape", "GET /%4 HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"asterisk", "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"CONNECT", "CONNECT a:80 HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"two empty lines first", "\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"TLS", "\x16\x03\x01\x02" + nul + "\x01", 400},
      {"expectation", get + "Expect: a-miracle\r\n\r\n", 417},
      {"chunk size not hex", chunked + "xyz\r\nhello\r\n0\r\n\r\n", 400},
      {"chunk size with 0x", chunked + "0x5\r\nhello\r\n0\r\n\r\n", 400},
      {"chunk size signed", chunked + "+5\r\nhello\r\n0\r\n\r\n", 400},
      {"chunk size with a space first", chunked + " 5\r\nhello\r\n0\r\n\r\n", 400},
      {"chunk size with a space behind", chunked + "5 \r\nhello\r\n0\r\n\r\n", 400},
      {"chunk size beyond 64 bits", chunked + "11111111111111111\r\nhello\r\n0\r\n\r\n", 400},
      {"empty chunk size", chunked + "\r\nhello\r\n0\r\n\r\n", 400},
      {"bare LF after a chunk size", chunked + "5\nhello\r\n0\r\n\r\n", 400},
      {"chunk longer than its size", chunked + "4\r\nhello\r\n0\r\n\r\n", 400},
      {"chunk shorter than its size", chunked + "6\r\nhello\r\n0\r\n\r\n", 400},
      {"chunk ends in LF", chunked + "5\r\nhello\n0\r\n\r\n", 400},
      {"bad extension", chunked + "5;\r\nhello\r\n0\r\n\r\n", 400},
      {"endless extension", chunked + "5;" + std::string(40'000, 'x'), 400},
      {"endless trailers", chunked + "0\r\n" + std::string(40'000, 'x'), 400},
      {"bad trailer", chunked + "0\r\nX : y\r\n\r\n", 400},
  };
}

TEST(RequestParser, RefusesWhatCouldFoolAProxy) {
  for (const Bad& bad : BadRequests()) {
    for (const size_t step : {size_t{1}, size_t{7}, bad.wire.size()}) {
      const ParsedRequests parsed = ParseInPieces(bad.wire, step);
      EXPECT_TRUE(parsed.requests.empty()) << bad.what;
      ASSERT_TRUE(parsed.failure) << bad.what << ", cut at " << step;
      EXPECT_EQ(parsed.failure->status, bad.status) << bad.what << ": " << parsed.failure->message;
      EXPECT_FALSE(parsed.failure->message.empty());
    }
  }
}

TEST(RequestParser, LimitsTheHead) {
  const std::string start = "GET / HTTP/1.1\r\nHost: a\r\n";
  const std::string fits = start + "X: " + std::string(1024 - start.size() - 7, 'x') + "\r\n\r\n";
  ASSERT_EQ(fits.size(), 1024U);
  EXPECT_EQ(ParseInPieces(fits, 100, 1024).requests.size(), 1U);
  EXPECT_EQ(ParseInPieces(fits, 2000, 1024).requests.size(), 1U);
  for (const size_t step : {size_t{1}, size_t{100}, size_t{5000}}) {
    const ParsedRequests parsed = ParseInPieces(fits, step, 1023);
    ASSERT_TRUE(parsed.failure) << step;
    EXPECT_EQ(parsed.failure->status, 431);
  }
  EXPECT_EQ(ParseInPieces(std::string(1'000'000, 'a'), 65536).failure->status, 431);
  std::string many = start;
  for (int i = 0; i < 10'000; ++i) many += "a:b\r\n";
  EXPECT_EQ(ParseInPieces(many + "\r\n", 65536).failure->status, 431);
  std::string few = start;
  for (int i = 0; i < 300; ++i) few += "a:b\r\n";
  EXPECT_EQ(ParseInPieces(few + "\r\n", 65536).failure->status, 431) << "300 headers fit in 16 KiB";
}

TEST(RequestParser, KnowsWhetherTheConnectionGoesOn) {
  const auto keep = [](const std::string& header) {
    RequestParser parser(4096);
    size_t used = 0;
    const std::string wire = "GET / HTTP/1.1\r\nHost: a\r\n" + header + "\r\n";
    EXPECT_EQ(parser.Head(wire, &used), Outcome::kDone) << header;
    return parser.keep_alive();
  };
  EXPECT_TRUE(keep(""));
  EXPECT_TRUE(keep("Connection: keep-alive\r\n"));
  EXPECT_FALSE(keep("Connection: close\r\n"));
  EXPECT_FALSE(keep("connection: foo, CLOSE\r\n"));
}

TEST(RequestParser, KeepsHeadersInAListForAGateway) {
  RequestParser parser(4096, RequestParser::HeaderForm::kList);
  for (int i = 0; i < 2; ++i) {
    size_t used = 0;
    ASSERT_EQ(parser.Head(kPost, &used), Outcome::kDone);
    ASSERT_EQ(parser.header_list().size(), 3U);
    EXPECT_EQ(parser.header_list()[0].name, "Host");
    EXPECT_EQ(parser.header_list()[1].value, "5");
    EXPECT_EQ(parser.header_list()[2].value, "");
    EXPECT_TRUE(parser.request().headers.empty());
    EXPECT_EQ(parser.request().path, "/embed");
    size_t body_used = 0;
    EXPECT_EQ(parser.Body(kPost.substr(used), &body_used), Outcome::kDone);
    EXPECT_EQ(parser.request().body, "hello");
    parser.Reset();
    EXPECT_EQ(parser.request().body, "");
  }
  std::string many = "GET / HTTP/1.1\r\nHost: a\r\n";
  for (int i = 0; i < 300; ++i) many += "a:b\r\n";
  size_t used = 0;
  EXPECT_EQ(parser.Head(many + "\r\n", &used), Outcome::kFailed);
  EXPECT_EQ(parser.failure().status, 431);
}

TEST(RequestParser, KeepsTheTargetAsItWasSent) {
  for (const auto& [sent, kept] :
       std::vector<std::pair<std::string, std::string>>{{"/a%20b?c=%64", "/a%20b?c=%64"},
                                                        {"http://h:1/a?b", "/a?b"},
                                                        {"HTTP://h", "/"},
                                                        {"http://h?x=1", "/?x=1"}}) {
    RequestParser parser(4096);
    size_t used = 0;
    ASSERT_EQ(parser.Head("GET " + sent + " HTTP/1.1\r\nHost: h\r\n\r\n", &used), Outcome::kDone);
    EXPECT_EQ(parser.origin_target(), kept);
  }
}

// Whatever the bytes and however they are cut: no crash, no request out of thin air, and the same
// result.
TEST(RequestParser, IsIndifferentToTheCuts) {
  rc::check("cuts do not matter", [](const std::vector<uint8_t>& picks, uint8_t step) {
    const std::vector<std::string> parts = {"GET / HTTP/1.1\r\n",
                                            "Host: a\r\n",
                                            "\r\n",
                                            "Content-Length: 3\r\n",
                                            "abc",
                                            "\n",
                                            "\r",
                                            " ",
                                            "Transfer-Encoding: chunked\r\n",
                                            "3\r\n",
                                            "0\r\n\r\n",
                                            "X: y\r\n",
                                            "%",
                                            "POST /x HTTP/1.1\r\n"};
    std::string wire;
    for (const uint8_t pick : picks) wire += parts[pick % parts.size()];
    const ParsedRequests whole = ParseInPieces(wire, wire.size() + 1);
    const ParsedRequests cut = ParseInPieces(wire, static_cast<size_t>(step % 9) + 1);
    RC_ASSERT(whole.requests.size() == cut.requests.size());
    // Less than a last chunk is not looked at before more has come: an error may not have been
    // seen.
    const bool unseen = whole.failure && !cut.failure && cut.left < 5;
    RC_ASSERT(unseen || whole.failure.has_value() == cut.failure.has_value());
    for (size_t i = 0; i < whole.requests.size(); ++i) {
      RC_ASSERT(whole.requests[i].body == cut.requests[i].body);
      RC_ASSERT(whole.requests[i].headers == cut.requests[i].headers);
    }
  });
}

}  // namespace
}  // namespace hearth::http
