#include "aws/retry.h"

#include "aws/test_support.h"
#include "base/backoff.h"

namespace hearth::aws {
namespace {

using namespace testing;

TEST(RetryFor, AsBotocoresStandardMode) {
  const auto rows = Golden("retries.json");
  ASSERT_GT(rows.size(), 100U);
  for (const auto& row : rows) {
    const Retry retry = RetryFor(static_cast<int>(row.at(0).as_int64()), Text(row.at(1)));
    EXPECT_EQ(retry != Retry::kNever, row.at(2).as_bool()) << row;
    EXPECT_EQ(retry == Retry::kThrottled, row.at(3).as_bool()) << row;
  }
  EXPECT_EQ(RetryFor(429, ""), Retry::kThrottled);
  EXPECT_EQ(RetryFor(400, "IDPCommunicationError"), Retry::kTransient);
  EXPECT_EQ(RetryFor(403, "RequestTimeTooSkewed"), Retry::kClockSkew);
}

TEST(IsClockWrong, InCodesAndInWords) {
  EXPECT_TRUE(IsClockWrong(403, "RequestTimeTooSkewed", ""));
  for (const char* code : {"SignatureDoesNotMatch", "InvalidSignatureException"}) {
    EXPECT_TRUE(IsClockWrong(403, code, "Signature expired: 1 is now earlier than 2"));
    EXPECT_TRUE(IsClockWrong(403, code, "Signature not yet current: 1 is still later than 2"));
    EXPECT_FALSE(IsClockWrong(403, code, "The request signature we calculated does not match"));
  }
  EXPECT_FALSE(IsClockWrong(403, "AccessDenied", "Signature expired: 1"));
}

TEST(IsExpired, OfTheCredentials) {
  EXPECT_TRUE(IsExpired("ExpiredToken"));
  EXPECT_TRUE(IsExpired("ExpiredTokenException"));
  EXPECT_FALSE(IsExpired("InvalidClientTokenId"));
}

TEST(Backoff, DoublesUpToItsCap) {
  using std::chrono::milliseconds;
  const BackoffLimits limits{.first = milliseconds(100), .cap = milliseconds(1000)};
  EXPECT_EQ(Backoff(1, 0, limits), milliseconds(0));
  EXPECT_EQ(Backoff(1, 1, limits), milliseconds(100));
  EXPECT_EQ(Backoff(3, 0.5, limits), milliseconds(200));
  EXPECT_EQ(Backoff(5, 1, limits), milliseconds(1000));
  EXPECT_EQ(Backoff(1'000'000, 1, limits), milliseconds(1000));
  EXPECT_EQ(Backoff(-5, 7, limits), milliseconds(100));
}

}  // namespace
}  // namespace hearth::aws
