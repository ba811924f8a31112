#include "pool/schedule.h"

#include <absl/time/civil_time.h>
#include <absl/time/time.h>

#include <algorithm>
#include <bit>

#include "base/cron.h"

namespace hearth::pool {
namespace {

constexpr int64_t kLongestHoldSeconds = int64_t{366} * 86'400;
// 29 February on a Sunday, with a year 2100 in between, comes after 40 years.
constexpr int kFarthestDays = 41 * 366;

struct Rule {
  Cron cron;
  absl::TimeZone zone;
  int floor = 0;
};

bool OnDay(const Cron& cron, absl::CivilDay day) {
  const int weekday = (static_cast<int>(absl::GetWeekday(day)) + 1) % 7;  // Abseil's 0 is Monday
  return cron.OnDay(day.month(), day.day(), weekday);
}

bool InMonth(const Cron& cron, absl::CivilDay day) {
  return ((cron.months >> day.month()) & 1U) != 0;
}

// The first minute of a day that is named and not before `from` (0 … 1439).
std::optional<int> FirstMinute(const Cron& cron, int from) {
  for (int hour = from / 60; hour < 24; ++hour) {
    if (((cron.hours >> hour) & 1U) == 0) continue;
    const int least = hour == from / 60 ? from % 60 : 0;
    const uint64_t left = cron.minutes >> least << least;
    if (left != 0) return hour * 60 + std::countr_zero(left);
  }
  return std::nullopt;
}

// The last one that is not after `until`.
std::optional<int> LastMinute(const Cron& cron, int until) {
  for (int hour = until / 60; hour >= 0; --hour) {
    if (((cron.hours >> hour) & 1U) == 0) continue;
    const int most = hour == until / 60 ? until % 60 : 59;
    const uint64_t left = cron.minutes & ((uint64_t{2} << most) - 1);
    if (left != 0) return hour * 60 + static_cast<int>(std::bit_width(left)) - 1;
  }
  return std::nullopt;
}

int MinuteOfDay(absl::CivilMinute minute) { return minute.hour() * 60 + minute.minute(); }

std::optional<absl::CivilMinute> NextAfter(const Cron& cron, absl::CivilMinute minute) {
  const absl::CivilMinute begin = minute + 1;
  const absl::CivilDay last = absl::CivilDay(begin) + kFarthestDays;
  int from = MinuteOfDay(begin);
  for (absl::CivilDay day(begin); day <= last;) {
    if (OnDay(cron, day)) {
      if (const auto found = FirstMinute(cron, from)) return absl::CivilMinute(day) + *found;
    }
    from = 0;
    day = InMonth(cron, day) ? day + 1 : absl::CivilDay(absl::CivilMonth(day) + 1);
  }
  return std::nullopt;
}

std::optional<absl::CivilMinute> LastUntil(const Cron& cron, absl::CivilMinute minute) {
  // Two more than can hold: a day for the zone, one for the rest of today.
  const absl::CivilDay first = absl::CivilDay(minute) - 368;
  int until = MinuteOfDay(minute);
  for (absl::CivilDay day(minute); day >= first;) {
    if (OnDay(cron, day)) {
      if (const auto found = LastMinute(cron, until)) return absl::CivilMinute(day) + *found;
    }
    until = 24 * 60 - 1;
    day = (InMonth(cron, day) ? day : absl::CivilDay(absl::CivilMonth(day))) - 1;
  }
  return std::nullopt;
}

// The first moment at which the zone's clock shows `minute` or a later time.
int64_t Moment(absl::TimeZone zone, absl::CivilMinute minute) {
  const absl::TimeZone::TimeInfo info = zone.At(absl::CivilSecond(minute));
  const bool jumped_over = info.kind == absl::TimeZone::TimeInfo::SKIPPED;
  return absl::ToUnixSeconds(jumped_over ? info.trans : info.pre);
}

struct Moments {
  std::optional<int64_t> last;  // at or before now
  std::optional<int64_t> next;  // after now
};

Moments Around(const Rule& rule, int64_t now) {
  const absl::CivilMinute shown(rule.zone.At(absl::FromUnixSeconds(now)).cs);
  const auto last = LastUntil(rule.cron, shown);
  Moments moments;
  if (last) moments.last = Moment(rule.zone, *last);
  // While an hour runs for the second time, the clock shows less than it has shown before: times
  // ahead of it are past.
  for (auto next = NextAfter(rule.cron, shown); next; next = NextAfter(rule.cron, *next)) {
    const int64_t moment = Moment(rule.zone, *next);
    if (moment > now) {
      moments.next = moment;
      break;
    }
    moments.last = moment;
  }
  if (moments.last && now - *moments.last > kLongestHoldSeconds) moments.last.reset();
  return moments;
}

}  // namespace

struct Schedule::Impl {
  std::vector<Rule> rules;
};

Schedule::Schedule() : impl_(std::make_unique<Impl>()) {}
Schedule::Schedule(Schedule&&) noexcept = default;
Schedule& Schedule::operator=(Schedule&&) noexcept = default;
Schedule::~Schedule() = default;

Result<Schedule> Schedule::Parse(const std::vector<ScheduleRule>& rules) {
  Schedule schedule;
  for (const ScheduleRule& rule : rules) {
    Result<Cron> cron = ParseCron(rule.cron);
    if (!cron) {
      return Fail(Code::kInvalidArgument, "cannot read the cron \"{}\": {}", rule.cron,
                  cron.error().message);
    }
    absl::TimeZone zone;
    if (!IsTimeZoneName(rule.timezone) || !absl::LoadTimeZone(rule.timezone, &zone)) {
      return Fail(Code::kInvalidArgument,
                  "cannot find the time zone \"{}\": it must be an IANA name such as "
                  "\"Europe/Paris\" or \"UTC\", and this machine must have zone files (the package "
                  "tzdata)",
                  rule.timezone);
    }
    schedule.impl_->rules.push_back({*cron, zone, rule.floor});
  }
  return schedule;
}

Schedule::InForce Schedule::At(int64_t unix_s) const {
  constexpr int64_t kYear9900 = 250'247'404'800;  // beyond it, days might run out of Abseil's range
  const int64_t now = std::clamp<int64_t>(unix_s, 0, kYear9900);
  InForce in_force;
  int64_t since = 0;
  for (size_t i = 0; i < impl_->rules.size(); ++i) {
    const Rule& rule = impl_->rules[i];
    const Moments moments = Around(rule, now);
    if (moments.last && (in_force.rule < 0 || *moments.last >= since)) {
      since = *moments.last;
      in_force.rule = static_cast<int>(i);
      in_force.floor = rule.floor;
    }
    const bool first = in_force.until_unix_s == 0;
    if (moments.next && (first || *moments.next < in_force.until_unix_s)) {
      in_force.until_unix_s = *moments.next;
    }
  }
  return in_force;
}

}  // namespace hearth::pool
