#include "cli/duration.h"

#include <fmt/format.h>

#include <charconv>
#include <string_view>

namespace hearth::cli {

using std::chrono::milliseconds;

Result<milliseconds> ParseDuration(const std::string& text) {
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const std::string_view unit(end, static_cast<size_t>(text.data() + text.size() - end));
  double scale = 0;
  if (unit.empty() || unit == "s") scale = 1000;
  if (unit == "ms") scale = 1;
  if (unit == "m") scale = 60'000;
  constexpr double kDayMs = 86'400'000;
  if (error != std::errc() || scale == 0 || !(number * scale >= 1) || number * scale > kDayMs) {
    return Fail(Code::kUsage,
                "must be a time from 1ms to 1440m such as 250ms, 30s or 2m, not \"{}\"", text);
  }
  return milliseconds(static_cast<int64_t>(number * scale));
}

}  // namespace hearth::cli
