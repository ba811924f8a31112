// Which of AWS's refusals are worth another try. Pure; how long to wait is base/backoff.h.
#pragma once

#include <string_view>

namespace hearth::aws {

enum class Retry {
  kNever,
  kTransient,  // again after a short wait
  kThrottled,  // again after a longer one
  kClockSkew,  // again, signed with the server's time (sigv4.h: ClockOffset)
};

// `code` is the error's short name ("SlowDown"), empty when the answer had none.
Retry RetryFor(int http_status, std::string_view code);

// The signature's time is not the server's: kClockSkew, and what services say in words when they
// call it a bad signature.
bool IsClockWrong(int http_status, std::string_view code, std::string_view message);

// The credentials were good and are not any more.
bool IsExpired(std::string_view code);

}  // namespace hearth::aws
