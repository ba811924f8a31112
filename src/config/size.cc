#include "config/size.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cmath>

namespace hearth::config {
namespace {

struct Unit {
  std::string_view name;
  int64_t bytes;
};

constexpr int64_t kKi = 1024;

// The largest first, and of equals the one that FormatSize is to write.
constexpr std::array<Unit, 10> kUnits = {
    Unit{"TiB", kKi* kKi* kKi* kKi},
    Unit{"TB", 1'000'000'000'000},
    Unit{"GiB", kKi* kKi* kKi},
    Unit{"GB", 1'000'000'000},
    Unit{"MiB", kKi* kKi},
    Unit{"MB", 1'000'000},
    Unit{"KiB", kKi},
    Unit{"kB", 1'000},
    Unit{"KB", 1'000},
    Unit{"B", 1},
};

}  // namespace

std::optional<int64_t> ReadSize(std::string_view text) {
  if (text.empty() || text[0] < '0' || text[0] > '9') return std::nullopt;
  double number = 0;
  const auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), number, std::chars_format::fixed);
  const std::string_view name = text.substr(static_cast<size_t>(end - text.data()));
  double scale = name.empty() ? 1 : 0;
  for (const Unit& unit : kUnits) {
    if (name == unit.name) scale = static_cast<double>(unit.bytes);
  }
  constexpr double kExact = 9'007'199'254'740'992;  // beyond it a double skips bytes
  const double bytes = std::round(number * scale);
  if (error != std::errc() || scale == 0 || !(bytes <= kExact)) return std::nullopt;
  return static_cast<int64_t>(bytes);
}

std::string FormatSize(int64_t bytes) {
  for (const Unit& unit : kUnits) {
    if (bytes != 0 && bytes % unit.bytes == 0) {
      return fmt::format("{}{}", bytes / unit.bytes, unit.name);
    }
  }
  return "0B";
}

}  // namespace hearth::config
