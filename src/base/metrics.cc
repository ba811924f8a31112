#include "base/metrics.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>

namespace hearth {

Histogram::Histogram(double first, double factor, size_t buckets)
    : buckets_(std::min(buckets, kBucketsMax)) {
  double bound = first;
  for (size_t i = 0; i < buckets_; ++i, bound *= factor) bounds_[i] = bound;
}

void Histogram::Observe(double value, int64_t times) {
  const auto all = bounds();
  const auto at = std::lower_bound(all.begin(), all.end(), value);
  counts_[static_cast<size_t>(at - all.begin())].fetch_add(times, std::memory_order_relaxed);
  sum_.fetch_add(value * static_cast<double>(times), std::memory_order_relaxed);
}

void MetricsText::Family(std::string_view name, std::string_view type, std::string_view help) {
  name_ = name;
  fmt::format_to(std::back_inserter(text_), "# HELP {} {}\n# TYPE {} {}\n", name, help, name, type);
}

void MetricsText::AppendLine(std::string_view suffix, Labels labels, std::string_view le,
                             double value) {
  fmt::format_to(std::back_inserter(text_), "{}{}", name_, suffix);
  char separator = '{';
  const auto label = [&](std::string_view key, std::string_view text) {
    text_.push_back(separator);
    separator = ',';
    fmt::format_to(std::back_inserter(text_), "{}=\"", key);
    for (const char c : text) {
      if (c == '\\' || c == '"') text_.push_back('\\');
      if (c == '\n') {
        text_.append("\\n");
      } else {
        text_.push_back(c);
      }
    }
    text_.push_back('"');
  };
  for (const auto& [key, text] : labels) label(key, text);
  if (!le.empty()) label("le", le);
  if (separator == ',') text_.push_back('}');
  if (value == std::floor(value) && std::abs(value) < 1e15) {
    fmt::format_to(std::back_inserter(text_), " {:.0f}\n", value);
  } else {
    fmt::format_to(std::back_inserter(text_), " {}\n", value);
  }
}

void MetricsText::Sample(double value, Labels labels) { AppendLine("", labels, "", value); }

void MetricsText::Sample(const Histogram& histogram, Labels labels) {
  int64_t total = 0;
  const auto bounds = histogram.bounds();
  for (size_t i = 0; i < bounds.size(); ++i) {
    total += histogram.count(i);
    AppendLine("_bucket", labels, fmt::format("{:.6g}", bounds[i]), static_cast<double>(total));
  }
  total += histogram.count(bounds.size());
  AppendLine("_bucket", labels, "+Inf", static_cast<double>(total));
  AppendLine("_sum", labels, "", histogram.sum());
  AppendLine("_count", labels, "", static_cast<double>(total));
}

}  // namespace hearth
