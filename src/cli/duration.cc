#include "cli/duration.h"

#include <fmt/format.h>

#include <charconv>
#include <string_view>

namespace hearth::cli {

using std::chrono::milliseconds;

std::optional<milliseconds> ReadDuration(const std::string& text, milliseconds most, bool hours) {
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const std::string_view unit(end, static_cast<size_t>(text.data() + text.size() - end));
  double scale = 0;
  if (unit.empty() || unit == "s") scale = 1000;
  if (unit == "ms") scale = 1;
  if (unit == "m") scale = 60'000;
  if (unit == "h" && hours) scale = 3'600'000;
  const double found = number * scale;
  if (error != std::errc() || !(found >= 1) || found > static_cast<double>(most.count())) {
    return std::nullopt;
  }
  return milliseconds(static_cast<int64_t>(found));
}

Result<milliseconds> ParseDuration(const std::string& text) {
  constexpr milliseconds kDay{86'400'000};
  if (const auto found = ReadDuration(text, kDay, false)) return *found;
  return Fail(Code::kUsage, "must be a time from 1ms to 1440m such as 250ms, 30s or 2m, not \"{}\"",
              text);
}

}  // namespace hearth::cli
