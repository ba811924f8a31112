// WaitHistogram: how long requests waited, in buckets 1/32 of an octave wide above 1 µs (so a
// quantile is at most 3 % too high), exact count of those that did not wait at all. Fixed memory.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstdint>

#include "pool/policy.h"

namespace hearth::pool {

class WaitHistogram {
 public:
  void Add(Duration wait) {
    ++count_;
    sum_ns_ += static_cast<double>(wait.count());
    if (wait <= Duration{}) return;
    ++waited_;
    ++buckets_[Bucket(static_cast<uint64_t>(wait.count()))];
  }

  int64_t count() const { return count_; }
  int64_t waited() const { return waited_; }  // longer than 0
  double mean_seconds() const {
    return count_ == 0 ? 0 : sum_ns_ / static_cast<double>(count_) * 1e-9;
  }

  // The wait that a share `q` of the requests did not exceed.
  double QuantileSeconds(double q) const {
    const auto rank = static_cast<int64_t>(std::ceil(q * static_cast<double>(count_)));
    int64_t seen = count_ - waited_;
    if (rank <= seen) return 0;
    for (size_t i = 0; i < buckets_.size(); ++i) {
      seen += buckets_[i];
      if (seen >= rank) return UpperSeconds(i);
    }
    return UpperSeconds(buckets_.size() - 1);
  }

  // Requests that waited longer, to the bucket's width.
  int64_t Above(Duration wait) const {
    int64_t above = 0;
    for (size_t i = Bucket(static_cast<uint64_t>(std::max<int64_t>(wait.count(), 1))) + 1;
         i < buckets_.size(); ++i) {
      above += buckets_[i];
    }
    return above;
  }

 private:
  static constexpr int kSteps = 32;        // in an octave
  static constexpr int kFirstOctave = 10;  // 1024 ns

  static size_t Bucket(uint64_t ns) {
    const int octave = static_cast<int>(std::bit_width(ns)) - 1;
    if (octave < kFirstOctave) return 0;
    const auto step = static_cast<size_t>((ns >> (octave - 5)) & (kSteps - 1));
    return std::min(static_cast<size_t>(octave - kFirstOctave) * kSteps + step + 1,
                    size_t{kBuckets - 1});
  }
  static double UpperSeconds(size_t bucket) {
    if (bucket == 0) return 1.024e-6;
    const auto octave = static_cast<int>((bucket - 1) / kSteps) + kFirstOctave;
    const auto step = static_cast<double>((bucket - 1) % kSteps);
    return std::ldexp(1 + (step + 1) / kSteps, octave) * 1e-9;
  }

  static constexpr size_t kBuckets = size_t{40} * kSteps;
  int64_t count_ = 0;
  int64_t waited_ = 0;
  double sum_ns_ = 0;
  std::array<int64_t, kBuckets> buckets_{};
};

}  // namespace hearth::pool
