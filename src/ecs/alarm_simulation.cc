#include "ecs/alarm_simulation.h"

#include <algorithm>
#include <cmath>

namespace hearth::ecs {
namespace {

using Kind = TargetTracking::Ask::Kind;

int Minutes(std::chrono::seconds time) {
  return static_cast<int>(std::chrono::ceil<std::chrono::minutes>(time).count());
}

// A capacity that overflows an int is as good as any that no service has.
int RoundedUp(double capacity) {
  return static_cast<int>(std::clamp(std::ceil(capacity), 0.0, 1e9));
}

}  // namespace

bool TargetTracking::AllOf(int minutes, bool over, double limit) const {
  const auto count = static_cast<size_t>(minutes);
  if (seen_.size() < count) return false;
  return std::all_of(seen_.end() - minutes, seen_.end(), [&](const std::optional<double>& value) {
    return value && (over ? *value > limit : *value < limit);
  });
}

TargetTracking::Ask TargetTracking::AskOut(double metric, int desired, double running) const {
  const bool cooling = out_until_ && minute_ < *out_until_;
  if (cooling && options_.in_cooldown_rule == InCooldown::kNothingPasses) return {};
  const double now = options_.base == CapacityBase::kDesired ? desired : running;
  const int capacity = RoundedUp((cooling ? base_before_ : now) * metric / options_.target);
  if (capacity <= desired) return {};
  return {Kind::kOut, capacity};
}

TargetTracking::Ask TargetTracking::Step(std::optional<double> metric, int desired,
                                         double running) {
  ++minute_;
  seen_.push_back(metric);
  const auto kept = static_cast<size_t>(std::max(options_.out_minutes, options_.in_minutes));
  while (seen_.size() > kept) seen_.pop_front();
  base_now_ = options_.base == CapacityBase::kDesired ? desired : running;
  if (AllOf(options_.out_minutes, true, options_.target)) return AskOut(*metric, desired, running);
  if (!options_.scale_in) return {};
  if (!AllOf(options_.in_minutes, false, options_.target * options_.in_share)) return {};
  if (in_until_ && minute_ < *in_until_) return {};
  const int capacity = RoundedUp(base_now_ * *metric / options_.target);
  if (capacity >= desired) return {};
  return {Kind::kIn, capacity};
}

void TargetTracking::Changed(int before, int desired, bool by_this) {
  if (desired > before) {
    in_until_.reset();
    if (!by_this) return;
    // A larger scale-out in the cooldown is still computed from what was before the first.
    if (!out_until_ || minute_ >= *out_until_) base_before_ = base_now_;
    out_until_ = minute_ + Minutes(options_.out_cooldown);
  } else if (desired < before) {
    in_until_ = minute_ + Minutes(options_.in_cooldown);
  }
}

ServiceScaling::ServiceScaling(std::vector<TrackingOptions> policies, int min, int max, int desired)
    : min_(min), max_(max), desired_(std::clamp(desired, min, max)) {
  for (const TrackingOptions& options : policies) policies_.emplace_back(options);
}

void ServiceScaling::SetBounds(int min, int max) {
  min_ = min;
  max_ = max;
  desired_ = std::clamp(desired_, min_, max_);
}

int ServiceScaling::Step(std::span<const std::optional<double>> metrics, double running) {
  std::vector<TargetTracking::Ask> asks;
  for (size_t i = 0; i < policies_.size(); ++i) {
    asks.push_back(
        policies_[i].Step(i < metrics.size() ? metrics[i] : std::nullopt, desired_, running));
  }
  const auto largest = [&](Kind kind) {
    int most = -1;
    for (const auto& ask : asks) {
      if (ask.kind == kind) most = std::max(most, ask.capacity);
    }
    return most;
  };
  const int before = desired_;
  bool all_in = largest(Kind::kIn) >= 0;
  for (size_t i = 0; i < policies_.size(); ++i) {
    if (policies_[i].scales_in() && asks[i].kind != Kind::kIn) all_in = false;
  }
  if (const int out = largest(Kind::kOut); out >= 0) {
    desired_ = std::clamp(out, min_, max_);
  } else if (all_in) {
    desired_ = std::clamp(largest(Kind::kIn), min_, max_);
  }
  for (size_t i = 0; i < policies_.size(); ++i) {
    policies_[i].Changed(before, desired_,
                         asks[i].kind == Kind::kOut && asks[i].capacity >= desired_);
  }
  return desired_;
}

}  // namespace hearth::ecs
