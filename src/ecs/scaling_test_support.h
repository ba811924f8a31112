// For the tests of scaling: a service on a virtual clock, in slots of 10 s. Tasks start late, print
// what they carry, and CloudWatch hands it over late; a policy decides once a minute.
#pragma once

#include <algorithm>
#include <functional>
#include <optional>
#include <random>
#include <vector>

#include "ecs/alarm_simulation.h"
#include "ecs/spare_policy.h"

namespace hearth::ecs::testing {

struct WorldOptions {
  int seed = 1;
  int start_least_s = 30;  // from the decision to the first sample, for each task
  int start_most_s = 300;
  int metric_delay = 1;     // minutes until CloudWatch has a minute's value
  double minute_noise = 0;  // each minute's demand is off by up to this share
  double slot_noise = 0;    // each slot's is
  double sample_noise = 0;  // each sample misses what is carried by up to this share
  int spare = 1;
  int min = 2, max = 100, desired = 5;
  double metrics_lost_from = 1e9, metrics_lost_to = 1e9;  // minutes
};

struct Minute {
  double demand = 0;  // mean of its slots, noise included
  int running = 0;    // at its end
  int desired = 0;
  double load = 0, samples = 0;  // SUM and SAMPLE_COUNT
};

// `decide` sees the newest minute that CloudWatch has (none: lost, or none yet), desired and
// running.
using Decide = std::function<int(const std::optional<Minute>& newest, int desired, double running)>;

inline std::vector<Minute> RunWorld(const WorldOptions& options, int minutes,
                                    const std::function<double(double minute)>& demand,
                                    const Decide& decide) {
  std::mt19937 random(static_cast<unsigned>(options.seed));
  const auto off = [&](double most) {
    return 1 + std::uniform_real_distribution<double>(-most, most)(random);
  };
  std::vector<int> starts(static_cast<size_t>(options.desired), -600);  // in seconds
  std::vector<Minute> history;
  for (int minute = 0; minute < minutes; ++minute) {
    Minute now;
    const double noise = off(options.minute_noise);
    for (int slot = 0; slot < kSamplesPerMinute; ++slot) {
      const int begin = minute * 60 + slot * 10;
      const double load = demand(begin / 60.0) * noise * off(options.slot_noise);
      now.demand += load / kSamplesPerMinute;
      now.running = static_cast<int>(
          std::count_if(starts.begin(), starts.end(), [&](int at) { return at <= begin; }));
      for (int task = 0; task < now.running; ++task) {
        now.load += load / now.running * off(options.sample_noise);
        now.samples += 1;
      }
    }
    history.push_back(now);
    const int newest = minute - options.metric_delay;
    const bool lost =
        newest < 0 || (newest >= options.metrics_lost_from && newest < options.metrics_lost_to);
    std::optional<Minute> seen;
    if (!lost) seen = history[static_cast<size_t>(newest)];
    const int end = (minute + 1) * 60;
    const auto running =
        std::count_if(starts.begin(), starts.end(), [&](int at) { return at <= end; });
    const int desired = decide(seen, static_cast<int>(starts.size()), static_cast<double>(running));
    std::sort(starts.begin(), starts.end());
    starts.resize(
        std::min(starts.size(), static_cast<size_t>(desired)));  // the last to start go first
    while (starts.size() < static_cast<size_t>(desired)) {
      starts.push_back(end + std::uniform_int_distribution<int>(options.start_least_s,
                                                                options.start_most_s)(random));
    }
    history.back().desired = desired;
  }
  return history;
}

// The spare policy under AWS's rules.
inline Decide Tracked(const TrackingOptions& options, const WorldOptions& world) {
  return [scaling = ServiceScaling({options}, world.min, world.max, world.desired),
          spare = world.spare](const std::optional<Minute>& newest, int, double running) mutable {
    std::optional<double> ratio;
    if (newest && newest->samples > 0) {
      ratio = NeededReplicas(newest->load / kSamplesPerMinute, spare) /
              (newest->samples / kSamplesPerMinute);
    }
    return scaling.Step(std::span(&ratio, 1), running);
  };
}

}  // namespace hearth::ecs::testing
