#include "http/response_parser.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <string>

#include "http/client.h"

namespace hearth::http {
namespace {

using Outcome = ResponseParser::Outcome;

class Pieces final : public BodySink {
 public:
  Status OnHead(const AnswerHead&) override { return {}; }
  Status OnBody(std::string_view piece) override {
    largest = std::max(largest, piece.size());
    body.append(piece);
    return body.size() > bytes_max ? Fail(Code::kTooLarge, "enough") : Status();
  }

  size_t bytes_max = SIZE_MAX;
  size_t largest = 0;
  std::string body;
};

// Up to four bytes of a chunk wait in the parser for more; together with a full buffer they would
// be more than a piece.
TEST(ResponseParser, APieceIsNeverLargerThanPromised) {
  const std::string body(kPieceBytes + 100, 'b');
  Pieces sink;
  ResponseParser parser({});
  parser.Reset(false, &sink);
  const std::string head =
      fmt::format("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{:x}\r\n", body.size());
  EXPECT_EQ(parser.Feed(head + "b"), Outcome::kNeedMore);
  EXPECT_EQ(parser.Feed("bbb"), Outcome::kNeedMore);
  EXPECT_EQ(parser.Feed(std::string(kPieceBytes, 'b')), Outcome::kNeedMore);
  EXPECT_EQ(parser.Feed(std::string(96, 'b') + "\r\n0\r\n\r\n"), Outcome::kDone);
  EXPECT_TRUE(sink.body == body) << sink.body.size();
  EXPECT_LE(sink.largest, kPieceBytes);
  EXPECT_TRUE(parser.keep_alive());
}

TEST(ResponseParser, NothingReachesASinkThatHasRefused) {
  Pieces sink;
  sink.bytes_max = 10;
  ResponseParser parser({});
  parser.Reset(false, &sink);
  const std::string bytes = "HTTP/1.1 200 OK\r\n\r\n" + std::string(3 * kPieceBytes, 'b');
  EXPECT_EQ(parser.Feed(bytes), Outcome::kFailed);
  EXPECT_EQ(parser.failure().message, "enough");
  EXPECT_LE(sink.body.size(), kPieceBytes);
}

// A second answer that nobody asked for is not taken for the next one's.
TEST(ResponseParser, BytesBehindAnAnswerEndTheConnection) {
  Pieces sink;
  ResponseParser parser({});
  parser.Reset(false, &sink);
  EXPECT_EQ(parser.Feed("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello and more"),
            Outcome::kDone);
  EXPECT_EQ(sink.body, "hello");
  EXPECT_FALSE(parser.keep_alive());
}

class Heads final : public BodySink {
 public:
  Status OnHead(const AnswerHead&) override { return Fail(Code::kInternal, "the wrong one"); }
  Status OnHeadView(const AnswerHeadView& head) override {
    text = fmt::format("{} {}", head.status, head.reason);
    for (size_t i = 0; i < head.headers.size(); ++i) {
      text += fmt::format("|{}={}", head.headers[i].name, head.headers[i].value);
    }
    length = head.content_length;
    return {};
  }
  Status OnBody(std::string_view piece) override {
    text.append("|").append(piece);
    return {};
  }

  std::string text;
  std::optional<uint64_t> length;
};

TEST(ResponseParser, GivesAGatewayTheHeadHoweverItIsCut) {
  const std::string wire =
      "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"
      "HTTP/1.1 404 Not Here\r\nServer: s\r\nX-Long: a b\r\nContent-Length: 1\r\n\r\nz";
  ResponseParser parser({.answer_bytes_max = 0, .header_list = true});
  for (size_t step = 1; step <= wire.size(); ++step) {
    Heads sink;
    parser.Reset(false, &sink);
    auto outcome = Outcome::kNeedMore;
    for (size_t at = 0; at < wire.size(); at += step) outcome = parser.Feed(wire.substr(at, step));
    EXPECT_EQ(outcome, Outcome::kDone) << step;
    EXPECT_EQ(sink.text, "404 Not Here|Server=s|X-Long=a b|Content-Length=1|z") << step;
    EXPECT_EQ(sink.length, 1U);
    EXPECT_TRUE(parser.headers().empty());
  }
}

}  // namespace
}  // namespace hearth::http
