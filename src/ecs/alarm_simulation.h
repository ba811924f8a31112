// What AWS's target tracking does with a metric, minute by minute: which number of tasks a service
// wants. For tests of the spare policy and for the planner. Pure and deterministic.
//
// The rules, as far as AWS says them (Application Auto Scaling's guide; the alarms that it makes):
//   out   the newest 3 minutes are all over the target: capacity × metric ÷ target, rounded up
//   in    the newest 15 minutes are all under 90 % of it: the same sum, when every policy that may
//   scale in says so the largest capacity that a policy asks for wins ScaleOutCooldown: no other
//   scale-out but a larger one, computed from the capacity before ScaleInCooldown: no other
//   scale-in; a scale-out ends it a minute without data inside these ends no alarm and begins none:
//   nothing is done
// Not said by AWS, therefore choices here: whether "capacity" is the desired or the running count,
// and whether a larger scale-out in the cooldown really comes.
#pragma once

#include <chrono>
#include <deque>
#include <optional>
#include <span>
#include <vector>

namespace hearth::ecs {

enum class CapacityBase { kDesired, kRunning };
enum class InCooldown { kLargerPasses, kNothingPasses };

struct TrackingOptions {
  double target = 1;
  double in_share = 0.9;  // of the target, under which it is time to scale in
  int out_minutes = 3;
  int in_minutes = 15;
  std::chrono::seconds out_cooldown{300};
  std::chrono::seconds in_cooldown{300};
  bool scale_in = true;  // DisableScaleIn is its opposite
  CapacityBase base = CapacityBase::kDesired;
  InCooldown in_cooldown_rule = InCooldown::kLargerPasses;
};

// One policy's memory: what it saw, and its cooldowns.
class TargetTracking {
 public:
  struct Ask {
    enum class Kind { kNothing, kOut, kIn } kind = Kind::kNothing;
    int capacity = 0;
  };

  explicit TargetTracking(const TrackingOptions& options) : options_(options) {}

  // Once a minute. `metric` is the newest minute's value that CloudWatch has; none: no data.
  Ask Step(std::optional<double> metric, int desired, double running);

  bool scales_in() const { return options_.scale_in; }

  // The service went from `before` to `desired` in this minute, by this policy or another.
  void Changed(int before, int desired, bool by_this);

 private:
  bool AllOf(int minutes, bool over, double limit) const;
  Ask AskOut(double metric, int desired, double running) const;

  TrackingOptions options_;
  int minute_ = 0;
  std::deque<std::optional<double>> seen_;   // newest last
  std::optional<int> out_until_, in_until_;  // minutes
  double base_before_ = 0;                   // what the scale-out that cools down was computed from
  double base_now_ = 0;
};

// A service with its policies: gives the desired count.
class ServiceScaling {
 public:
  // `desired` is moved into [min, max], as RegisterScalableTarget does.
  ServiceScaling(std::vector<TrackingOptions> policies, int min, int max, int desired);

  // Once a minute: one metric for each policy (no data: none), and how many tasks run (the mean
  // over a minute may be a fraction). Returns the desired count from now on.
  int Step(std::span<const std::optional<double>> metrics, double running);

  // Another floor or ceiling, as a scheduled action sets it: acts at once.
  void SetBounds(int min, int max);

  int desired() const { return desired_; }

 private:
  std::vector<TargetTracking> policies_;
  int min_, max_, desired_;
};

}  // namespace hearth::ecs
