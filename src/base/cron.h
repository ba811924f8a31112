// Cron: the five fields of crontab(5), read. Which days and minutes they name; no clock, no zone.
//
// Source: crontab(5) of Debian's cron. `*`, numbers, names (jan, mon; any case), ranges, lists,
// steps (`*/5`, `8-18/2`). Day 7 is Sunday too. When neither day field begins with `*`, either is
// enough; else both must hold. Not taken: macros (@daily), steps after one number, ranges that wrap
// round. Beyond crontab(5): ranges of names (`mon-fri`).
#pragma once

#include <cstdint>
#include <string_view>

#include "base/result.h"

namespace hearth {

// One bit a value.
struct Cron {
  uint64_t minutes = 0;   // 0 … 59
  uint64_t hours = 0;     // 0 … 23
  uint64_t days = 0;      // 1 … 31
  uint64_t months = 0;    // 1 … 12
  uint64_t weekdays = 0;  // 0 … 6, 0 is Sunday
  bool either_day = false;

  bool OnDay(int month, int day, int weekday) const;
};

// kInvalidArgument naming the field, its text and what is expected; also for a date that never
// comes (30 February).
Result<Cron> ParseCron(std::string_view text);

// Whether `name` has the form of an IANA zone ("Europe/Paris", "UTC"), so that it is never a path
// out of the zone folder. Not whether there is one.
bool IsTimeZoneName(std::string_view name);

}  // namespace hearth
