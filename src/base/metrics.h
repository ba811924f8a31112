// Counters, gauges and histograms that any thread updates without a lock, and the Prometheus text
// form to print them.
//
// There is no registry: a room keeps its metrics in one struct and prints it with MetricsText.
// (prometheus-cpp was measured and left out: Debian has it as a shared object only, which brings a
// second libstdc++ and 1.2 ms to every start.)
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace hearth {

class Counter {
 public:
  void Add(int64_t n = 1) { value_.fetch_add(n, std::memory_order_relaxed); }
  int64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<int64_t> value_{0};
};

class Gauge {
 public:
  void Set(double value) { value_.store(value, std::memory_order_relaxed); }
  double value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<double> value_{0};
};

// Buckets with upper bounds first, first·factor, …; what lies above the last goes into +Inf.
class Histogram {
 public:
  static constexpr size_t kBucketsMax = 40;

  // `buckets` ≤ kBucketsMax.
  Histogram(double first, double factor, size_t buckets);

  void Observe(double value, int64_t times = 1);

  std::span<const double> bounds() const { return {bounds_.data(), buckets_}; }
  // Of bucket `i` alone, not cumulative; i == bounds().size() is +Inf.
  int64_t count(size_t i) const { return counts_[i].load(std::memory_order_relaxed); }
  double sum() const { return sum_.load(std::memory_order_relaxed); }

 private:
  size_t buckets_;
  std::array<double, kBucketsMax> bounds_{};
  std::array<std::atomic<int64_t>, kBucketsMax + 1> counts_{};
  std::atomic<double> sum_{0};
};

// Builds the text exposition format, version 0.0.4. A family's samples follow its Family call.
class MetricsText {
 public:
  using Labels = std::initializer_list<std::pair<std::string_view, std::string_view>>;

  static constexpr std::string_view kContentType = "text/plain; version=0.0.4; charset=utf-8";

  void Family(std::string_view name, std::string_view type, std::string_view help);
  void Sample(double value, Labels labels = {});
  void Sample(const Histogram& histogram, Labels labels = {});

  std::string Take() { return std::move(text_); }

 private:
  void AppendLine(std::string_view suffix, Labels labels, std::string_view le, double value);

  std::string text_;
  std::string name_;
};

}  // namespace hearth
