#include "pool/simulation_models.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <numeric>

namespace hearth::pool {
namespace {

constexpr double kForever = std::numeric_limits<double>::infinity();
constexpr double kLongest = 1e8;  // seconds: three years; more would overflow sums of nanoseconds

Duration FromSeconds(double seconds) {
  return std::chrono::duration_cast<Duration>(
      std::chrono::duration<double>(std::clamp(seconds, 0.0, kLongest)));
}

double ToSeconds(Duration duration) { return std::chrono::duration<double>(duration).count(); }

class Trace : public ArrivalSource {
 public:
  explicit Trace(std::vector<Arrival> arrivals) : arrivals_(std::move(arrivals)) {}
  bool Next(Random& /*random*/, Arrival* arrival) override {
    if (next_ == arrivals_.size()) return false;
    *arrival = arrivals_[next_++];
    return true;
  }

 private:
  std::vector<Arrival> arrivals_;
  size_t next_ = 0;
};

class Even : public ArrivalSource {
 public:
  explicit Even(double per_second) : per_second_(per_second) {}
  bool Next(Random& /*random*/, Arrival* arrival) override {
    *arrival = {FromSeconds(static_cast<double>(++count_) / per_second_), {}};
    return true;
  }

 private:
  double per_second_;
  int64_t count_ = 0;
};

struct Segment {
  double seconds = 0;
  double per_second = 0;
};

// Poisson with a rate that is constant in each segment: a gap is an exponential amount of expected
// arrivals, used up across segments.
class Piecewise : public ArrivalSource {
 public:
  using NextSegment = std::function<Segment(Random&)>;
  explicit Piecewise(NextSegment next) : next_segment_(std::move(next)) {}

  bool Next(Random& random, Arrival* arrival) override {
    double expected = random.Exponential();
    for (;;) {
      const double rest = segment_end_ - now_;
      if (rest * rate_ > expected) break;  // 0 × infinity is not a number: the last rate may be 0
      if (segment_end_ == kForever && rate_ <= 0) return false;
      expected -= rest * rate_;
      now_ = segment_end_;
      const Segment segment = next_segment_(random);
      rate_ = segment.per_second;
      segment_end_ = now_ + segment.seconds;
      if (now_ > kLongest) return false;
    }
    now_ += expected / rate_;
    *arrival = {FromSeconds(now_), {}};
    return true;
  }

 private:
  NextSegment next_segment_;
  double now_ = 0;
  double segment_end_ = 0;
  double rate_ = 0;
};

class Bursts : public ArrivalSource {
 public:
  Bursts(std::unique_ptr<ArrivalSource> base, Duration every, int size)
      : base_(std::move(base)), every_(every), size_(size), left_(size), burst_at_(every) {}

  bool Next(Random& random, Arrival* arrival) override {
    if (!waiting_) more_ = base_->Next(random, &base_next_);
    waiting_ = true;
    if (more_ && base_next_.at < burst_at_) {
      *arrival = base_next_;
      waiting_ = false;
      return true;
    }
    *arrival = {burst_at_, {}};
    if (--left_ == 0) {
      left_ = size_;
      burst_at_ += every_;
    }
    return true;
  }

 private:
  std::unique_ptr<ArrivalSource> base_;
  Duration every_;
  int size_;
  int left_;
  Duration burst_at_;
  Arrival base_next_;
  bool waiting_ = false;
  bool more_ = false;
};

}  // namespace

Distribution Distribution::Constant(double seconds) { return Uniform(seconds, seconds); }

Distribution Distribution::Uniform(double from_seconds, double to_seconds) {
  return {Kind::kUniform, from_seconds, to_seconds};
}

Distribution Distribution::LogNormal(double mean_seconds, double sd_seconds) {
  const double ratio = sd_seconds / mean_seconds;
  const double sigma2 = std::log1p(ratio * ratio);
  return {Kind::kLogNormal, std::log(mean_seconds) - sigma2 / 2, std::sqrt(sigma2)};
}

Distribution Distribution::Measured(std::vector<double> seconds) {
  Distribution result(Kind::kMeasured, 0, 0);
  result.measured_ = std::move(seconds);
  return result;
}

Distribution Distribution::Exponential(double mean_seconds) {
  return {Kind::kExponential, mean_seconds, 0};
}

Duration Distribution::Draw(Random& random) const {
  switch (kind_) {
    case Kind::kUniform:
      return FromSeconds(a_ + (b_ - a_) * random.Unit());
    case Kind::kLogNormal:
      return FromSeconds(std::exp(a_ + b_ * random.Normal()));
    case Kind::kExponential:
      return FromSeconds(a_ * random.Exponential());
    case Kind::kMeasured:
      return measured_.empty() ? Duration{}
                               : FromSeconds(measured_[random.Below(measured_.size())]);
  }
  return {};
}

double Distribution::mean_seconds() const {
  switch (kind_) {
    case Kind::kUniform:
      return (a_ + b_) / 2;
    case Kind::kLogNormal:
      return std::exp(a_ + b_ * b_ / 2);
    case Kind::kExponential:
      return a_;
    case Kind::kMeasured:
      return measured_.empty() ? 0
                               : std::accumulate(measured_.begin(), measured_.end(), 0.0) /
                                     static_cast<double>(measured_.size());
  }
  return 0;
}

std::unique_ptr<ArrivalSource> NoArrivals() { return TraceArrivals({}); }

std::unique_ptr<ArrivalSource> ConstantArrivals(double per_second) {
  return std::make_unique<Even>(per_second);
}

std::unique_ptr<ArrivalSource> PoissonArrivals(double per_second) {
  return StepArrivals({{Duration{}, per_second}});
}

std::unique_ptr<ArrivalSource> StepArrivals(std::vector<RateStep> steps) {
  return std::make_unique<Piecewise>(
      [steps = std::move(steps), next = size_t{0}, begun = false](Random&) mutable -> Segment {
        if (!begun && !steps.empty() && steps[0].from > Duration{}) {
          begun = true;
          return {ToSeconds(steps[0].from), 0};
        }
        begun = true;
        if (next >= steps.size()) return {kForever, 0};
        const RateStep step = steps[next++];
        if (next == steps.size()) return {kForever, step.per_second};
        return {ToSeconds(steps[next].from - step.from), step.per_second};
      });
}

std::unique_ptr<ArrivalSource> OnOffArrivals(double per_second, Distribution on, Distribution off) {
  return std::make_unique<Piecewise>(
      [per_second, on = std::move(on), off = std::move(off), is_on = true](Random& random) mutable {
        is_on = !is_on;
        const Duration length = (is_on ? on : off).Draw(random);
        // Never 0: both could be, for ever.
        return Segment{std::max(ToSeconds(length), 1e-6), is_on ? per_second : 0};
      });
}

std::unique_ptr<ArrivalSource> BurstArrivals(double per_second, Duration every, int size) {
  return std::make_unique<Bursts>(PoissonArrivals(per_second), every, size);
}

std::unique_ptr<ArrivalSource> TraceArrivals(std::vector<Arrival> arrivals) {
  return std::make_unique<Trace>(std::move(arrivals));
}

}  // namespace hearth::pool
