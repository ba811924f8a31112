// What follows when an attempt at a replica has failed. Pure; the rules are in README.md.
#pragma once

#include <string_view>

#include "pool/ejection.h"

namespace hearth::gateway {

enum class Failure {
  kRefused,       // no connection
  kConnectTime,   // none in time
  kNothingTaken,  // a kept connection was closed, and says that it has taken no byte
  kGone,          // the replica was taken out of the pool
  kClosed,        // closed or reset by the replica
  kGarbled,       // what came is not HTTP
  kTimedOut,      // past first_byte_timeout
};

std::string_view ToString(Failure failure);  // "refused", …: words of the history and the log
// For people, with what to think of it: "the replica closed the connection without an answer".
std::string_view Describe(Failure failure);
pool::Sign SignOf(Failure failure);

struct FailedAttempt {
  Failure failure = Failure::kRefused;
  bool sent = false;          // its first byte was handed to the socket
  int sends = 0;              // attempts that were sent, this one included
  bool may_repeat = false;    // by method or path
  bool body_kept = false;     // all of the request that has come is still in the buffer
  bool answer_begun = false;  // something of the answer has been handed on
};

enum class Next {
  kMove,    // to another replica; costs nothing
  kRepeat,  // when the retry budget has room
  kFail,    // 502, or 504 after a time-out
};

inline constexpr int kSendsMax = 3;

Next AfterFailure(const FailedAttempt& attempt);

}  // namespace hearth::gateway
