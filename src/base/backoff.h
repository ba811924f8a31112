// How long to wait before asking again: "full jitter", any time from 0 to a doubling, capped bound,
// so that many clients that failed together do not come back together. Pure.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

namespace hearth {

struct BackoffLimits {
  std::chrono::milliseconds first{100};
  std::chrono::milliseconds cap{20'000};
};

// The wait before try `attempt` + 1, where the first failure is attempt 1. `random` is in [0, 1).
inline std::chrono::milliseconds Backoff(int attempt, double random, BackoffLimits limits = {}) {
  const int doublings = std::clamp(attempt - 1, 0, 30);
  const double bound = std::min(
      static_cast<double>(limits.cap.count()),
      static_cast<double>(limits.first.count()) * static_cast<double>(int64_t{1} << doublings));
  return std::chrono::milliseconds(static_cast<int64_t>(bound * std::clamp(random, 0.0, 1.0)));
}

}  // namespace hearth
