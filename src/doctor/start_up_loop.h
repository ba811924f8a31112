// Tasks that a health check ends while they still load, again and again. Pure.
#pragma once

#include <string>
#include <vector>

#include "doctor/check.h"
#include "doctor/task.h"

namespace hearth::doctor {

struct StartUpLoop {
  std::vector<Task> unhealthy;       // ended by a health check
  std::vector<Task> on_time;         // of them, those whose life lasted about as long as `moment`
  double moment = 0;                 // startPeriod + retries × interval, or of the target group
  double covered = 0;                // of it, the time in which failed checks do not count
  std::string moment_words;          // "startPeriod 30 s + 3 × 15 s = 75 s"
  double shortest = 0, longest = 0;  // lives of on_time

  // At least two lives, and most of them, ended on time.
  bool Matches() const { return on_time.size() >= 2 && 2 * on_time.size() > unhealthy.size(); }
};

StartUpLoop FindStartUpLoop(const Facts& facts);

// The log shows a load that is over well before failed checks count: something else fails.
bool LoadedInTime(const Facts& facts, const StartUpLoop& loop);

}  // namespace hearth::doctor
