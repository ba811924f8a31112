// Tasks that cycle between RUNNING and STOPPED since their check fails before the model is loaded:
// their lives are as long as startPeriod + retries × interval, and none was ever healthy. Told
// apart from a crash (the task ended by itself) and from a model that never loads (the log says
// why).
#include <fmt/format.h>

#include <algorithm>

#include "doctor/checks.h"
#include "doctor/finding.h"
#include "doctor/load_time.h"
#include "doctor/log_scan.h"
#include "doctor/setup.h"
#include "doctor/start_up_loop.h"

namespace hearth::doctor {
namespace {

constexpr int64_t kLargeModel = 1'000'000'000;
constexpr double kLargeModelLoad = 60;  // half of the least startPeriod for it

Finding JudgeLoop(const Facts& facts, const StartUpLoop& loop) {
  const auto load = SeenLoadTime(facts);
  std::vector<std::string> evidence = {fmt::format("lives of {} to {}: {}", InTime(loop.shortest),
                                                   InTime(loop.longest), loop.moment_words)};
  const std::vector<std::string> tasks = Lines(loop.on_time);
  evidence.insert(evidence.end(), tasks.begin(), tasks.end());
  double seconds = std::max(loop.longest, 1.0);
  if (load) {
    evidence.push_back(load->from);
    seconds = load->seconds;
  } else {
    evidence.push_back(
        fmt::format("no task has logged \"{}\": the load takes longer than that", kReadyLine));
  }
  const ModelFacts* model = facts.local && facts.local->model ? &*facts.local->model : nullptr;
  if (model != nullptr && model->bytes > kLargeModel) {
    evidence.push_back(fmt::format("the model has {}: over 1 GB startPeriod is 120 s or more",
                                   InGb(model->bytes)));
    if (!load) seconds = std::max(seconds, kLargeModelLoad);
  }
  return Ng(fmt::format("{} of {} ended by health checks while they load", loop.on_time.size(),
                        Count(static_cast<int64_t>(loop.unhealthy.size()), "unhealthy task")),
            std::move(evidence), FixStartPeriod(facts, seconds));
}

}  // namespace

std::vector<Finding> CheckStartUpLoop(const Facts& facts) {
  if (!facts.live) return {Skip(WhyNotLive(facts))};
  const std::string not_seen = WhyNotSeen(facts, "stopped tasks");
  if (!not_seen.empty()) return {Skip(not_seen)};
  const StartUpLoop loop = FindStartUpLoop(facts);
  if (loop.unhealthy.empty()) {
    return {Ok("no stopped task was ended by a health check",
               {"AWS forgets a stopped task after about an hour"})};
  }
  const std::string ended = fmt::format("{} ended by health checks",
                                        Count(static_cast<int64_t>(loop.unhealthy.size()), "task"));
  if (!loop.Matches()) {
    return {Ok(fmt::format("{}, but not at the end of their start period", ended),
               Lines(loop.unhealthy))};
  }
  if (!LoadErrors(facts).empty()) {
    return {Skip(fmt::format("{}, and the log has another reason: see never-ready", ended))};
  }
  if (LoadedInTime(facts, loop)) {
    return {Ok(fmt::format("{}, long after the model was loaded: see never-ready", ended),
               {SeenLoadTime(facts)->from, loop.moment_words})};
  }
  return {JudgeLoop(facts, loop)};
}

}  // namespace hearth::doctor
