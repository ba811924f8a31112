#include "aws/retry.h"

#include <algorithm>
#include <array>

namespace hearth::aws {

namespace {

using Names = std::string_view;

constexpr std::array<Names, 14> kThrottling = {"Throttling",
                                               "ThrottlingException",
                                               "ThrottledException",
                                               "RequestThrottled",
                                               "RequestThrottledException",
                                               "TooManyRequestsException",
                                               "RequestLimitExceeded",
                                               "BandwidthLimitExceeded",
                                               "LimitExceededException",
                                               "SlowDown",
                                               "PriorRequestNotComplete",
                                               "TransactionInProgressException",
                                               "EC2ThrottledException",
                                               "ProvisionedThroughputExceededException"};
constexpr std::array<Names, 5> kTransientCodes = {"RequestTimeout", "RequestTimeoutException",
                                                  "InternalError", "ServiceUnavailable",
                                                  "IDPCommunicationError"};
constexpr std::array<Names, 3> kSkew = {"RequestTimeTooSkewed", "RequestExpired",
                                        "RequestInTheFuture"};

template <size_t kCount>
bool Has(const std::array<Names, kCount>& names, Names code) {
  return std::find(names.begin(), names.end(), code) != names.end();
}

}  // namespace

Retry RetryFor(int http_status, std::string_view code) {
  if (Has(kThrottling, code)) return Retry::kThrottled;
  if (Has(kSkew, code)) return Retry::kClockSkew;
  if (Has(kTransientCodes, code)) return Retry::kTransient;
  if (http_status == 429) return Retry::kThrottled;
  if (http_status == 500 || http_status == 502 || http_status == 503 || http_status == 504) {
    return Retry::kTransient;
  }
  return Retry::kNever;
}

bool IsClockWrong(int http_status, std::string_view code, std::string_view message) {
  if (RetryFor(http_status, code) == Retry::kClockSkew) return true;
  return (code == "SignatureDoesNotMatch" || code == "InvalidSignatureException") &&
         (message.starts_with("Signature expired") ||
          message.starts_with("Signature not yet current"));
}

bool IsExpired(std::string_view code) {
  return code == "ExpiredToken" || code == "ExpiredTokenException";
}

}  // namespace hearth::aws
