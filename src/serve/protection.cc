#include "serve/protection.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/parse.hpp>

#include "base/backoff.h"

namespace hearth::serve {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;

constexpr int kMinutesMost = 2880;  // ECS's

constexpr BackoffLimits kAgainSoon{.first = milliseconds(2'000), .cap = milliseconds(60'000)};
constexpr BackoffLimits kThrottled{.first = milliseconds(10'000), .cap = milliseconds(120'000)};
// What a person must put right; never given up, since people do.
constexpr BackoffLimits kRefused{.first = milliseconds(60'000), .cap = milliseconds(600'000)};

BackoffLimits LimitsFor(Code code) {
  if (code == Code::kOverloaded) return kThrottled;
  if (code == Code::kUnauthorized) return kRefused;
  return kAgainSoon;
}

// Whether ECS may have done what was asked though it did not say so.
bool MaybeDone(const Error& error) {
  return error.code != Code::kOverloaded && error.code != Code::kUnauthorized;
}

std::string TextIn(const boost::json::object& in, std::string_view name) {
  const boost::json::value* value = in.if_contains(name);
  const boost::json::string* text = value != nullptr ? value->if_string() : nullptr;
  if (text == nullptr) return "";
  // Ours to print in one line.
  std::string printable;
  for (const char c : std::string_view(*text).substr(0, 200)) {
    printable += static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? ' ' : c;
  }
  return printable;
}

const boost::json::object* ObjectIn(const boost::json::object& in, std::string_view name) {
  const boost::json::value* value = in.if_contains(name);
  return value != nullptr ? value->if_object() : nullptr;
}

Status Throttled(std::string_view said) {
  return Fail(Code::kOverloaded, "ECS throttles task protection: {}", said);
}

Status FromError(int http_status, const boost::json::object* error) {
  const std::string code = error != nullptr ? TextIn(*error, "Code") : "";
  const std::string said =
      fmt::format("HTTP {}{}{}{}{}", http_status, code.empty() ? "" : " ", code,
                  error != nullptr ? ": " : "", error != nullptr ? TextIn(*error, "Message") : "");
  if (http_status == 429 || code.find("Throttl") != std::string::npos) return Throttled(said);
  if (http_status == 403) {
    return Fail(Code::kUnauthorized,
                "cannot protect the task: {}; its task role needs ecs:UpdateTaskProtection and "
                "ecs:GetTaskProtection",
                said);
  }
  if (http_status >= 400 && http_status < 500) {
    return Fail(Code::kUnauthorized, "cannot protect the task: {}", said);
  }
  return Fail(Code::kUnavailable, "cannot protect the task yet: {}", said);
}

Status FromFailure(const boost::json::object& failure) {
  const std::string reason = TextIn(failure, "Reason");
  const std::string said = fmt::format("{}: {}", reason, TextIn(failure, "Detail"));
  if (reason.find("Throttl") != std::string::npos) return Throttled(said);
  if (reason == "TASK_NOT_VALID") {
    return Fail(Code::kUnauthorized, "ECS does not protect this task: {}", said);
  }
  return Fail(Code::kUnavailable, "ECS does not protect the task now: {}", said);
}

}  // namespace

std::optional<ProtectionCall> NextProtectionCall(const ProtectionState& state,
                                                 std::optional<Clock::time_point> deadline,
                                                 Clock::time_point now) {
  if (now < state.not_before) return std::nullopt;
  const bool is_protected = state.until && *state.until > now;
  if (!deadline) {
    if (!is_protected || now < state.no_end_before) return std::nullopt;
    return ProtectionCall{.enabled = false};
  }
  const Clock::time_point wanted = std::max(*deadline, now + std::chrono::seconds(1));
  if (is_protected && state.sure && *state.until >= wanted) return std::nullopt;
  const auto rounded = std::chrono::ceil<minutes>(wanted - now).count();
  return ProtectionCall{.enabled = true,
                        .minutes = static_cast<int>(std::clamp<int64_t>(rounded, 1, kMinutesMost))};
}

std::string ProtectionBody(const ProtectionCall& call) {
  if (!call.enabled) return R"({"ProtectionEnabled":false})";
  return fmt::format(R"({{"ProtectionEnabled":true,"ExpiresInMinutes":{}}})", call.minutes);
}

Status ReadProtectionAnswer(const ProtectionCall& call, int http_status, std::string_view body) {
  boost::system::error_code broken;
  const boost::json::value answer = boost::json::parse(body, broken);
  const boost::json::object* object = broken ? nullptr : answer.if_object();
  if (http_status != 200) {
    return FromError(http_status, object != nullptr ? ObjectIn(*object, "error") : nullptr);
  }
  if (object == nullptr) {
    return Fail(Code::kCorrupt, "the ECS agent's answer on task protection is not JSON");
  }
  if (const auto* failure = ObjectIn(*object, "failure")) return FromFailure(*failure);
  const auto* protection = ObjectIn(*object, "protection");
  const boost::json::value* enabled =
      protection != nullptr ? protection->if_contains("ProtectionEnabled") : nullptr;
  if (enabled == nullptr || !enabled->is_bool() || enabled->get_bool() != call.enabled) {
    return Fail(Code::kCorrupt,
                "the ECS agent's answer on task protection does not say ProtectionEnabled: {}",
                call.enabled);
  }
  return {};
}

ProtectionState AfterProtectionCall(const ProtectionState& state, const ProtectionCall& call,
                                    const Status& outcome, Clock::time_point now, double random,
                                    std::chrono::milliseconds least) {
  ProtectionState next;
  const auto asked_until = now + minutes(call.minutes);
  if (outcome) {
    if (!call.enabled) return next;
    next.until = asked_until;
    next.no_end_before = now + least;
    return next;
  }
  next = state;
  next.failures = state.failures + 1;
  if (MaybeDone(outcome.error())) {
    next.sure = false;
    if (call.enabled) next.until = std::max(state.until.value_or(asked_until), asked_until);
  }
  // Half of the wait for certain: full jitter would now and then ask a throttled API at once.
  const BackoffLimits limits = LimitsFor(outcome.error().code);
  next.not_before =
      now + (Backoff(next.failures, 1, limits) + Backoff(next.failures, random, limits)) / 2;
  return next;
}

}  // namespace hearth::serve
