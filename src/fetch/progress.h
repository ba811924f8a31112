// What a pull says of itself: a bar that rewrites its line on a terminal, else log lines, at most
// one in two seconds. One thread but for Retry and Wait, which any thread may call.
#pragma once

#include <chrono>
#include <deque>
#include <optional>
#include <string>
#include <utility>

#include "base/log.h"
#include "base/mutex.h"
#include "base/result.h"
#include "fetch/download.h"

namespace hearth::fetch {

enum class ProgressStyle { kQuiet, kBar, kJson, kText };

// Bytes a second over the last five seconds. Pure: the time is handed in.
class Rate {
 public:
  void Add(double seconds, uint64_t bytes);
  double BytesPerSecond() const;

 private:
  std::deque<std::pair<double, uint64_t>> samples_;
};

// "  42 % of 90.9 MB  11.2 MB/s  0:05 left" with a bar, at most `columns` wide.
std::string BarLine(const DownloadState& state, double bytes_per_second, int columns);

std::string SizeText(uint64_t bytes);  // "90.9 MB"
std::string TimeText(double seconds);  // "0:05", "1:02:03"

class Progress {
 public:
  explicit Progress(ProgressStyle style);

  void State(const DownloadState& state);
  void Retry(const std::string& name, const Error& error, double seconds);
  void Wait(const std::string& lock);
  void Clear();  // the bar's line, before anything else is printed

 private:
  const ProgressStyle style_;
  const Log log_;
  const std::chrono::steady_clock::time_point began_;
  Mutex mutex_;
  Rate rate_ HEARTH_GUARDED_BY(mutex_);
  bool bar_shown_ HEARTH_GUARDED_BY(mutex_) = false;
  std::optional<double> last_ HEARTH_GUARDED_BY(mutex_);
};

}  // namespace hearth::fetch
