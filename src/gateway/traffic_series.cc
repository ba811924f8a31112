#include <algorithm>
#include <cmath>
#include <utility>

#include "gateway/admin.h"

namespace hearth::gateway {
namespace {

// Of one second: beyond it, what ended is counted and its time left out.
constexpr size_t kTimesMax = 100'000;

// The smallest value that at least `share` of all do not exceed. Reorders `values`.
double Quantile(std::vector<double>& values, double share) {
  if (values.empty()) return 0;
  const auto rank = static_cast<size_t>(std::ceil(share * static_cast<double>(values.size())));
  const auto at = values.begin() + static_cast<std::ptrdiff_t>(std::max<size_t>(rank, 1) - 1);
  std::nth_element(values.begin(), at, values.end());
  return *at;
}

}  // namespace

void TrafficSeries::OnRequestEnd(double milliseconds, int status) {
  constexpr int kClientGone = -1;
  if (status == kClientGone) return;
  if (status == 0 || status >= 500) ++errors_;
  if (status != 0) ++answered_;
  if (ended_ms_.size() < kTimesMax) ended_ms_.push_back(milliseconds);
}

void TrafficSeries::OnWaiting(int waiting) { waiting_peak_ = std::max(waiting_peak_, waiting); }

void TrafficSeries::Turn(int64_t unix_s, const pool::Traffic& traffic, int ready) {
  Second second;
  second.unix_s = unix_s;
  second.arrivals = static_cast<int>(traffic.arrivals - std::exchange(arrivals_, traffic.arrivals));
  second.answered = std::exchange(answered_, 0);
  second.errors = std::exchange(errors_, 0);
  second.waiting_peak = std::max(std::exchange(waiting_peak_, 0), traffic.waiting);
  second.occupied_peak = std::max(traffic.occupied, traffic.occupied_peak);
  second.ready = ready;
  second.p50_ms = Quantile(ended_ms_, 0.5);
  second.p99_ms = Quantile(ended_ms_, 0.99);
  ended_ms_.clear();
  seconds_.push_back(second);
  if (seconds_.size() > kSeconds) seconds_.pop_front();
}

}  // namespace hearth::gateway
