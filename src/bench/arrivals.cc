#include "bench/arrivals.h"

#include <cmath>

#include "bench/random.h"

namespace hearth::bench {

std::vector<std::chrono::nanoseconds> Arrivals(ArrivalKind kind, double rate,
                                               std::chrono::nanoseconds duration, uint64_t seed) {
  std::vector<std::chrono::nanoseconds> out;
  Random random(seed);
  const double end = static_cast<double>(duration.count());
  const double mean_gap = 1e9 / rate;
  double at = kind == ArrivalKind::kPoisson ? -std::log(random.Unit()) * mean_gap : 0;
  while (at < end) {
    out.emplace_back(static_cast<int64_t>(at));
    // Constant gaps are multiplied, not summed: no drift over a long run.
    at = kind == ArrivalKind::kPoisson ? at - std::log(random.Unit()) * mean_gap
                                       : static_cast<double>(out.size()) * mean_gap;
  }
  return out;
}

}  // namespace hearth::bench
