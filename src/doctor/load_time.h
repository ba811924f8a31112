// How long a replica takes until its model serves: from the log, else from the file. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "doctor/check.h"

namespace hearth::doctor {

// What the seed's application and hearth's own server log when the model is in memory.
inline constexpr std::string_view kReadyLine = "Model loaded and ready to serve";

struct LoadTime {
  double seconds = 0;  // the longest that was seen
  std::string from;    // "log of task 0a1b: … 48 s after its start", "[replica] start_time"
};

// Of each log stream its ready line, after the task's startedAt, or after the stream's first line
// where the task is not known; hearth's own line says it itself. Without one: start_time, where
// hearth.toml says it.
std::optional<LoadTime> LoadTimeOf(const Facts& facts);
// The log's alone: what the file promises may be what does not hold.
std::optional<LoadTime> SeenLoadTime(const Facts& facts);

// 2 × the load time in whole seconds, at least 10.
int TwiceLoad(double seconds);

// Where to write a start time so that startPeriod and grace follow: [replica] start_time, or the
// key of [ecs] that overrides it.
std::string FixStartPeriod(const Facts& facts, double load_seconds);
std::string FixGrace(const Facts& facts, double load_seconds);

}  // namespace hearth::doctor
