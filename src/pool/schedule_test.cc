#include "pool/schedule.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <ctime>
#include <iterator>
#include <map>
#include <set>

namespace hearth::pool {
namespace {

using testing::HasSubstr;

constexpr int64_t kDay = 86'400;
constexpr int64_t kHour = 3600;

Schedule Parsed(const std::vector<ScheduleRule>& rules) {
  auto schedule = Schedule::Parse(rules);
  EXPECT_TRUE(schedule) << schedule.error().message;
  return schedule ? std::move(*schedule) : Schedule();
}

TEST(Schedule, EmptyNeverHolds) {
  const Schedule schedule;
  EXPECT_EQ(schedule.At(1'774'594'800).rule, -1);
  EXPECT_EQ(schedule.At(1'774'594'800).until_unix_s, 0);
}

TEST(Schedule, AnEntryHoldsUntilTheNextTimeOfAny) {
  // Working days 8 to 20 in Paris. 1774594800 is Friday 27 March 2026, 08:00 there.
  const Schedule schedule =
      Parsed({{"0 8 * * 1-5", "Europe/Paris", 4}, {"0 20 * * *", "Europe/Paris", 1}});
  const int64_t friday_8 = 1'774'594'800;
  const auto before = schedule.At(friday_8 - 1);
  EXPECT_EQ(before.rule, 1);
  EXPECT_EQ(before.floor, 1);
  EXPECT_EQ(before.until_unix_s, friday_8);
  const auto at = schedule.At(friday_8);
  EXPECT_EQ(at.rule, 0);
  EXPECT_EQ(at.floor, 4);
  EXPECT_EQ(at.until_unix_s, friday_8 + 12 * kHour);
  EXPECT_EQ(schedule.At(friday_8 + 12 * kHour).floor, 1);
  // Over the weekend, in which the clock goes forward: Monday's 8:00 is an hour early.
  const int64_t monday_8 = friday_8 + 3 * kDay - 3600;
  EXPECT_EQ(schedule.At(monday_8 - 1).floor, 1);
  EXPECT_EQ(schedule.At(monday_8).floor, 4);
}

TEST(Schedule, OfEntriesWithTheSameTimeTheLastHolds) {
  const Schedule schedule = Parsed({{"0 8 * * *", "UTC", 4}, {"0 8 * * 1", "UTC", 6}});
  const int64_t monday = 1'774'828'800;  // 30 March 2026, 00:00 UTC
  EXPECT_EQ(schedule.At(monday + 8 * kHour).rule, 1);
  EXPECT_EQ(schedule.At(monday + kDay + 8 * kHour).rule, 0);
  EXPECT_EQ(schedule.At(monday - 3600).rule, 0);
}

TEST(Schedule, WhatIsOlderThan366DaysDoesNotHold) {
  const Schedule leap = Parsed({{"0 0 29 2 *", "UTC", 3}});
  const int64_t leap_day_2028 = 1'835'395'200;
  EXPECT_EQ(leap.At(leap_day_2028).rule, 0);
  EXPECT_EQ(leap.At(leap_day_2028 + 366 * kDay).rule, 0);
  EXPECT_EQ(leap.At(leap_day_2028 + 366 * kDay + 1).rule, -1);
  EXPECT_EQ(leap.At(leap_day_2028 + 366 * kDay + 1).until_unix_s, leap_day_2028 + 1461 * kDay);
  EXPECT_EQ(leap.At(leap_day_2028 - 1).rule, -1);
  // 29 February and a Sunday (`*/7` begins with a star, so both must hold): 2032, then 2060.
  const Schedule sunday = Parsed({{"0 0 29 2 */7", "UTC", 3}});
  const int64_t in_2032 = 1'961'625'600;
  EXPECT_EQ(sunday.At(leap_day_2028).until_unix_s, in_2032);
  EXPECT_EQ(sunday.At(in_2032).until_unix_s, in_2032 + int64_t{28} * 1461 / 4 * kDay);
}

struct DstCase {
  const char* name;
  const char* zone;
  const char* cron;
  std::vector<int64_t> times;  // all of them from the first to the last
};

void PrintTo(const DstCase& dst, std::ostream* out) { *out << dst.name; }

class DaylightSaving : public testing::TestWithParam<DstCase> {};

// The moments are those of Python's zoneinfo, `int(datetime(…,
// tzinfo=ZoneInfo(zone)).timestamp())`.
TEST_P(DaylightSaving, TimesThatAreMissingOrTwice) {
  const Schedule schedule = Parsed({{GetParam().cron, GetParam().zone, 1}});
  const auto& times = GetParam().times;
  for (size_t i = 0; i + 1 < times.size(); ++i) {
    EXPECT_EQ(schedule.At(times[i]).until_unix_s, times[i + 1]) << "after " << times[i];
    EXPECT_EQ(schedule.At(times[i + 1] - 1).until_unix_s, times[i + 1]);
  }
}

INSTANTIATE_TEST_SUITE_P(
    All, DaylightSaving,
    testing::Values(
        // 28, 29 (02:30 is missing: 03:00, the jump) and 30 March 2026.
        DstCase{"ParisForward",
                "Europe/Paris",
                "30 2 * * *",
                {1'774'661'400, 1'774'746'000, 1'774'830'600}},
        // Both times of the missing hour are the jump; after it comes 03:30.
        DstCase{
            "ParisForwardOften", "Europe/Paris", "0,30 2,3 29 3 *", {1'774'746'000, 1'774'747'800}},
        // 24, 25 (02:30 comes twice: the first) and 26 October 2026.
        DstCase{"ParisBack",
                "Europe/Paris",
                "30 2 * * *",
                {1'792'801'800, 1'792'888'200, 1'792'978'200}},
        DstCase{"NewYorkForward",
                "America/New_York",
                "30 2 * * *",
                {1'772'868'600, 1'772'953'200, 1'773'037'800}},
        DstCase{"NewYorkBack", "America/New_York", "30 1 * * *", {1'793'511'000, 1'793'601'000}},
        // Half an hour: 02:15 is missing on 4 October; 01:45 comes twice on 5 April.
        DstCase{"LordHoweForward",
                "Australia/Lord_Howe",
                "15 2 * * *",
                {1'790'955'900, 1'791'041'400, 1'791'126'900}},
        DstCase{
            "LordHoweBack", "Australia/Lord_Howe", "45 1 * * *", {1'775'313'900, 1'775'402'100}}),
    [](const auto& info) { return info.param.name; });

TEST(Schedule, EveryMinuteOfARepeatedHourIsPast) {
  const Schedule schedule = Parsed({{"* * * * *", "Europe/Paris", 1}});
  const int64_t back = 1'792'890'000;  // 03:00 becomes 02:00
  EXPECT_EQ(schedule.At(back - 1).until_unix_s, back + 3600) << "03:00, for the first time";
  EXPECT_EQ(schedule.At(back + 1800).until_unix_s, back + 3600);
}

TEST(Schedule, WhatIsWrongIsNamed) {
  const auto message = [](const char* cron, const char* zone) {
    const auto schedule = Schedule::Parse({{"0 0 * * *", "UTC", 1}, {cron, zone, 1}});
    return schedule ? std::string("none") : schedule.error().message;
  };
  EXPECT_THAT(message("0 24 * * *", "UTC"),
              testing::AllOf(HasSubstr("\"0 24 * * *\""), HasSubstr("hour \"24\"")));
  for (const char* zone : {"Europe/Pari", "../../etc/passwd", "/etc/localtime", "", "Europe"}) {
    EXPECT_THAT(message("0 0 * * *", zone),
                testing::AllOf(HasSubstr('"' + std::string(zone) + '"'), HasSubstr("IANA")))
        << zone;
  }
}

TEST(Schedule, AnyClockIsAnswered) {
  const Schedule schedule = Parsed({{"0 0 29 2 0", "Pacific/Apia", 1}, {"0 0 1 1 *", "UTC", 2}});
  for (const int64_t at : {INT64_MIN, int64_t{-1}, int64_t{0}, int64_t{1} << 40, INT64_MAX}) {
    EXPECT_GE(schedule.At(at).rule, 0) << at;
  }
}

// The oracle: walks two years minute by minute with the C library's zones, and matches sets that
// were never text.
constexpr int64_t kWalkBegin = 1'735'689'600;  // 1 January 2025, UTC
constexpr int64_t kWalkEnd = kWalkBegin + 730 * kDay;
constexpr int64_t kQuarter = 900;  // every change of these zones falls on one

// Offsets from UTC, one a quarter of an hour.
const std::vector<int64_t>& Offsets(const std::string& zone) {
  static std::map<std::string, std::vector<int64_t>> known;
  auto& offsets = known[zone];
  if (!offsets.empty()) return offsets;
  ::setenv("TZ", zone.c_str(), 1);
  ::tzset();
  for (int64_t at = kWalkBegin; at < kWalkEnd; at += kQuarter) {
    std::tm local{};
    const std::time_t time = at;
    ::localtime_r(&time, &local);
    offsets.push_back(local.tm_gmtoff);
  }
  return offsets;
}

struct Sets {
  std::set<int> minutes, hours, days, months, weekdays;  // days and weekdays empty: a star

  bool Match(const std::tm& at) const {
    const bool day = days.contains(at.tm_mday);
    const bool weekday = weekdays.contains(at.tm_wday);
    const bool on =
        days.empty() ? weekdays.empty() || weekday : day || (!weekdays.empty() && weekday);
    return on && minutes.contains(at.tm_min) && hours.contains(at.tm_hour) &&
           months.contains(at.tm_mon + 1);
  }
};

std::string Text(const std::set<int>& values) {
  if (values.empty()) return "*";
  std::string text;
  for (const int value : values) text += fmt::format("{}{}", text.empty() ? "" : ",", value);
  return text;
}

// Every moment of the walk at which the cron is due: the clock shows a minute that it has not shown
// before, or jumps over some.
std::set<int64_t> Due(const Sets& sets, const std::vector<int64_t>& offsets) {
  std::set<int64_t> due;
  int64_t shown = kWalkBegin + offsets[0] - 60;
  for (int64_t at = kWalkBegin; at < kWalkEnd; at += 60) {
    const int64_t clock = at + offsets[static_cast<size_t>((at - kWalkBegin) / kQuarter)];
    for (int64_t minute = shown + 60; minute <= clock; minute += 60) {
      std::tm civil{};
      const std::time_t time = minute;
      ::gmtime_r(&time, &civil);
      if (sets.Match(civil)) due.insert(at);
    }
    shown = std::max(shown, clock);
  }
  return due;
}

rc::Gen<std::set<int>> SomeOf(int least, int end, int most) {
  return rc::gen::map(
      rc::gen::resize(most, rc::gen::container<std::vector<int>>(rc::gen::inRange(least, end))),
      [least](const std::vector<int>& values) {
        std::set<int> set(values.begin(), values.end());
        if (set.empty()) set.insert(least);
        return set;
      });
}

Sets AnySets() {
  Sets sets{.minutes = *SomeOf(0, 60, 4),
            .hours = *SomeOf(0, 24, 4),
            .days = {},
            .months = *SomeOf(1, 13, 12),
            .weekdays = {}};
  if (*rc::gen::arbitrary<bool>()) sets.hours.insert({1, 2, 3});  // where clocks change
  if (*rc::gen::arbitrary<bool>()) sets.days = *SomeOf(1, 29, 6);
  if (*rc::gen::arbitrary<bool>()) sets.weekdays = *SomeOf(0, 7, 4);
  return sets;
}

RC_GTEST_PROP(Schedule, IsWhatAWalkMinuteByMinuteFinds, ()) {
  const auto zones = rc::gen::element<std::string>("UTC", "Europe/Paris", "America/New_York",
                                                   "Australia/Lord_Howe", "Asia/Kathmandu",
                                                   "America/Santiago", "Africa/Casablanca");
  std::vector<ScheduleRule> rules;
  std::vector<std::set<int64_t>> due;
  for (int i = *rc::gen::inRange(1, 4); i > 0; --i) {
    const Sets sets = AnySets();
    const std::string zone = *zones;
    rules.push_back({fmt::format("{} {} {} {} {}", Text(sets.minutes), Text(sets.hours),
                                 Text(sets.days), Text(sets.months), Text(sets.weekdays)),
                     zone, i});
    due.push_back(Due(sets, Offsets(zone)));
  }
  const auto schedule = Schedule::Parse(rules);
  RC_ASSERT(schedule.has_value());
  for (int64_t at = kWalkBegin + 367 * kDay; at < kWalkEnd; at += 17 * 3600 + 61) {
    int rule = -1;
    int64_t since = 0;
    int64_t until = 0;
    for (size_t i = 0; i < due.size(); ++i) {
      const auto next = due[i].upper_bound(at);
      if (next != due[i].end() && (until == 0 || *next < until)) until = *next;
      if (next == due[i].begin() || at - *std::prev(next) > 366 * kDay) continue;
      if (*std::prev(next) >= since) rule = static_cast<int>(i);
      since = std::max(since, *std::prev(next));
    }
    const auto found = schedule->At(at);
    RC_ASSERT(found.rule == rule);
    if (until != 0) RC_ASSERT(found.until_unix_s == until);
    if (until == 0) RC_ASSERT(found.until_unix_s == 0 || found.until_unix_s >= kWalkEnd);
    // Right at the change, and a second before it.
    if (until != 0) RC_ASSERT(schedule->At(until).until_unix_s > until);
    if (until != 0) RC_ASSERT(schedule->At(until - 1).rule == rule);
  }
}

}  // namespace
}  // namespace hearth::pool
