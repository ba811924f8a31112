#include "aws/iso_time.h"

namespace hearth::aws {

namespace {

// `digits` of them, moved over; -1 when there are not so many.
int Take(std::string_view* text, size_t digits) {
  int out = 0;
  if (text->size() < digits) return -1;
  for (size_t i = 0; i < digits; ++i) {
    const char c = (*text)[i];
    if (c < '0' || c > '9') return -1;
    out = out * 10 + (c - '0');
  }
  text->remove_prefix(digits);
  return out;
}

bool Take(std::string_view* text, char c) {
  if (!text->starts_with(c)) return false;
  text->remove_prefix(1);
  return true;
}

// "Z", "", "+01:00", "-0130".
std::optional<std::chrono::minutes> TakeZone(std::string_view* text) {
  if (text->empty() || *text == "Z" || *text == "z") return std::chrono::minutes(0);
  const bool minus = text->front() == '-';
  if (!minus && text->front() != '+') return std::nullopt;
  text->remove_prefix(1);
  const int hours = Take(text, size_t{2});
  Take(text, ':');
  const int minutes = Take(text, size_t{2});
  if (hours < 0 || hours > 23 || minutes < 0 || minutes > 59 || !text->empty()) return std::nullopt;
  return std::chrono::minutes((hours * 60 + minutes) * (minus ? -1 : 1));
}

}  // namespace

std::optional<std::chrono::system_clock::time_point> ParseIsoTime(std::string_view text) {
  const int year = Take(&text, size_t{4});
  if (!Take(&text, '-')) return std::nullopt;
  const int month = Take(&text, size_t{2});
  if (!Take(&text, '-')) return std::nullopt;
  const int day = Take(&text, size_t{2});
  if (!Take(&text, 'T')) return std::nullopt;
  const int hour = Take(&text, size_t{2});
  if (!Take(&text, ':')) return std::nullopt;
  const int minute = Take(&text, size_t{2});
  if (!Take(&text, ':')) return std::nullopt;
  const int second = Take(&text, size_t{2});
  // system_clock's nanoseconds end in 2262.
  if (year < 1970 || year > 2200 || month < 1 || day < 1 || hour < 0 || hour > 23 || minute < 0 ||
      minute > 59 || second < 0 || second > 60) {
    return std::nullopt;
  }
  if (Take(&text, '.')) {
    if (Take(&text, size_t{1}) < 0) return std::nullopt;
    while (Take(&text, size_t{1}) >= 0) {
    }
  }
  const std::chrono::year_month_day date{std::chrono::year(year),
                                         std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day))};
  const auto zone = TakeZone(&text);
  if (!date.ok() || !zone) return std::nullopt;
  return std::chrono::sys_days(date) + std::chrono::hours(hour) + std::chrono::minutes(minute) +
         std::chrono::seconds(second) - *zone;
}

}  // namespace hearth::aws
