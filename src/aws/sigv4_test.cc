#include "aws/sigv4.h"

#include "aws/test_support.h"

namespace hearth::aws {
namespace {

using namespace testing;

TEST(Sign, AsBotocoreDoes) {
  const auto rows = Golden("signatures.json");
  ASSERT_GT(rows.size(), 40U);
  for (const auto& row : rows) {
    const bool s3 = Text(row.at("service")) == "s3";
    http::Url url = http::ParseUrl("https://" + Text(row.at("host"))).value();
    url.target = Text(row.at("target"));
    http::Outgoing request{.method = Text(row.at("method")), .body = Text(row.at("body"))};
    for (const auto& header : row.at("headers").as_array()) {
      request.headers.emplace_back(Text(header.at(0)), Text(header.at(1)));
    }
    const Credentials keys{.access_key_id = "AKIDEXAMPLE",
                           .secret_access_key = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
                           .session_token = Text(row.at("token")),
                           .expiration = {},
                           .source = "test"};
    const SigningOptions options{.region = "eu-west-1",
                                 .service = Text(row.at("service")),
                                 .now = system_clock::from_time_t(1'764'072'000),
                                 .double_encode_path = !s3,
                                 .content_sha256_header = s3,
                                 .unsigned_payload = row.at("unsigned").as_bool()};
    ASSERT_TRUE(Sign(url, &request, keys, options));
    EXPECT_EQ(request.headers.back().second, Text(row.at("authorization"))) << row.at("target");
    // Signing what is signed already changes nothing.
    const auto headers = request.headers;
    ASSERT_TRUE(Sign(url, &request, keys, options));
    EXPECT_EQ(request.headers.back(), headers.back()) << row.at("target");
    EXPECT_EQ(request.headers.size(), headers.size());
  }
}

TEST(Sign, RefusesWhatWouldBreakTheRequest) {
  const http::Url url = http::ParseUrl("https://s3.eu-west-1.amazonaws.com/").value();
  const Credentials good{.access_key_id = "a",
                         .secret_access_key = "secret",
                         .session_token = "",
                         .expiration = {},
                         .source = "test"};
  const SigningOptions options{.region = "eu-west-1", .service = "s3", .now = {}};
  const auto refused = [&](const Credentials& keys, const SigningOptions& how,
                           std::vector<std::pair<std::string, std::string>> headers = {}) {
    http::Outgoing request{.headers = std::move(headers)};
    const Status status = Sign(url, &request, keys, how);
    return !status && status.error().code == Code::kInvalidArgument &&
           status.error().message.find("secret") == std::string::npos;
  };
  Credentials keys = good;
  keys.access_key_id = "";
  EXPECT_TRUE(refused(keys, options));
  keys = good;
  keys.session_token = "a\r\nb";
  EXPECT_TRUE(refused(keys, options));
  EXPECT_TRUE(refused(good, {.region = "", .service = "s3", .now = {}}));
  EXPECT_TRUE(refused(good, {.region = "x", .service = "", .now = {}}));
  EXPECT_TRUE(refused(good, options, {{"X-A", "b\nc"}}));
  EXPECT_FALSE(refused(good, options));
}

TEST(ClockOffset, FromTheServersDate) {
  using std::chrono::seconds;
  const auto now = system_clock::from_time_t(1'764'072'000);  // 2025-11-25 12:00:00
  EXPECT_EQ(ClockOffset("Tue, 25 Nov 2025 12:00:10 GMT", now), seconds(10));
  EXPECT_EQ(ClockOffset("Tue, 25 Nov 2025 11:00:00 GMT", now), seconds(-3600));
  for (const char* text : {"", "now", "2025-11-25T12:00:00Z", "Tue, 25 Nov 2025 12:00:10 CET",
                           "Tue, 25 Nov 2025 12:00:10 GMT and more"}) {
    EXPECT_EQ(ClockOffset(text, now), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace hearth::aws
