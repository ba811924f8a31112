// Tasks that were told to stop and had not ended within stopTimeout: SIGKILL, exit code 137, with
// no OutOfMemoryError. What they worked on was cut.
#include <fmt/format.h>

#include <algorithm>

#include "doctor/checks.h"
#include "doctor/finding.h"
#include "doctor/setup.h"
#include "doctor/task.h"

namespace hearth::doctor {
namespace {

constexpr double kStopTimeoutMax = 120;

}  // namespace

std::vector<Finding> CheckForcedStop(const Facts& facts) {
  if (!facts.live) return {Skip(WhyNotLive(facts))};
  const std::string not_seen = WhyNotSeen(facts, "stopped tasks");
  if (!not_seen.empty()) return {Skip(not_seen)};
  const std::vector<Task> stopped = StoppedTasks(facts);
  const std::vector<Task> forced = Only(stopped, End::kForced);
  if (forced.empty()) {
    return {Ok(fmt::format("none of {} was",
                           Count(static_cast<int64_t>(stopped.size()), "stopped task")))};
  }
  const std::vector<Setup> setups = SetupsOf(facts);
  const bool known = !setups.empty() && setups.back().live;
  const double timeout = known ? setups.back().StopTimeout() : 30;
  std::vector<std::string> evidence = Lines(forced);
  evidence.push_back(
      fmt::format("exit code 137 without OutOfMemoryError after {}: SIGKILL at the end "
                  "of stopTimeout, {} s",
                  forced[0].stop_code, timeout));
  const std::string fix =
      timeout < kStopTimeoutMax
          ? SetKey("ecs", "stop_timeout", "\"120s\"") + ", and let the server end at SIGTERM"
          : "let the server end at SIGTERM (a shell as the first process does not pass it on: use "
            "`exec`), and lower `[gateway] request_timeout` below stopTimeout";
  return {Ng(fmt::format("{} of {} killed at the end of stopTimeout", forced.size(),
                         Count(static_cast<int64_t>(stopped.size()), "stopped task")),
             std::move(evidence), fix)};
}

}  // namespace hearth::doctor
