#include "doctor/finding.h"

#include <fmt/format.h>

#include <cmath>
#include <utility>

namespace hearth::doctor {
namespace {

constexpr double kMinutesFrom = 120;
constexpr double kYear = 3e7;

}  // namespace

Finding Ok(std::string title, std::vector<std::string> evidence) {
  return {Verdict::kOk, std::move(title), std::move(evidence), ""};
}

Finding Ng(std::string title, std::vector<std::string> evidence, std::string fix) {
  return {Verdict::kNg, std::move(title), std::move(evidence), std::move(fix)};
}

Finding Skip(std::string reason) { return {Verdict::kSkip, std::move(reason), {}, ""}; }

std::string InMib(int64_t bytes) {
  constexpr int64_t kMib = 1 << 20;
  return fmt::format("{} MiB", bytes / kMib + (bytes % kMib > 0 ? 1 : 0));
}

std::string InGb(int64_t bytes) {
  const double gb = static_cast<double>(bytes) / 1e9;
  return gb < 1 ? fmt::format("{:.0f} MB", gb * 1000) : fmt::format("{:.1f} GB", gb);
}

std::string InTime(double seconds) {
  if (seconds >= kMinutesFrom && seconds < kYear) {
    const auto whole = static_cast<int64_t>(std::lround(seconds));
    return whole % 60 == 0 ? fmt::format("{} min", whole / 60)
                           : fmt::format("{} min {} s", whole / 60, whole % 60);
  }
  if (seconds >= 10 || seconds == std::floor(seconds)) return fmt::format("{:.0f} s", seconds);
  return fmt::format("{:.2g} s", seconds);
}

std::string Count(int64_t number, std::string_view word) {
  return fmt::format("{} {}{}", number, word, number == 1 ? "" : "s");
}

std::string OneLine(std::string_view text, size_t bytes) {
  std::string line;
  for (const char c : text) line.push_back(static_cast<unsigned char>(c) < 0x20 ? ' ' : c);
  if (line.size() <= bytes) return line;
  // Never half of a character of UTF-8.
  while (bytes > 0 && (static_cast<unsigned char>(line[bytes]) & 0xC0) == 0x80) --bytes;
  return line.substr(0, bytes) + "…";
}

}  // namespace hearth::doctor
