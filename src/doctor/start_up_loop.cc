#include "doctor/start_up_loop.h"

#include <fmt/format.h>

#include <algorithm>

#include "aws/document.h"
#include "doctor/finding.h"
#include "doctor/load_time.h"
#include "doctor/setup.h"

namespace hearth::doctor {
namespace {

// When a check that never succeeds ends a task, and what a life may differ from it by.
struct Moment {
  double seconds = 0, early = 0, late = 0, covered = 0;
  std::string words;

  bool Fits(double life) const { return life >= seconds - early && life <= seconds + late; }
};

std::vector<Moment> MomentsOf(const Setup& setup) {
  std::vector<Moment> moments;
  const double grace = setup.Grace();
  const Setup::ContainerCheck check = setup.Check();
  if (check.retries > 0) {
    const double own = check.start_period + check.retries * check.interval;
    const double slack = check.interval + check.timeout;
    moments.push_back({std::max(own, grace), slack, 2 * slack, std::max(check.start_period, grace),
                       fmt::format("startPeriod {:.0f} s + {} × {:.0f} s = {:.0f} s",
                                   check.start_period, check.retries, check.interval, own)});
    if (grace > own) moments.back().words += fmt::format(", grace {:.0f} s", grace);
  }
  if (setup.HasBalancer()) {
    const double times = aws::NumberOf(setup.target_group, "UnhealthyThresholdCount").value_or(2);
    const double interval =
        aws::NumberOf(setup.target_group, "HealthCheckIntervalSeconds").value_or(30);
    moments.push_back(
        {std::max(times * interval, grace), interval, 2 * interval, grace,
         fmt::format("grace {:.0f} s, target group {:.0f} × {:.0f} s", grace, times, interval)});
  }
  return moments;
}

}  // namespace

StartUpLoop FindStartUpLoop(const Facts& facts) {
  StartUpLoop loop;
  loop.unhealthy = Only(StoppedTasks(facts), End::kUnhealthy);
  const std::vector<Setup> setups = SetupsOf(facts);
  if (setups.empty() || !setups.back().live) return loop;
  for (const Moment& moment : MomentsOf(setups.back())) {
    std::vector<Task> fits;
    for (const Task& task : loop.unhealthy) {
      const auto life = task.Lifetime();
      if (life && moment.Fits(*life)) fits.push_back(task);
    }
    if (fits.size() <= loop.on_time.size()) continue;
    loop.on_time = std::move(fits);
    loop.moment = moment.seconds;
    loop.covered = moment.covered;
    loop.moment_words = moment.words;
  }
  for (const Task& task : loop.on_time) {
    const double life = *task.Lifetime();
    loop.shortest = loop.shortest == 0 ? life : std::min(loop.shortest, life);
    loop.longest = std::max(loop.longest, life);
  }
  return loop;
}

bool LoadedInTime(const Facts& facts, const StartUpLoop& loop) {
  const auto load = SeenLoadTime(facts);
  return load && 2 * load->seconds <= loop.covered;
}

}  // namespace hearth::doctor
