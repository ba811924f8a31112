#include "aws/service_error.h"

#include <array>

#include "aws/iso_time.h"
#include "aws/test_support.h"

namespace hearth::aws {
namespace {

using namespace testing;

TEST(ParseIsoTime, Table) {
  const auto at = [](std::string_view text) -> std::optional<std::time_t> {
    const auto time = ParseIsoTime(text);
    if (!time) return std::nullopt;
    return system_clock::to_time_t(*time);
  };
  EXPECT_EQ(at("2025-11-25T12:00:00Z"), 1'764'072'000);
  EXPECT_EQ(at("2025-11-25T12:00:00"), 1'764'072'000);
  EXPECT_EQ(at("2025-11-25T12:00:00.123456Z"), 1'764'072'000);
  EXPECT_EQ(at("2025-11-25T13:00:00+01:00"), 1'764'072'000);
  EXPECT_EQ(at("2025-11-25T10:30:00-0130"), 1'764'072'000);
  EXPECT_EQ(at("2024-02-29T00:00:00Z"), 1'709'164'800);
  for (const char* text :
       {"", "2025", "2025-11-25", "2025-11-25 12:00:00Z", "2025-02-29T00:00:00Z",
        "2025-13-01T00:00:00Z", "2025-11-25T24:00:00Z", "2025-11-25T12:00Z",
        "2025-11-25T12:00:00.Z", "2025-11-25T12:00:00X", "9999-01-01T00:00:00Z",
        "2025-11-25T12:00:00Z ", "2025-11-25T12:00:00+1:00", "-025-11-25T1:00:00Z"}) {
    EXPECT_EQ(at(text), std::nullopt) << text;
  }
}

TEST(ReadServiceError, EveryForm) {
  const std::vector<std::array<std::string, 4>> table = {
      {"<?xml version=\"1.0\"?><Error><Code>NoSuchKey</Code><Message>m</Message><Key>k</Key>"
       "<RequestId>1</RequestId></Error>",
       "NoSuchKey", "m", "1"},
      {"<ErrorResponse "
       "xmlns=\"x\"><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>m</Message>"
       "</Error><RequestId>2</RequestId></ErrorResponse>",
       "AccessDenied", "m", "2"},
      {"<Response><Errors><Error><Code>A.B</Code><Message>m</Message></Error></Errors>"
       "<RequestID>3</RequestID></Response>",
       "A.B", "m", "3"},
      {R"({"__type":"com.amazon.coral.service#ThrottlingException","message":"m"})",
       "ThrottlingException", "m", ""},
      {R"({"__type":"ClusterNotFoundException","Message":"m"})", "ClusterNotFoundException", "m",
       ""},
      {R"({"code":"X:http://y","message":"m"})", "X", "m", ""},
      {"<html><body>502</body></html>", "", "", ""},
      {"<Response/>", "", "", ""},
      {"[1]", "", "", ""},
      {"{", "", "", ""},
      {"", "", "", ""},
      {R"({"__type":1,"message":[]})", "", "", ""}};
  for (const auto& [body, code, message, id] : table) {
    const ServiceError error = ReadServiceError(body);
    EXPECT_EQ(error.code, code) << body;
    EXPECT_EQ(error.message, message) << body;
    EXPECT_EQ(error.request_id, id) << body;
  }
  http::Answer answer = AnswerOf(400, R"({"message":"m"})");
  answer.headers = {{"x-amzn-ErrorType", "Slow:http://x"}, {"x-amzn-RequestId", "9"}};
  EXPECT_EQ(ReadServiceError(answer).code, "Slow");
  EXPECT_EQ(ReadServiceError(answer).request_id, "9");
  EXPECT_EQ(Printable("a\x1b[1m\n", 3), "a […");
}

}  // namespace
}  // namespace hearth::aws
