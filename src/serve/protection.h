// Scale-in protection of an ECS task, decided: a task is protected only while a request has been
// running for long, and until that request's deadline. Everything shorter ends within the drain.
// Pure; protector.h asks the agent.
//
//   PUT ${ECS_AGENT_URI}/task-protection/v1/state
//   {"ProtectionEnabled":true,"ExpiresInMinutes":5}
//
// ECS answers 200 with {"protection":{…}}, and also 200 with {"failure":{…}} when it did not.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "serve/batch_policy.h"

namespace hearth::serve {

struct ProtectionState {
  // Until when ECS protects the task, or may: a call whose answer never came counts. none: it does
  // not.
  std::optional<Clock::time_point> until;
  bool sure = true;              // ECS said so
  int failures = 0;              // in a row
  Clock::time_point not_before;  // the next call
  // Long requests that follow each other closely are no reason to ask twice for each.
  Clock::time_point no_end_before;
};

struct ProtectionCall {
  bool enabled = false;
  int minutes = 0;  // 1 to 2880, when enabled

  bool operator==(const ProtectionCall&) const = default;
};

// What to ask of ECS now; none: nothing. `deadline`: the latest among the requests that have been
// running for long; none: there is no such request. One that is past its deadline and still running
// is protected a minute at a time.
inline constexpr std::chrono::seconds kProtectedLeast{10};
std::optional<ProtectionCall> NextProtectionCall(const ProtectionState& state,
                                                 std::optional<Clock::time_point> deadline,
                                                 Clock::time_point now);

// The body of the call.
std::string ProtectionBody(const ProtectionCall& call);

// Whether the answer says that what was asked is so. Otherwise in one line why not:
//   kOverloaded    throttled
//   kUnauthorized  403, 404, 400: asking again soon changes nothing
//   kUnavailable   the task is kept from it (`failure`: DEPLOYMENT_BLOCKED), 5xx, 504
//   kCorrupt       not an answer of this kind
Status ReadProtectionAnswer(const ProtectionCall& call, int http_status, std::string_view body);

// The state after a call made at `now`. `random` in [0, 1) spreads the waits.
ProtectionState AfterProtectionCall(const ProtectionState& state, const ProtectionCall& call,
                                    const Status& outcome, Clock::time_point now, double random,
                                    std::chrono::milliseconds least = kProtectedLeast);

}  // namespace hearth::serve
