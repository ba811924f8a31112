// The spare policy under AWS's rules, with starts of 30 s to 5 minutes, late metrics and noise:
// what docs/ecs.md promises. Every choice that AWS leaves open is tried.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cmath>
#include <cstdio>

#include "ecs/scaling_test_support.h"

namespace hearth::ecs::testing {
namespace {

using std::chrono::seconds;

constexpr double kNoise = 0.15;
constexpr int kOutMinutes = 3;

struct Case {
  WorldOptions world;
  TrackingOptions rules;
};

Case MakeCase(int seed, int start_s, int delay, CapacityBase base, InCooldown in_cooldown) {
  Case made;
  made.world.seed = seed;
  made.world.start_most_s = start_s;
  made.world.metric_delay = delay;
  // What 4 with noise needs: nothing cools down when the step comes.
  made.world.min = made.world.desired = 6;
  made.rules.base = base;
  made.rules.in_cooldown_rule = in_cooldown;
  made.rules.out_cooldown = SpareOutCooldown(seconds(start_s));
  return made;
}

Case AnyCase() {
  return MakeCase(*rc::gen::inRange(1, 1'000'000), *rc::gen::inRange(30, 301),
                  *rc::gen::inRange(1, 3),
                  *rc::gen::element(CapacityBase::kDesired, CapacityBase::kRunning),
                  *rc::gen::element(InCooldown::kLargerPasses, InCooldown::kNothingPasses));
}

// By how many tasks `desired` was ever over what the busiest minute so far needed.
int Overshoot(const std::vector<Minute>& history, const WorldOptions& world) {
  int most = -world.max;
  double peak = 0;
  for (const Minute& minute : history) {
    peak = std::max(peak, minute.demand);
    const int needed = std::max({NeededReplicas(peak, world.spare), world.min, world.desired});
    most = std::max(most, minute.desired - needed);
  }
  return most;
}

// Minutes from `at` until as many tasks run as the minute's demand takes; none: never.
std::optional<double> MinutesToCatchUp(const std::vector<Minute>& history, double at) {
  for (size_t i = 0; i < history.size(); ++i) {
    const double end = static_cast<double>(i + 1);
    if (end > at + 1 && history[i].running >= history[i].demand) return end - at;
  }
  return std::nullopt;
}

auto StepAt(double at, double from, double to) {
  return [=](double minute) { return minute < at ? from : to; };
}

// What the issue asks: two rounds of the alarm, the start, and the minute that a change cuts.
double CatchUpMost(const WorldOptions& world) {
  return 2 * (kOutMinutes + world.metric_delay) + world.start_most_s / 60.0 + 1;
}

// Without noise: with it, about one step in 2000 is measured so low that a second round must mend
// it. Figures, below, has noise and seeds that stay the same.
RC_GTEST_PROP(SpareScaling, CatchesUpWithFourToTwentyAndStopsThere, ()) {
  Case c = AnyCase();
  const double at = 20 + *rc::gen::inRange(0, 6) / 6.0;
  const auto history = RunWorld(c.world, 120, StepAt(at, 4, 20), Tracked(c.rules, c.world));
  const auto caught = MinutesToCatchUp(history, at);
  RC_ASSERT(caught.has_value());
  RC_ASSERT(*caught <= CatchUpMost(c.world));
  RC_ASSERT(Overshoot(history, c.world) <= 1);
}

RC_GTEST_PROP(SpareScaling, NeverOvershootsAnyStepByMoreThanOneTask, ()) {
  Case c = AnyCase();
  const auto from = *rc::gen::inRange(0, 100) / 10.0;
  const auto to = from + *rc::gen::inRange(0, 400) / 10.0;
  c.world.spare = *rc::gen::inRange(0, 5);
  c.world.min = 1;
  c.world.desired = NeededReplicas(from * (1 + kNoise), c.world.spare) + 1;
  c.world.minute_noise = *rc::gen::element(0.0, kNoise);
  c.world.slot_noise = *rc::gen::element(0.0, kNoise);
  const auto history = RunWorld(c.world, 180, StepAt(20, from, to), Tracked(c.rules, c.world));
  RC_ASSERT(Overshoot(history, c.world) <= 1);
}

RC_GTEST_PROP(SpareScaling, NeverRunsAwayWhateverTheDemandDoes, ()) {
  Case c = AnyCase();
  c.world.min = 1;
  c.world.minute_noise = kNoise;
  const int length = *rc::gen::inRange(1, 40);  // of a phase, in minutes
  const auto levels = *rc::gen::container<std::vector<int>>(8, rc::gen::inRange(0, 30));
  const auto demand = [&](double minute) {
    return static_cast<double>(levels[static_cast<size_t>(minute / length) % levels.size()]);
  };
  const auto history = RunWorld(c.world, 320, demand, Tracked(c.rules, c.world));
  RC_ASSERT(Overshoot(history, c.world) <= 1);
}

RC_GTEST_PROP(SpareScaling, ScalesInToWhatIsNeededButForTheDeadBand, ()) {
  Case c = AnyCase();
  c.world.min = 2;
  c.world.desired = 21;
  const int rest = *rc::gen::inRange(1, 15);
  const auto history = RunWorld(c.world, 180, StepAt(20, 20, rest), Tracked(c.rules, c.world));
  const int needed = NeededReplicas(rest, c.world.spare);
  RC_ASSERT(history.back().desired >= needed);
  RC_ASSERT(needed >= 0.9 * history.back().desired);
  // Not before 15 minutes said so.
  RC_ASSERT(history[static_cast<size_t>(20 + 13)].desired == 21);
}

RC_GTEST_PROP(SpareScaling, WithoutDataNothingIsDone, ()) {
  Case c = AnyCase();
  c.world.metrics_lost_from = 0;
  const auto to = *rc::gen::inRange(0, 40);
  const auto history = RunWorld(c.world, 120, StepAt(20, 4, to), Tracked(c.rules, c.world));
  for (const Minute& minute : history) RC_ASSERT(minute.desired == c.world.desired);
}

RC_GTEST_PROP(SpareScaling, GoesOnWhenDataComesBack, ()) {
  Case c = AnyCase();
  c.world.metrics_lost_from = 15;
  c.world.metrics_lost_to = 40;
  const auto history = RunWorld(c.world, 120, StepAt(20, 4, 20), Tracked(c.rules, c.world));
  for (int i = 15 + c.world.metric_delay; i < 40; ++i) {
    RC_ASSERT(history[static_cast<size_t>(i)].desired ==
              history[static_cast<size_t>(i) - 1].desired);
  }
  const auto caught = MinutesToCatchUp(history, 40);
  RC_ASSERT(caught.has_value());
  RC_ASSERT(*caught <= CatchUpMost(c.world));
}

// Why the cooldown must be longer than the start: the simulation can show a runaway.
TEST(SpareScaling, RunsAwayWhenTheCooldownEndsBeforeTheStart) {
  Case c = MakeCase(1, 300, 1, CapacityBase::kDesired, InCooldown::kLargerPasses);
  c.world.start_least_s = 300;
  c.rules.out_cooldown = seconds(60);
  const auto history = RunWorld(c.world, 120, StepAt(20, 4, 20), Tracked(c.rules, c.world));
  EXPECT_GT(Overshoot(history, c.world), 20);
  c.rules.out_cooldown = SpareOutCooldown(seconds(300));
  const auto with = RunWorld(c.world, 120, StepAt(20, 4, 20), Tracked(c.rules, c.world));
  EXPECT_LE(Overshoot(with, c.world), 1);
}

struct Figures {
  double mean = 0, most = 0;
  int over = 0, over_by_two = 0, runs = 0;
};

// `quiet`: nothing cools down when the step comes; otherwise noise may just have asked for one
// more.
Figures Measure(int start_s, int delay, InCooldown rule, bool quiet, double sample_noise = 0) {
  Figures figures;
  for (int seed = 1; seed <= 100; ++seed) {
    Case c = MakeCase(seed, start_s, delay, CapacityBase::kDesired, rule);
    if (!quiet) c.world.min = c.world.desired = 5;
    c.world.slot_noise = kNoise;
    c.world.sample_noise = sample_noise;
    const double at = 20 + seed % 6 / 6.0;
    const auto history = RunWorld(c.world, 90, StepAt(at, 4, 20), Tracked(c.rules, c.world));
    const double caught = MinutesToCatchUp(history, at).value_or(1e9);
    const int over = Overshoot(history, c.world);
    figures.mean += caught;
    figures.most = std::max(figures.most, caught);
    figures.over = std::max(figures.over, over);
    figures.over_by_two += over >= 2 ? 1 : 0;
    ++figures.runs;
  }
  figures.mean /= figures.runs;
  return figures;
}

// Prints what docs/ecs.md says, and holds it to the bounds said there.
TEST(SpareScaling, Figures) {
  for (const int start : {30, 120, 300}) {
    for (const int delay : {1, 2}) {
      for (const InCooldown rule : {InCooldown::kLargerPasses, InCooldown::kNothingPasses}) {
        const Figures f = Measure(start, delay, rule, true);
        const Figures busy = Measure(start, delay, rule, false);
        std::printf(
            "4 to 20, start 30-%d s, metrics %d min late, %s: mean %.1f, most %.1f min, "
            "over %d; in a cooldown: most %.1f min, over %d\n",
            start, delay, rule == InCooldown::kLargerPasses ? "larger passes" : "nothing passes",
            f.mean, f.most, f.over, busy.most, busy.over);
        EXPECT_LE(f.most, 2 * (kOutMinutes + delay) + start / 60.0 + 1);
        EXPECT_LE(f.over, 1);
        // A smaller scale-out just before may hold the step up for its cooldown.
        const double cooldown = static_cast<double>(SpareOutCooldown(seconds(start)).count()) / 60;
        EXPECT_LE(busy.most, 2 * (kOutMinutes + delay) + start / 60.0 + 1 + cooldown);
        EXPECT_LE(busy.over, 1);
      }
    }
  }
  // What exact integrals save: samples that are each off by 15 % would now and then mean two tasks
  // too many.
  const Figures off = Measure(120, 1, InCooldown::kLargerPasses, true, kNoise);
  std::printf("each sample off by 15 %%: over %d, by two in %d of %d\n", off.over, off.over_by_two,
              off.runs);
  EXPECT_LE(off.over, 2);
  EXPECT_LE(off.over_by_two, off.runs / 20);
}

}  // namespace
}  // namespace hearth::ecs::testing
