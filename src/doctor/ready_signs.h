// What says that tasks which run do not get ready: targets, events, checks. Pure.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "doctor/check.h"

namespace hearth::doctor {

struct ReadySigns {
  std::vector<std::string> lines;  // evidence
  std::set<int> codes;             // what the check was answered: 404, 503
  bool timed_out = false;          // it was not answered at all
  int healthy = 0, unhealthy = 0;  // targets; tasks where there is no target group
  int starting = 0;                // not judged yet
  int ended = 0;                   // tasks that a health check has ended
};

ReadySigns ReadySignsOf(const Facts& facts);

}  // namespace hearth::doctor
