#include "gateway/retry_rule.h"

namespace hearth::gateway {

std::string_view ToString(Failure failure) {
  switch (failure) {
    case Failure::kRefused:
      return "refused";
    case Failure::kConnectTime:
      return "connect_timed_out";
    case Failure::kNothingTaken:
      return "nothing_taken";
    case Failure::kGone:
      return "replica_gone";
    case Failure::kClosed:
      return "closed";
    case Failure::kGarbled:
      return "garbled";
    case Failure::kTimedOut:
      return "timed_out";
  }
  return "closed";
}

std::string_view Describe(Failure failure) {
  switch (failure) {
    case Failure::kRefused:
      return "the replica refused the connection";
    case Failure::kConnectTime:
      return "the replica did not take the connection in time";
    case Failure::kNothingTaken:
    case Failure::kClosed:
      return "the replica closed the connection before its answer was whole";
    case Failure::kGone:
      return "the replica ended before its answer was whole";
    case Failure::kGarbled:
      return "the replica's answer is not HTTP/1.1";
    case Failure::kTimedOut:
      return "the replica did not answer in time";
  }
  return "the replica failed";
}

pool::Sign SignOf(Failure failure) {
  switch (failure) {
    case Failure::kRefused:
      return pool::Sign::kRefused;
    case Failure::kConnectTime:
    case Failure::kTimedOut:
      return pool::Sign::kTimedOut;
    default:
      return pool::Sign::kBroken;
  }
}

Next AfterFailure(const FailedAttempt& attempt) {
  if (attempt.answer_begun) return Next::kFail;
  if (!attempt.sent) return attempt.body_kept ? Next::kMove : Next::kFail;
  if (!attempt.may_repeat || !attempt.body_kept || attempt.sends >= kSendsMax) return Next::kFail;
  return Next::kRepeat;
}

}  // namespace hearth::gateway
