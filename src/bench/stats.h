// Order statistics of measured values. Pure; quantiles are exact (nearest rank on the sorted
// samples), never interpolated and never from buckets, so that a reported latency is one that
// happened.
#pragma once

#include <cstddef>
#include <vector>

namespace hearth::bench {

// Of no samples: n = 0 and every value 0.
struct Summary {
  size_t n = 0;
  double min = 0;
  double p50 = 0;
  double p90 = 0;
  double p99 = 0;
  double max = 0;
  double mean = 0;
};

Summary Summarize(std::vector<double> samples);

// The smallest sample that at least `q` (0 … 1) of all samples do not exceed; `sorted` is ascending
// and not empty.
double Quantile(const std::vector<double>& sorted, double q);

// The middle sample, or the mean of the two in the middle: for few repeated runs, where Quantile
// would favour one side. 0 of none.
double Median(std::vector<double> samples);

}  // namespace hearth::bench
