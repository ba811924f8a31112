#include "serve/protection.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace hearth::serve {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using ::testing::HasSubstr;

constexpr Clock::time_point kNow{seconds(10'000)};
constexpr ProtectionCall kOff{.enabled = false};
ProtectionCall On(int minutes) { return {.enabled = true, .minutes = minutes}; }

ProtectionState ProtectedFor(seconds time) {
  ProtectionState state;
  state.until = kNow + time;
  return state;
}

TEST(NextProtectionCall, NothingWhileNoRequestRunsForLong) {
  EXPECT_EQ(NextProtectionCall({}, std::nullopt, kNow), std::nullopt);
}

TEST(NextProtectionCall, ProtectsUntilTheDeadlineInMinutesRoundedUp) {
  EXPECT_EQ(NextProtectionCall({}, kNow + seconds(1), kNow), On(1));
  EXPECT_EQ(NextProtectionCall({}, kNow + seconds(60), kNow), On(1));
  EXPECT_EQ(NextProtectionCall({}, kNow + seconds(61), kNow), On(2));
  EXPECT_EQ(NextProtectionCall({}, kNow + std::chrono::hours(24), kNow), On(1440));
  EXPECT_EQ(NextProtectionCall({}, kNow + std::chrono::hours(100), kNow), On(2880));
}

TEST(NextProtectionCall, AMinuteForOneThatRunsOverItsDeadline) {
  EXPECT_EQ(NextProtectionCall({}, kNow - seconds(5), kNow), On(1));
}

TEST(NextProtectionCall, NothingWhileTheProtectionReachesFarEnough) {
  EXPECT_EQ(NextProtectionCall(ProtectedFor(seconds(90)), kNow + seconds(90), kNow), std::nullopt);
}

TEST(NextProtectionCall, ProlongsForALaterDeadline) {
  EXPECT_EQ(NextProtectionCall(ProtectedFor(seconds(90)), kNow + seconds(121), kNow), On(3));
}

TEST(NextProtectionCall, UnprotectsWhenTheRequestIsAnswered) {
  EXPECT_EQ(NextProtectionCall(ProtectedFor(seconds(90)), std::nullopt, kNow), kOff);
}

TEST(NextProtectionCall, AnExpiredProtectionNeedsNoCall) {
  EXPECT_EQ(NextProtectionCall(ProtectedFor(seconds(0)), std::nullopt, kNow), std::nullopt);
}

TEST(NextProtectionCall, NothingBeforeTheBackOffIsOver) {
  ProtectionState state;
  state.not_before = kNow + milliseconds(1);
  EXPECT_EQ(NextProtectionCall(state, kNow + seconds(60), kNow), std::nullopt);
  EXPECT_EQ(NextProtectionCall(state, kNow + seconds(60), kNow + milliseconds(1)), On(1));
}

TEST(NextProtectionCall, DoesNotEndAProtectionThatHasJustBegun) {
  const auto state = AfterProtectionCall({}, On(5), {}, kNow, 0);
  EXPECT_EQ(NextProtectionCall(state, std::nullopt, kNow + seconds(9)), std::nullopt);
  EXPECT_EQ(NextProtectionCall(state, std::nullopt, kNow + seconds(10)), kOff);
}

TEST(ProtectionBody, HasNoFieldThatTheAgentDoesNotKnow) {
  EXPECT_EQ(ProtectionBody(On(5)), R"({"ProtectionEnabled":true,"ExpiresInMinutes":5})");
  EXPECT_EQ(ProtectionBody(kOff), R"({"ProtectionEnabled":false})");
}

struct AnswerCase {
  const char* name;
  int status;
  const char* body;
  Code code;
  const char* says;
};

class NotProtected : public ::testing::TestWithParam<AnswerCase> {};

TEST_P(NotProtected, IsAFailureWithItsReason) {
  const AnswerCase& c = GetParam();
  const Status status = ReadProtectionAnswer(On(1), c.status, c.body);
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, c.code);
  EXPECT_THAT(status.error().message, HasSubstr(c.says));
  EXPECT_EQ(status.error().message.find('\n'), std::string::npos);
}

INSTANTIATE_TEST_SUITE_P(
    Answers, NotProtected,
    ::testing::Values(
        AnswerCase{
            "blocked", 200,
            R"({"failure":{"Arn":"arn:x","Reason":"DEPLOYMENT_BLOCKED","Detail":"too many"}})",
            Code::kUnavailable, "DEPLOYMENT_BLOCKED: too many"},
        AnswerCase{"not_valid", 200, R"({"failure":{"Reason":"TASK_NOT_VALID"}})",
                   Code::kUnauthorized, "TASK_NOT_VALID"},
        AnswerCase{"throttled_failure", 200,
                   R"({"failure":{"Reason":"ThrottlingException","Detail":"Rate exceeded"}})",
                   Code::kOverloaded, "Rate exceeded"},
        AnswerCase{"both", 200,
                   R"({"protection":{"ProtectionEnabled":true},"failure":{"Reason":"X"}})",
                   Code::kUnavailable, "X"},
        AnswerCase{"other_way", 200, R"({"protection":{"ProtectionEnabled":false}})",
                   Code::kCorrupt, "ProtectionEnabled: true"},
        AnswerCase{"no_value", 200, R"({"protection":{}})", Code::kCorrupt, "ProtectionEnabled"},
        AnswerCase{"empty", 200, "", Code::kCorrupt, "not JSON"},
        AnswerCase{"html", 200, "<html>", Code::kCorrupt, "not JSON"},
        AnswerCase{"list", 200, "[1]", Code::kCorrupt, "not JSON"},
        AnswerCase{
            "forbidden", 403,
            R"({"requestID":"r","error":{"Code":"AccessDeniedException","Message":"no role"}})",
            Code::kUnauthorized, "AccessDeniedException: no role; its task role needs"},
        AnswerCase{"not_found", 404, R"({"error":{"Code":"ResourceNotFoundException"}})",
                   Code::kUnauthorized, "HTTP 404 ResourceNotFoundException"},
        AnswerCase{"bad_request", 400,
                   R"({"error":{"Code":"InvalidParameterException","Message":"a\nb"}})",
                   Code::kUnauthorized, "a b"},
        AnswerCase{"throttled_400", 400, R"({"error":{"Code":"ThrottlingException"}})",
                   Code::kOverloaded, "throttles"},
        AnswerCase{"too_many", 429, "slow down", Code::kOverloaded, "HTTP 429"},
        AnswerCase{"timed_out", 504,
                   R"({"error":{"Message":"Timed out calling ECS Task Protection API"}})",
                   Code::kUnavailable, "Timed out calling"},
        AnswerCase{"server", 500, "", Code::kUnavailable, "HTTP 500"}),
    [](const auto& param) { return param.param.name; });

TEST(ReadProtectionAnswer, TakesWhatSaysThatItIsSo) {
  EXPECT_TRUE(ReadProtectionAnswer(
      On(5), 200,
      R"({"protection":{"ExpirationDate":"2026-11-25T23:00:00Z","ProtectionEnabled":true,"TaskArn":"t"}})"));
  EXPECT_TRUE(ReadProtectionAnswer(kOff, 200, R"({"protection":{"ProtectionEnabled":false}})"));
}

milliseconds WaitAfter(int failures, Code code) {
  ProtectionState state;
  state.failures = failures - 1;
  const auto next = AfterProtectionCall(state, On(1), Status(Fail(code, "no")), kNow, 0);
  EXPECT_EQ(next.failures, failures);
  return std::chrono::duration_cast<milliseconds>(next.not_before - kNow);
}

TEST(AfterProtectionCall, WaitsLongerEachTimeUpToACap) {
  EXPECT_EQ(WaitAfter(1, Code::kUnavailable), seconds(1));
  EXPECT_EQ(WaitAfter(2, Code::kUnavailable), seconds(2));
  EXPECT_EQ(WaitAfter(50, Code::kUnavailable), seconds(30));
  EXPECT_EQ(WaitAfter(1, Code::kOverloaded), seconds(5));
  EXPECT_EQ(WaitAfter(50, Code::kOverloaded), seconds(60));
  EXPECT_EQ(WaitAfter(1, Code::kUnauthorized), seconds(30));
  EXPECT_EQ(WaitAfter(50, Code::kUnauthorized), seconds(300));
}

TEST(AfterProtectionCall, SuccessForgetsFailures) {
  ProtectionState state;
  state.failures = 7;
  state.not_before = kNow - seconds(1);
  const auto next = AfterProtectionCall(state, On(3), {}, kNow, 0.5);
  EXPECT_EQ(next.failures, 0);
  EXPECT_EQ(next.until, kNow + minutes(3));
  EXPECT_LE(next.not_before, kNow);
}

// A call that timed out may have been carried out: the task must not stay protected by it.
TEST(AfterProtectionCall, WhatMayHaveBeenDoneIsUndone) {
  const auto state =
      AfterProtectionCall({}, On(5), Status(Fail(Code::kDeadlineExceeded, "slow")), kNow, 0);
  EXPECT_EQ(NextProtectionCall(state, std::nullopt, kNow + seconds(30)), kOff);
  EXPECT_EQ(NextProtectionCall(state, kNow + seconds(100), kNow + seconds(30)), On(2));
}

TEST(AfterProtectionCall, WhatWasRefusedNeedsNoUndoing) {
  const auto state =
      AfterProtectionCall({}, On(5), Status(Fail(Code::kUnauthorized, "403")), kNow, 0);
  EXPECT_EQ(NextProtectionCall(state, std::nullopt, kNow + minutes(3)), std::nullopt);
}

// Against an ECS that does what it is asked, or fails, or does it and says nothing: seconds pass,
// one long request at a time comes and goes.
RC_GTEST_PROP(Protection, IsThereWhileARequestRunsForLongAndOnlyThen, ()) {
  const int failures_in_ten = *rc::gen::inRange(0, 6);
  ProtectionState state;
  std::optional<Clock::time_point> really_until, deadline;
  int calls = 0, deadlines = 0;
  Clock::time_point now = kNow;
  for (int second = 0; second < 900; ++second, now += seconds(1)) {
    if (*rc::gen::inRange(0, 60) == 0) {
      deadline = deadline ? std::nullopt : std::optional(now + seconds(*rc::gen::inRange(1, 400)));
      ++deadlines;
    }
    if (const auto call = NextProtectionCall(state, deadline, now)) {
      ++calls;
      const bool fails = *rc::gen::inRange(0, 10) < failures_in_ten;
      const bool done = !fails || *rc::gen::arbitrary<bool>();
      if (done) {
        really_until = call->enabled ? std::optional(now + minutes(call->minutes)) : std::nullopt;
      }
      const Status outcome = fails ? Status(Fail(Code::kUnavailable, "no")) : Status();
      state = AfterProtectionCall(state, *call, outcome, now, 0.5);
    }
    const bool is_protected = really_until && *really_until > now;
    if (state.failures > 0) continue;
    if (deadline) {
      RC_ASSERT(is_protected);
      RC_ASSERT(*really_until >= *deadline);
    } else if (now >= state.no_end_before) {
      RC_ASSERT(!is_protected);
    }
  }
  // On the edges, on expiry, and with back-off: never at each look.
  if (failures_in_ten == 0) RC_ASSERT(calls <= deadlines + 900 / 59 + 1);
  RC_ASSERT(calls < 450);
}

}  // namespace
}  // namespace hearth::serve
