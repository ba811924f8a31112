#include "ecs/alarm_simulation.h"

#include <gtest/gtest.h>

namespace hearth::ecs {
namespace {

using std::chrono::seconds;

constexpr std::optional<double> kNone;

// One policy; each metric is a minute. Returns desired after each.
std::vector<int> Steps(ServiceScaling& scaling, const std::vector<std::optional<double>>& metrics,
                       double running) {
  std::vector<int> desired;
  for (const auto& metric : metrics)
    desired.push_back(scaling.Step(std::span(&metric, 1), running));
  return desired;
}

std::vector<std::optional<double>> Times(int count, std::optional<double> value) {
  return std::vector<std::optional<double>>(static_cast<size_t>(count), value);
}

TEST(TargetTracking, ScalesOutAfterThreeMinutesOverTheTarget) {
  ServiceScaling scaling({{}}, 1, 100, 4);
  EXPECT_EQ(Steps(scaling, {1.5, 1.5, 1.5}, 4), (std::vector{4, 4, 6}));
}

TEST(TargetTracking, AsksForWhatTheNewestMinuteSays) {
  ServiceScaling scaling({{}}, 1, 100, 4);
  EXPECT_EQ(Steps(scaling, {1.1, 3.0, 1.5}, 4), (std::vector{4, 4, 6}));
}

TEST(TargetTracking, OneMinuteAtTheTargetEndsTheAlarm) {
  ServiceScaling scaling({{}}, 1, 100, 4);
  EXPECT_EQ(Steps(scaling, {1.5, 1.5, 1.0, 1.5, 1.5}, 4), (std::vector{4, 4, 4, 4, 4}));
}

TEST(TargetTracking, DoesNothingWithoutData) {
  ServiceScaling scaling({{}}, 1, 100, 4);
  EXPECT_EQ(Steps(scaling, {1.5, 1.5, kNone, 1.5, 1.5}, 4), (std::vector{4, 4, 4, 4, 4}));
  for (const int desired : Steps(scaling, Times(60, kNone), 4)) EXPECT_EQ(desired, 4);
}

TEST(TargetTracking, ScalesInAfterFifteenMinutesUnderNineTenths) {
  ServiceScaling scaling({{}}, 1, 100, 10);
  const std::vector<int> desired = Steps(scaling, Times(15, 0.5), 10);
  EXPECT_EQ(desired[13], 10);
  EXPECT_EQ(desired[14], 5);
}

TEST(TargetTracking, NineTenthsIsNoReasonToScaleIn) {
  ServiceScaling scaling({{}}, 1, 100, 10);
  for (const int desired : Steps(scaling, Times(60, 0.9), 10)) EXPECT_EQ(desired, 10);
}

TEST(TargetTracking, OneMissingMinuteDelaysScaleIn) {
  ServiceScaling scaling({{}}, 1, 100, 10);
  Steps(scaling, Times(14, 0.5), 10);
  EXPECT_EQ(Steps(scaling, {kNone}, 10), std::vector{10});
  const std::vector<int> desired = Steps(scaling, Times(15, 0.5), 10);
  EXPECT_EQ(desired[13], 10);
  EXPECT_EQ(desired[14], 5);
}

TEST(TargetTracking, StaysBetweenFloorAndCeiling) {
  ServiceScaling out({{}}, 3, 6, 4);
  EXPECT_EQ(Steps(out, Times(3, 9.0), 4).back(), 6);
  ServiceScaling in({{}}, 3, 6, 4);
  EXPECT_EQ(Steps(in, Times(15, 0.1), 4).back(), 3);
}

TEST(TargetTracking, ARaisedFloorActsAtOnce) {
  ServiceScaling scaling({{}}, 1, 100, 4);
  scaling.SetBounds(8, 100);
  EXPECT_EQ(scaling.desired(), 8);
  scaling.SetBounds(1, 5);
  EXPECT_EQ(scaling.desired(), 5);
}

TEST(TargetTracking, TheBaseIsTheDesiredOrTheRunningCount) {
  TrackingOptions options;
  ServiceScaling desired({options}, 1, 100, 8);
  EXPECT_EQ(Steps(desired, Times(3, 2.0), 5).back(), 16);
  options.base = CapacityBase::kRunning;
  ServiceScaling running({options}, 1, 100, 8);
  EXPECT_EQ(Steps(running, Times(3, 2.0), 5).back(), 10);
}

TEST(TargetTracking, TheSameRatioInTheCooldownAsksForNoMore) {
  ServiceScaling scaling({{.out_cooldown = seconds(300)}}, 1, 100, 4);
  EXPECT_EQ(Steps(scaling, Times(8, 2.0), 4), (std::vector{4, 4, 8, 8, 8, 8, 8, 16}));
}

TEST(TargetTracking, ALargerScaleOutPassesTheCooldown) {
  ServiceScaling scaling({{.out_cooldown = seconds(300)}}, 1, 100, 4);
  EXPECT_EQ(Steps(scaling, {2.0, 2.0, 2.0, 3.0}, 4), (std::vector{4, 4, 8, 12}));
  ServiceScaling strict(
      {{.out_cooldown = seconds(300), .in_cooldown_rule = InCooldown::kNothingPasses}}, 1, 100, 4);
  EXPECT_EQ(Steps(strict, {2.0, 2.0, 2.0, 3.0}, 4), (std::vector{4, 4, 8, 8}));
}

TEST(TargetTracking, AScaleOutEndsTheCooldownOfTheScaleIn) {
  ServiceScaling scaling({{.in_cooldown = seconds(3600)}}, 1, 100, 10);
  EXPECT_EQ(Steps(scaling, Times(15, 0.5), 10).back(), 5);
  EXPECT_EQ(Steps(scaling, Times(30, 0.5), 5).back(), 5);  // cools down
  EXPECT_EQ(Steps(scaling, Times(3, 2.0), 5).back(), 10);
  EXPECT_EQ(Steps(scaling, Times(15, 0.5), 10).back(), 5);
}

// The second policy's metrics; the first one's stay 0.5.
int AfterFifteen(ServiceScaling& scaling, std::optional<double> second) {
  for (int minute = 0; minute < 15; ++minute) {
    const std::optional<double> metrics[] = {0.5, second};
    scaling.Step(metrics, 10);
  }
  return scaling.desired();
}

TEST(ServiceScaling, ScalesInOnlyWhenEveryPolicySaysSo) {
  ServiceScaling agreed({{}, {}}, 1, 100, 10);
  EXPECT_EQ(AfterFifteen(agreed, 0.8), 8);  // the larger of 5 and 8
  ServiceScaling not_agreed({{}, {}}, 1, 100, 10);
  EXPECT_EQ(AfterFifteen(not_agreed, 1.0), 10);
  ServiceScaling no_data({{}, {}}, 1, 100, 10);
  EXPECT_EQ(AfterFifteen(no_data, kNone), 10);
  ServiceScaling not_asked({{}, {.scale_in = false}}, 1, 100, 10);
  EXPECT_EQ(AfterFifteen(not_asked, 1.0), 5);
}

TEST(ServiceScaling, NeverScalesInWhenNoPolicyMay) {
  ServiceScaling scaling({{.scale_in = false}}, 1, 100, 10);
  for (const int desired : Steps(scaling, Times(60, 0.1), 10)) EXPECT_EQ(desired, 10);
}

TEST(ServiceScaling, TheLargestScaleOutWins) {
  ServiceScaling scaling({{}, {}}, 1, 100, 10);
  for (int minute = 0; minute < 3; ++minute) {
    const std::optional<double> metrics[] = {1.2, 1.7};
    scaling.Step(metrics, 10);
  }
  EXPECT_EQ(scaling.desired(), 17);
}

}  // namespace
}  // namespace hearth::ecs
