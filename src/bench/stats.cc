#include "bench/stats.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace hearth::bench {

double Quantile(const std::vector<double>& sorted, double q) {
  const auto count = static_cast<double>(sorted.size());
  // The small slack keeps 0.9 · 10 = 9.000000000000001 from asking for the tenth sample.
  const double rank = std::ceil(q * count - 1e-9);
  const auto index = static_cast<size_t>(std::clamp(rank - 1, 0.0, count - 1));
  return sorted[index];
}

double Median(std::vector<double> samples) {
  if (samples.empty()) return 0;
  std::ranges::sort(samples);
  const size_t middle = samples.size() / 2;
  if (samples.size() % 2 == 1) return samples[middle];
  return (samples[middle - 1] + samples[middle]) / 2;
}

Summary Summarize(std::vector<double> samples) {
  Summary out;
  out.n = samples.size();
  if (samples.empty()) return out;
  std::ranges::sort(samples);
  out.min = samples.front();
  out.p50 = Quantile(samples, 0.50);
  out.p90 = Quantile(samples, 0.90);
  out.p99 = Quantile(samples, 0.99);
  out.max = samples.back();
  out.mean = std::accumulate(samples.begin(), samples.end(), 0.0) / static_cast<double>(out.n);
  return out;
}

}  // namespace hearth::bench
