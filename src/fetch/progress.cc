#include "fetch/progress.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>

namespace hearth::fetch {
namespace {

constexpr double kWindowSeconds = 5;
constexpr double kLineEverySeconds = 2;
constexpr int kBarWidth = 24;

int Columns() {
  winsize size{};
  if (::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
  return 80;
}

void Print(const std::string& text) {
  // A terminal that is gone has nowhere to say so.
  [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, text.data(), text.size());
}

LogFormat FormatOf(ProgressStyle style) {
  return style == ProgressStyle::kJson ? LogFormat::kJson : LogFormat::kText;
}

int Percent(const DownloadState& state) {
  if (state.total == 0) return 100;
  return static_cast<int>(static_cast<double>(state.there) * 100 /
                          static_cast<double>(state.total));
}

}  // namespace

void Rate::Add(double seconds, uint64_t bytes) {
  samples_.emplace_back(seconds, bytes);
  while (samples_.size() > 2 && seconds - samples_[1].first >= kWindowSeconds) samples_.pop_front();
}

double Rate::BytesPerSecond() const {
  if (samples_.size() < 2) return 0;
  const auto& [begin, from] = samples_.front();
  const auto& [end, to] = samples_.back();
  return end <= begin || to < from ? 0 : static_cast<double>(to - from) / (end - begin);
}

std::string SizeText(uint64_t bytes) {
  const auto value = static_cast<double>(bytes);
  if (value >= 1e9) return fmt::format("{:.2f} GB", value / 1e9);
  if (value >= 1e6) return fmt::format("{:.1f} MB", value / 1e6);
  if (value >= 1e3) return fmt::format("{:.1f} kB", value / 1e3);
  return fmt::format("{} B", bytes);
}

std::string TimeText(double seconds) {
  const auto whole = static_cast<int64_t>(std::clamp(seconds, 0.0, 359'999.0));
  if (whole >= 3600) {
    return fmt::format("{}:{:02}:{:02}", whole / 3600, whole / 60 % 60, whole % 60);
  }
  return fmt::format("{}:{:02}", whole / 60, whole % 60);
}

std::string BarLine(const DownloadState& state, double bytes_per_second, int columns) {
  const int percent = Percent(state);
  const int filled = percent * kBarWidth / 100;
  std::string line = fmt::format("[{:=<{}}{:{}}] {:3} % of {}", "", filled, "", kBarWidth - filled,
                                 percent, SizeText(state.total));
  if (bytes_per_second > 0) {
    const auto left = static_cast<double>(state.total - std::min(state.total, state.there));
    line += fmt::format("  {}/s  {} left", SizeText(static_cast<uint64_t>(bytes_per_second)),
                        TimeText(left / bytes_per_second));
  }
  if (line.size() > static_cast<size_t>(std::max(columns, 0))) {
    line.resize(static_cast<size_t>(std::max(columns, 0)));
  }
  return line;
}

Progress::Progress(ProgressStyle style)
    : style_(style),
      log_(STDERR_FILENO, FormatOf(style), LogLevel::kInfo),
      began_(std::chrono::steady_clock::now()) {}

void Progress::State(const DownloadState& state) {
  if (style_ == ProgressStyle::kQuiet) return;
  const MutexLock lock(mutex_);
  const double now =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - began_).count();
  rate_.Add(now, state.there);
  if (style_ == ProgressStyle::kBar) {
    Print(fmt::format("\r{}\x1b[K", BarLine(state, rate_.BytesPerSecond(), Columns() - 1)));
    bar_shown_ = true;
    return;
  }
  if (last_ && now - *last_ < kLineEverySeconds) return;
  if (!last_ && now < kLineEverySeconds) return;  // a pull of a moment says only its end
  last_ = now;
  log_.Info("Pulling", {{"percent", int64_t{Percent(state)}},
                        {"bytes", static_cast<int64_t>(state.there)},
                        {"bytes_total", static_cast<int64_t>(state.total)},
                        {"megabytes_per_second", rate_.BytesPerSecond() / 1e6},
                        {"retries", static_cast<int64_t>(state.retries)}});
}

void Progress::Retry(const std::string& name, const Error& error, double seconds) {
  if (style_ == ProgressStyle::kQuiet) return;
  Clear();
  log_.Warn("Trying again", {{"file", std::string_view(name)},
                             {"after", std::string_view(error.message)},
                             {"wait_seconds", seconds}});
}

void Progress::Wait(const std::string& lock) {
  if (style_ == ProgressStyle::kQuiet) return;
  Clear();
  log_.Info("Waiting for another process that pulls the same", {{"lock", std::string_view(lock)}});
}

void Progress::Clear() {
  const MutexLock lock(mutex_);
  if (bar_shown_) Print("\r\x1b[K");
  bar_shown_ = false;
}

}  // namespace hearth::fetch
