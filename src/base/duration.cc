#include "base/duration.h"

#include <charconv>
#include <cmath>

namespace hearth {

using std::chrono::milliseconds;

std::optional<milliseconds> ReadDuration(std::string_view text, milliseconds least,
                                         milliseconds most) {
  // from_chars would read "inf", "nan" and "-1" too.
  if (text.empty() || text[0] < '0' || text[0] > '9') return std::nullopt;
  double number = 0;
  const auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), number, std::chars_format::fixed);
  const std::string_view unit = text.substr(static_cast<size_t>(end - text.data()));
  double scale = 0;
  if (unit.empty() || unit == "s") scale = 1000;
  if (unit == "ms") scale = 1;
  if (unit == "m") scale = 60'000;
  if (unit == "h") scale = 3'600'000;
  const double found = number * scale;
  if (error != std::errc() || scale == 0 || !(found >= 1 || number == 0)) return std::nullopt;
  if (found < static_cast<double>(least.count()) || found > static_cast<double>(most.count())) {
    return std::nullopt;
  }
  // 2.35 s is 2349.9999999999995 ms to a double.
  return milliseconds(static_cast<int64_t>(std::floor(found + 1e-3)));
}

Result<milliseconds> ParseDuration(const std::string& text) {
  constexpr milliseconds kLeast{1};
  constexpr milliseconds kDay{86'400'000};
  if (const auto found = ReadDuration(text, kLeast, kDay)) return *found;
  return Fail(Code::kUsage, "must be a time from 1ms to 24h such as 250ms, 30s or 2m, not \"{}\"",
              text);
}

std::string FormatDuration(milliseconds duration) {
  const int64_t ms = duration.count();
  if (ms != 0 && ms % 3'600'000 == 0) return fmt::format("{}h", ms / 3'600'000);
  if (ms != 0 && ms % 60'000 == 0) return fmt::format("{}m", ms / 60'000);
  if (ms != 0 && ms < 1000) return fmt::format("{}ms", ms);
  std::string text = fmt::format("{}.{:03}", ms / 1000, ms % 1000);
  while (text.back() == '0') text.pop_back();
  if (text.back() == '.') text.pop_back();
  return text + "s";
}

}  // namespace hearth
