#include "pool/demand.h"

#include <algorithm>
#include <cmath>

namespace hearth::pool {
namespace {

constexpr int kBuckets = 60;
constexpr Duration kMeanOver = std::chrono::seconds(10);
constexpr Duration kSampleSpacing = kMeanOver / 50;

double Seconds(Duration duration) { return std::chrono::duration<double>(duration).count(); }

}  // namespace

DemandWindow::DemandWindow(Duration keep_warm, Time watched_since, int assumed_in_use)
    : keep_warm_(keep_warm), watched_since_(watched_since), last_add_(watched_since) {
  if (assumed_in_use > 0) AddPeak(assumed_in_use, watched_since);
}

void DemandWindow::SetKeepWarm(Duration keep_warm) {
  // Peaks older than the shorter window have been dropped: that time counts as not watched.
  if (keep_warm > keep_warm_) watched_since_ = std::max(watched_since_, last_add_ - keep_warm_);
  keep_warm_ = keep_warm;
}

void DemandWindow::Add(const Traffic& traffic, int in_use, Time now) {
  // kMeanOver: a keep_warm shorter than the caller's tick is no gap.
  if (now - last_add_ > std::max(keep_warm_, kMeanOver)) watched_since_ = now;
  AddPeak(in_use, now);
  AddSample(traffic, now);
  last_add_ = now;
}

void DemandWindow::AddPeak(int in_use, Time now) {
  while (!buckets_.empty() && buckets_.front().end <= now - keep_warm_) buckets_.pop_front();
  if (buckets_.empty() || now - buckets_.back().begin >= keep_warm_ / kBuckets) {
    buckets_.push_back({now, now, in_use});
    return;
  }
  buckets_.back().end = now;
  buckets_.back().in_use_peak = std::max(buckets_.back().in_use_peak, in_use);
}

void DemandWindow::AddSample(const Traffic& traffic, Time now) {
  if (!samples_.empty() && traffic.slot_seconds < samples_.back().traffic.slot_seconds) {
    samples_.clear();  // another dispatcher
  }
  if (!samples_.empty()) {
    // Forgets by requests, not by time: one that takes a minute must be known for longer than one
    // that takes a millisecond, and a load that has ended must not blur what it was.
    const auto finished = static_cast<double>(traffic.finished - samples_.back().traffic.finished);
    const double keep = std::pow(0.98, finished);
    recent_finished_ = recent_finished_ * keep + finished;
    recent_slot_seconds_ =
        recent_slot_seconds_ * keep + traffic.slot_seconds - samples_.back().traffic.slot_seconds;
  }
  // The last sample is always the newest; those before it are kSampleSpacing apart, however often
  // somebody looks.
  const size_t n = samples_.size();
  if (n >= 2 && now - samples_[n - 2].at < kSampleSpacing) {
    samples_.back() = {now, traffic};
  } else {
    samples_.push_back({now, traffic});
  }
  while (samples_.size() > 2 && samples_[1].at <= now - kMeanOver) samples_.pop_front();
}

Demand DemandWindow::Get(Time now) const {
  Demand demand;
  demand.watched_since = watched_since_;
  if (recent_finished_ > 0) demand.service_seconds = recent_slot_seconds_ / recent_finished_;
  for (const Bucket& bucket : buckets_) {
    if (bucket.end > now - keep_warm_ || bucket.end == now) {
      demand.in_use_peak = std::max(demand.in_use_peak, bucket.in_use_peak);
    }
  }
  if (samples_.size() >= 2 && samples_.back().at > samples_.front().at) {
    const Traffic& first = samples_.front().traffic;
    const Traffic& last = samples_.back().traffic;
    const double seconds = Seconds(samples_.back().at - samples_.front().at);
    demand.offered_slots = (last.slot_seconds - first.slot_seconds) / seconds;
    demand.arriving_slots =
        static_cast<double>(last.arrivals - first.arrivals) / seconds * demand.service_seconds;
  }
  return demand;
}

}  // namespace hearth::pool
