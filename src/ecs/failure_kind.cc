#include "ecs/failure_kind.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "aws/retry.h"

namespace hearth::ecs {

bool IsDenied(const aws::ServiceFailure& failure) {
  return failure.said.code.starts_with("AccessDenied") ||
         failure.said.code == "UnauthorizedOperation";
}

bool IsThrottled(const aws::ServiceFailure& failure) {
  return aws::RetryFor(failure.http_status, failure.said.code) == aws::Retry::kThrottled;
}

bool IsUnknownAction(const aws::ServiceFailure& failure) {
  static constexpr std::array<std::string_view, 6> kCodes = {
      "UnknownOperationException", "UnsupportedOperation",        "InvalidAction",
      "UnknownOperation",          "UnsupportedFeatureException", "NotImplemented"};
  if (std::ranges::find(kCodes, failure.said.code) != kCodes.end()) return true;
  return failure.said.code.empty() &&
         (failure.http_status == 500 || failure.http_status == 501 || failure.http_status == 404);
}

bool MayPass(const aws::ServiceFailure& failure) {
  if (IsThrottled(failure) || failure.http_status >= 500) return true;
  const Code code = failure.error.code;
  return failure.http_status == 0 && (TraitsOf(code).retryable || code == Code::kIo);
}

}  // namespace hearth::ecs
