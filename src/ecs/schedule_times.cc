#include "ecs/schedule_times.h"

#include <fmt/format.h>

#include <array>
#include <bit>
#include <cstdint>

#include "base/cron.h"

namespace hearth::ecs {
namespace {

constexpr std::array<std::string_view, 7> kDays = {"SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"};

struct Range {
  int first, last;

  uint64_t Bits() const { return (((uint64_t{2} << (last - first)) - 1)) << first; }
};
constexpr Range kMinutes{0, 59}, kHours{0, 23}, kMonthDays{1, 31}, kMonths{1, 12}, kWeekDays{0, 6};

bool IsAll(uint64_t bits, Range range) { return (bits & range.Bits()) == range.Bits(); }

std::string Number(int value) { return std::to_string(value); }
std::string DayName(int value) { return std::string(kDays[static_cast<size_t>(value)]); }

// "*", or the values with what follows one another as a range: "0,15,30-35".
std::string Field(uint64_t bits, Range range, std::string (*print)(int) = Number) {
  if (IsAll(bits, range)) return "*";
  std::string out;
  for (int value = range.first; value <= range.last; ++value) {
    if (((bits >> value) & 1U) == 0) continue;
    int last = value;
    while (last < range.last && ((bits >> (last + 1)) & 1U) != 0) ++last;
    if (!out.empty()) out += ',';
    out += print(value);
    if (last > value) out += (last == value + 1 ? ',' : '-') + print(last);
    value = last;
  }
  return out;
}

}  // namespace

Result<std::string> AwsCron(std::string_view text) {
  Result<Cron> cron = ParseCron(text);
  if (!cron) return Forward(cron);
  const bool any_month_day = IsAll(cron->days, kMonthDays);
  const bool any_week_day = IsAll(cron->weekdays, kWeekDays);
  std::string day = "?";
  std::string weekday = "?";
  if (any_week_day || (cron->either_day && any_month_day)) {
    // Either of two, one of which is every day, is every day.
    day = cron->either_day ? "*" : Field(cron->days, kMonthDays);
  } else if (any_month_day) {
    weekday = Field(cron->weekdays, kWeekDays, DayName);
  } else if (cron->either_day) {
    return Fail(Code::kUnprocessable,
                "says days of the month and days of the week, of which AWS takes one: write two "
                "entries, one with each");
  } else {
    return Fail(Code::kUnprocessable,
                "narrows the days of the month and the days of the week, of which AWS takes one: "
                "leave one of them \"*\"");
  }
  return fmt::format("{} {} {} {} {} *", Field(cron->minutes, kMinutes), Field(cron->hours, kHours),
                     day, Field(cron->months, kMonths), weekday);
}

Result<std::vector<ScaleTimes>> TimesOf(const std::vector<config::ScheduleEntry>& schedule,
                                        std::string_view service) {
  std::vector<ScaleTimes> times;
  for (const config::ScheduleEntry& entry : schedule) {
    Result<std::string> cron = AwsCron(entry.cron);
    if (!cron) {
      return Fail(cron.error().code, "pool.schedule.cron = \"{}\" {}", entry.cron,
                  cron.error().message);
    }
    for (const ScaleTimes& other : times) {
      if (other.cron != *cron || other.timezone != entry.timezone) continue;
      return Fail(Code::kUnprocessable,
                  "pool.schedule.cron = \"{}\" has the times of an entry before it: on AWS either "
                  "might hold; leave one of them out",
                  entry.cron);
    }
    times.push_back({.cron = *std::move(cron),
                     .timezone = entry.timezone,
                     .name = fmt::format("{}-floor-{}", service, times.size() + 1),
                     .floor = entry.floor});
  }
  return times;
}

}  // namespace hearth::ecs
