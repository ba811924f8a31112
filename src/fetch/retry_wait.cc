#include "fetch/retry_wait.h"

#include <algorithm>

#include "base/backoff.h"
#include "http/client.h"

namespace hearth::fetch {

using std::chrono::milliseconds;

bool IsTransient(const Error& error) {
  const Code code = error.code;
  const bool may_pass = code == Code::kIo || code == Code::kDeadlineExceeded ||
                        code == Code::kTimeout || code == Code::kOverloaded ||
                        code == Code::kUnavailable || code == Code::kCorrupt;
  return may_pass && !http::IsCertificateFailure(error);
}

std::optional<milliseconds> WaitBeforeRetry(const Failure& failure, int tries, double random,
                                            milliseconds until_deadline) {
  const Code code = failure.error.code;
  const bool refused =
      code == Code::kCorrupt || code == Code::kUnauthorized || code == Code::kNotFound;
  const int tries_max = refused ? kRefusedTriesMax : kTriesMax;
  if (!failure.transient || tries >= tries_max) return std::nullopt;
  // At least half of the bound: ten tries are meant to outlast a server's restart.
  auto wait = Backoff(tries, 1 - random / 2, {.first = milliseconds(200)});
  if (failure.retry_after_seconds) {
    wait = std::max(wait, milliseconds(int64_t{*failure.retry_after_seconds} * 1000));
  }
  if (wait >= until_deadline) return std::nullopt;
  return wait;
}

}  // namespace hearth::fetch
