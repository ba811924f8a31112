#include "base/cron.h"

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <optional>
#include <span>
#include <vector>

namespace hearth {
namespace {

constexpr std::array<std::string_view, 12> kMonths = {"jan", "feb", "mar", "apr", "may", "jun",
                                                      "jul", "aug", "sep", "oct", "nov", "dec"};
constexpr std::array<std::string_view, 7> kWeekdays = {"sun", "mon", "tue", "wed",
                                                       "thu", "fri", "sat"};

struct Field {
  std::string_view name;
  int least;
  int most;
  std::span<const std::string_view> words;  // of least, least + 1, …
  std::string_view example;
};

constexpr std::array<Field, 5> kFields = {
    Field{"minute", 0, 59, {}, "0, 0,30 or */5"},
    Field{"hour", 0, 23, {}, "8, 8-18 or */2"},
    Field{"day of month", 1, 31, {}, "*, 1 or 1,15"},
    Field{"month", 1, 12, kMonths, "*, 6-8 or jan"},
    Field{"day of week", 0, 7, kWeekdays, "*, 1-5 or mon-fri"},
};

bool SameIgnoringCase(std::string_view a, std::string_view lower) {
  return std::ranges::equal(a, lower, [](char x, char y) {
    return (x >= 'A' && x <= 'Z' ? static_cast<char>(x - 'A' + 'a') : x) == y;
  });
}

std::optional<int> ReadNumber(std::string_view text, int least, int most) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || text[0] == '-') return {};
  if (value < least || value > most) return {};
  return value;
}

std::optional<int> ReadValue(const Field& field, std::string_view text) {
  for (size_t i = 0; i < field.words.size(); ++i) {
    if (SameIgnoringCase(text, field.words[i])) return field.least + static_cast<int>(i);
  }
  return ReadNumber(text, field.least, field.most);
}

std::vector<std::string_view> Split(std::string_view text, std::string_view separators) {
  std::vector<std::string_view> parts;
  size_t begin = 0;
  while (begin <= text.size()) {
    const size_t end = std::min(text.find_first_of(separators, begin), text.size());
    parts.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return parts;
}

// "*", "8", "8-18", each with "/2" when it is not a single value.
std::optional<uint64_t> ReadItem(const Field& field, std::string_view text) {
  const size_t slash = text.find('/');
  const std::string_view range = text.substr(0, slash);
  std::optional<int> from = field.least;
  std::optional<int> to = field.most;
  const size_t dash = range.find('-');
  if (range != "*") {
    from = ReadValue(field, range.substr(0, dash));
    to = dash == std::string_view::npos ? from : ReadValue(field, range.substr(dash + 1));
    // "sat-sun": the week may end with it.
    if (from && to && *to < *from && *to == 0 && field.most == 7) to = 7;
  }
  std::optional<int> step = 1;
  if (slash != std::string_view::npos) {
    if (range != "*" && dash == std::string_view::npos) return {};
    step = ReadNumber(text.substr(slash + 1), 1, 1000);
  }
  if (!from || !to || !step || *from > *to) return {};
  uint64_t bits = 0;
  for (int value = *from; value <= *to; value += *step) bits |= uint64_t{1} << value;
  return bits;
}

Result<uint64_t> ReadField(const Field& field, std::string_view text) {
  uint64_t bits = 0;
  for (const std::string_view item : Split(text, ",")) {
    const auto found = ReadItem(field, item);
    if (!found) {
      return Fail(Code::kInvalidArgument,
                  "the {} \"{}\" must be of numbers from {} to {}{}, such as {}", field.name, text,
                  field.least, field.most, field.words.empty() ? "" : " or names", field.example);
    }
    bits |= *found;
  }
  return bits;
}

bool EverComes(const Cron& cron) {
  constexpr std::array<int, 13> kDays = {0, 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  if (cron.either_day) return true;
  for (size_t month = 1; month <= 12; ++month) {
    const bool in_it = ((cron.months >> month) & 1U) != 0;
    if (in_it && std::countr_zero(cron.days) <= kDays[month]) return true;
  }
  return false;
}

}  // namespace

bool Cron::OnDay(int month, int day, int weekday) const {
  if (((months >> month) & 1U) == 0) return false;
  const bool by_day = ((days >> day) & 1U) != 0;
  const bool by_weekday = ((weekdays >> weekday) & 1U) != 0;
  return either_day ? by_day || by_weekday : by_day && by_weekday;
}

Result<Cron> ParseCron(std::string_view text) {
  std::vector<std::string_view> parts = Split(text, " \t");
  std::erase(parts, "");
  if (parts.size() != kFields.size()) {
    return Fail(Code::kInvalidArgument,
                "must have five fields (minute, hour, day of month, month, day of week) such as "
                "\"0 8 * * 1-5\", not {}",
                parts.size());
  }
  std::array<uint64_t, 5> bits{};
  for (size_t i = 0; i < kFields.size(); ++i) {
    Result<uint64_t> field = ReadField(kFields[i], parts[i]);
    if (!field) return Forward(field);
    bits[i] = *field;
  }
  constexpr uint64_t kSeven = uint64_t{1} << 7;
  if ((bits[4] & kSeven) != 0) bits[4] = (bits[4] & ~kSeven) | 1U;
  const Cron cron{.minutes = bits[0],
                  .hours = bits[1],
                  .days = bits[2],
                  .months = bits[3],
                  .weekdays = bits[4],
                  .either_day = parts[2][0] != '*' && parts[4][0] != '*'};
  if (!EverComes(cron)) {
    return Fail(Code::kInvalidArgument, "no month \"{}\" has a day \"{}\"", parts[3], parts[2]);
  }
  return cron;
}

bool IsTimeZoneName(std::string_view name) {
  const auto fits = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '/' ||
           c == '_' || c == '-' || c == '+';
  };
  return !name.empty() && name.size() <= 64 && std::ranges::all_of(name, fits) &&
         name.front() != '/' && name.front() != '-' && name != "localtime";
}

}  // namespace hearth
