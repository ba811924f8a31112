#include "gateway/retry_rule.h"

#include <gtest/gtest.h>

namespace hearth::gateway {
namespace {

struct Row {
  const char* what;
  FailedAttempt attempt;
  Next next;
};

TEST(RetryRule, Table) {
  const Row rows[] = {
      {"refused", {.failure = Failure::kRefused, .body_kept = true}, Next::kMove},
      {"no connection in time", {.failure = Failure::kConnectTime, .body_kept = true}, Next::kMove},
      {"a stale connection", {.failure = Failure::kNothingTaken, .body_kept = true}, Next::kMove},
      {"bound to a replica that went", {.failure = Failure::kGone, .body_kept = true}, Next::kMove},
      {"refused, after other attempts were sent",
       {.failure = Failure::kRefused, .sends = 2, .body_kept = true},
       Next::kMove},
      {"refused, and part of the body is no longer there",
       {.failure = Failure::kRefused, .sends = 1, .may_repeat = true},
       Next::kFail},
      {"sent, may not be repeated",
       {.failure = Failure::kClosed, .sent = true, .sends = 1, .body_kept = true},
       Next::kFail},
      {"sent, may be repeated",
       {.failure = Failure::kClosed,
        .sent = true,
        .sends = 1,
        .may_repeat = true,
        .body_kept = true},
       Next::kRepeat},
      {"sent, may be repeated, its body is gone",
       {.failure = Failure::kClosed, .sent = true, .sends = 1, .may_repeat = true},
       Next::kFail},
      {"the second time",
       {.failure = Failure::kGarbled,
        .sent = true,
        .sends = 2,
        .may_repeat = true,
        .body_kept = true},
       Next::kRepeat},
      {"the third time",
       {.failure = Failure::kClosed,
        .sent = true,
        .sends = 3,
        .may_repeat = true,
        .body_kept = true},
       Next::kFail},
      {"something has reached the client",
       {.failure = Failure::kClosed,
        .sent = true,
        .sends = 1,
        .may_repeat = true,
        .body_kept = true,
        .answer_begun = true},
       Next::kFail},
      {"timed out, may not be repeated",
       {.failure = Failure::kTimedOut, .sent = true, .sends = 1, .body_kept = true},
       Next::kFail},
      {"timed out, may be repeated",
       {.failure = Failure::kTimedOut,
        .sent = true,
        .sends = 1,
        .may_repeat = true,
        .body_kept = true},
       Next::kRepeat},
  };
  for (const Row& row : rows) EXPECT_EQ(AfterFailure(row.attempt), row.next) << row.what;
}

TEST(RetryRule, OnlyARefusedConnectionIsARefusal) {
  EXPECT_EQ(SignOf(Failure::kRefused), pool::Sign::kRefused);
  EXPECT_EQ(SignOf(Failure::kConnectTime), pool::Sign::kTimedOut);
  EXPECT_EQ(SignOf(Failure::kTimedOut), pool::Sign::kTimedOut);
  EXPECT_EQ(SignOf(Failure::kClosed), pool::Sign::kBroken);
  EXPECT_EQ(SignOf(Failure::kGarbled), pool::Sign::kBroken);
}

}  // namespace
}  // namespace hearth::gateway
