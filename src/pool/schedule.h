// Schedule: which floor holds at which time of day. Cron with time zones; pure given the clock's
// time.
//
// Source: crontab(5) for the five fields (base/cron.h). An entry holds from each of its times until
// the next time of any entry; of entries with the same time, the last in the list holds. Before the
// first time ever, the latest one in the past 366 days holds. Daylight saving: a time that does not
// exist that day counts as the moment the clock jumps; one that exists twice counts the first time.
//
// Zones come from the machine's zone files (Debian's tzdata), read by Parse and not again.
// Immutable afterwards; any thread.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace hearth::pool {

struct ScheduleRule {
  std::string cron;
  std::string timezone;  // IANA name, or "UTC"
  int floor = 0;
};

class Schedule {
 public:
  // kInvalidArgument naming the field or zone that is wrong, with what is expected.
  static Result<Schedule> Parse(const std::vector<ScheduleRule>& rules);
  Schedule();  // empty: no rule ever holds
  Schedule(Schedule&&) noexcept;
  Schedule& operator=(Schedule&&) noexcept;
  ~Schedule();

  struct InForce {
    int rule = -1;  // index; −1: none
    int floor = 0;
    int64_t until_unix_s = 0;  // when the next rule begins; 0: never
  };
  InForce At(int64_t unix_s) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace hearth::pool
