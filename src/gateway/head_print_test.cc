#include "gateway/head_print.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <utility>
#include <vector>

namespace hearth::gateway {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

using Headers = std::vector<std::pair<std::string, std::string>>;

http::HeaderList List(const Headers& headers) {
  http::HeaderList list;
  for (const auto& [name, value] : headers) list.Add(name, value);
  return list;
}

std::string PrintRequest(const Headers& headers, const Framing& framing = {},
                         std::string_view client = "1.2.3.4", RequestNames* names = nullptr) {
  RandomHex random(1);
  RequestNames own;
  std::string out;
  const http::HeaderList list = List(headers);
  PrintRequestHead({"POST", "/a?b", list, framing, client}, &random, names ? names : &own, &out);
  return out;
}

TEST(RequestHead, BeginsWithHostAndEndsWithAnEmptyLine) {
  const std::string head = PrintRequest({{"Accept", "*/*"}, {"Host", "pool:8000"}}, {.length = 5});
  EXPECT_THAT(head, StartsWith("POST /a?b HTTP/1.1\r\nHost: pool:8000\r\nAccept: */*\r\n"
                               "Content-Length: 5\r\n"));
  EXPECT_THAT(head, EndsWith("\r\n\r\n"));
}

TEST(RequestHead, IsFramedAnew) {
  EXPECT_THAT(PrintRequest({{"Host", "a"}, {"Content-Length", "7"}}, {.length = 7}),
              HasSubstr("Content-Length: 7\r\n"));
  const std::string chunked =
      PrintRequest({{"Host", "a"}, {"Transfer-Encoding", "chunked"}}, {.chunked = true});
  EXPECT_THAT(chunked, HasSubstr("Transfer-Encoding: chunked\r\n"));
  EXPECT_THAT(chunked, Not(HasSubstr("Content-Length")));
  const std::string none = PrintRequest({{"Host", "a"}, {"Content-Length", "0"}});
  EXPECT_THAT(none, Not(HasSubstr("Content-Length")));
}

struct Dropped {
  const char* name;
  const char* value;
};

TEST(RequestHead, LeavesHopByHopHeadersBehind) {
  for (const Dropped& one : std::vector<Dropped>{{"Connection", "keep-alive"},
                                                 {"keep-alive", "timeout=5"},
                                                 {"Proxy-Authorization", "x"},
                                                 {"Proxy-Connection", "x"},
                                                 {"TE", "trailers"},
                                                 {"Trailer", "x"},
                                                 {"Upgrade", "h2c"},
                                                 {"EXPECT", "100-continue"}}) {
    const std::string head = PrintRequest({{"Host", "a"}, {one.name, one.value}});
    EXPECT_THAT(head, Not(HasSubstr(std::string(one.name) + ":"))) << one.name;
  }
  const std::string named = PrintRequest({{"Host", "a"},
                                          {"Connection", "close, X-One ,x-TWO"},
                                          {"X-One", "1"},
                                          {"X-Two", "2"},
                                          {"X-Three", "3"}});
  EXPECT_THAT(named, Not(HasSubstr("X-One")));
  EXPECT_THAT(named, Not(HasSubstr("X-Two")));
  EXPECT_THAT(named, HasSubstr("X-Three: 3\r\n"));
}

TEST(RequestHead, WhatIsSetAnewCannotBeNamedAway) {
  const std::string head = PrintRequest(
      {{"Host", "a"},
       {"Connection", "Host, X-Forwarded-For, X-Request-Id, traceparent, Content-Length"},
       {"X-Request-Id", "mine"}},
      {.length = 3});
  EXPECT_THAT(head, HasSubstr("Host: a\r\n"));
  EXPECT_THAT(head, HasSubstr("X-Forwarded-For: 1.2.3.4\r\n"));
  EXPECT_THAT(head, HasSubstr("X-Request-Id: mine\r\n"));
  EXPECT_THAT(head, HasSubstr("traceparent: 00-"));
  EXPECT_THAT(head, HasSubstr("Content-Length: 3\r\n"));
}

TEST(RequestHead, SaysWhoAsks) {
  const std::string head = PrintRequest({{"Host", "pool"},
                                         {"X-Forwarded-For", "9.9.9.9"},
                                         {"x-forwarded-for", "8.8.8.8"},
                                         {"X-Forwarded-Proto", "https"},
                                         {"X-Forwarded-Host", "evil"}});
  EXPECT_THAT(head, HasSubstr("X-Forwarded-For: 9.9.9.9, 8.8.8.8, 1.2.3.4\r\n"));
  EXPECT_THAT(head, HasSubstr("X-Forwarded-Proto: http\r\n"));
  EXPECT_THAT(head, HasSubstr("X-Forwarded-Host: pool\r\n"));
  EXPECT_THAT(head, Not(HasSubstr("https")));
  EXPECT_THAT(head, Not(HasSubstr("evil")));
  EXPECT_THAT(PrintRequest({{"Host", "a"}}, {}, ""), Not(HasSubstr("X-Forwarded-For")));
}

TEST(RequestHead, PassesATraceOnOrBeginsOne) {
  const std::string good = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  const std::string passed =
      PrintRequest({{"Host", "a"}, {"tracestate", "k=v"}, {"Traceparent", good}});
  EXPECT_THAT(passed, HasSubstr("traceparent: " + good + "\r\n"));
  EXPECT_THAT(passed, HasSubstr("tracestate: k=v\r\n"));
  for (const Headers& headers : std::vector<Headers>{
           {{"Host", "a"}, {"tracestate", "k=v"}},
           {{"Host", "a"}, {"tracestate", "k=v"}, {"traceparent", "00-zz"}},
           {{"Host", "a"}, {"tracestate", "k=v"}, {"traceparent", good}, {"traceparent", good}}}) {
    const std::string begun = PrintRequest(headers);
    EXPECT_THAT(begun, HasSubstr("traceparent: 00-"));
    EXPECT_THAT(begun, Not(HasSubstr(good)));
    EXPECT_THAT(begun, Not(HasSubstr("tracestate")));
  }
}

TEST(RequestHead, PassesARequestIdOnOrMakesOne) {
  RequestNames names;
  PrintRequest({{"Host", "a"}, {"X-Request-ID", "abc"}}, {}, "", &names);
  EXPECT_EQ(names.request_id, "abc");
  for (const std::string& bad : {std::string(129, 'x'), std::string("a b"), std::string()}) {
    const std::string head = PrintRequest({{"Host", "a"}, {"X-Request-Id", bad}}, {}, "", &names);
    EXPECT_EQ(names.request_id.size(), 32U);
    EXPECT_THAT(head, HasSubstr("X-Request-Id: " + names.request_id + "\r\n"));
  }
}

TEST(RequestHead, AnUpgradeIsAskedForByBothHeaders) {
  EXPECT_TRUE(
      AsksForUpgrade(List({{"Connection", "keep-alive, upgrade"}, {"Upgrade", "websocket"}})));
  EXPECT_TRUE(AsksForUpgrade(List({{"upgrade", "h2c, foo"}, {"Connection", "Upgrade"}})));
  EXPECT_FALSE(AsksForUpgrade(List({{"Upgrade", "websocket"}})));
  EXPECT_FALSE(AsksForUpgrade(List({{"Connection", "Upgrade"}})));
  EXPECT_FALSE(AsksForUpgrade(List({{"Connection", "Upgrade"}, {"Upgrade", "h2c"}})));
}

struct AnswerRow {
  const char* what;
  int status;
  std::optional<uint64_t> length;
  bool head_only;
  bool http10;
  bool has_body;
  bool chunked;
  std::optional<uint64_t> says;
  bool until_close;
};

TEST(AnswerFraming, Table) {
  for (const AnswerRow& row : std::vector<AnswerRow>{
           {"length", 200, 5, false, false, true, false, 5, false},
           {"empty", 200, 0, false, false, true, false, 0, false},
           {"no length", 200, {}, false, false, true, true, {}, false},
           {"no length, 1.0", 200, {}, false, true, true, false, {}, true},
           {"length, 1.0", 200, 5, false, true, true, false, 5, false},
           {"HEAD", 200, 5, true, false, false, false, 5, false},
           {"HEAD of something chunked", 200, {}, true, false, false, false, {}, false},
           {"HEAD, 1.0", 200, {}, true, true, false, false, {}, false},
           {"204", 204, {}, false, false, false, false, {}, false},
           {"204 with a length", 204, 0, false, false, false, false, {}, false},
           {"304", 304, 7, false, false, false, false, 7, false},
       }) {
    const AnswerFraming got = FrameAnswer(row.status, row.length, row.head_only, row.http10);
    EXPECT_EQ(got.has_body, row.has_body) << row.what;
    EXPECT_EQ(got.framing.chunked, row.chunked) << row.what;
    EXPECT_EQ(got.framing.length, row.says) << row.what;
    EXPECT_EQ(got.until_close, row.until_close) << row.what;
  }
}

TEST(AnswerHead, IsPrintedAnew) {
  const http::HeaderList list = List({{"Server", "x"},
                                      {"Content-Length", "5"},
                                      {"Connection", "keep-alive, X-Hop"},
                                      {"X-Hop", "1"},
                                      {"Keep-Alive", "timeout=5"},
                                      {"Proxy-Authenticate", "y"},
                                      {"Set-Cookie", "a=b"},
                                      {"Set-Cookie", "c=d"},
                                      {"X-Request-Id", "theirs"}});
  std::string out;
  PrintAnswerHead({404, "Not Here", list, 5}, FrameAnswer(404, 5, false, false), /*close=*/true,
                  "ours", &out);
  EXPECT_EQ(out,
            "HTTP/1.1 404 Not Here\r\nServer: x\r\nSet-Cookie: a=b\r\nSet-Cookie: c=d\r\n"
            "Content-Length: 5\r\nX-Request-Id: ours\r\nConnection: close\r\n\r\n");
}

TEST(ChunkLine, IsTheSizeInHex) {
  rc::check("reads back", [](uint32_t size) {
    std::string line;
    AppendChunkLine(size, &line);
    RC_ASSERT(line.ends_with("\r\n"));
    RC_ASSERT(std::stoul(line, nullptr, 16) == size);
  });
}

}  // namespace
}  // namespace hearth::gateway
