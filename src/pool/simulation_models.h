// What a simulation is fed with: how long things take, and when requests come.
#pragma once

#include <memory>
#include <vector>

#include "pool/policy.h"
#include "pool/simulation_random.h"

namespace hearth::pool {

// How long something takes. A value; copying is cheap but for measured ones.
class Distribution {
 public:
  static Distribution Constant(double seconds);
  static Distribution Uniform(double from_seconds, double to_seconds);
  static Distribution LogNormal(double mean_seconds, double sd_seconds);
  // Cold starts of a public cloud, fitted: mean 3.24 s, standard deviation 7.10 s (Huawei, EuroSys
  // 2025).
  static Distribution HeavyTailStart() { return LogNormal(3.24, 7.10); }
  static Distribution Measured(std::vector<double> seconds);  // one of them, each as likely
  // For service times only, where theory wants it. A start is never like that: pools with constant
  // and with exponential set-up times behave quite differently (Williams, Harchol-Balter, Wang
  // 2022).
  static Distribution Exponential(double mean_seconds);

  Duration Draw(Random& random) const;
  double mean_seconds() const;

 private:
  enum class Kind { kUniform, kLogNormal, kMeasured, kExponential };
  Distribution(Kind kind, double a, double b) : kind_(kind), a_(a), b_(b) {}

  Kind kind_;
  double a_, b_;  // from, to · mu, sigma · mean
  std::vector<double> measured_;
};

struct Arrival {
  Duration at{};       // since the simulation began; never goes back
  Duration service{};  // how long it takes; 0: drawn from the service model
};

class ArrivalSource {
 public:
  virtual ~ArrivalSource() = default;
  virtual bool Next(Random& random, Arrival* arrival) = 0;  // false: no more come
};

std::unique_ptr<ArrivalSource> NoArrivals();
std::unique_ptr<ArrivalSource> ConstantArrivals(double per_second);
std::unique_ptr<ArrivalSource> PoissonArrivals(double per_second);

// Poisson, with a rate that changes at given times; the last one stays.
struct RateStep {
  Duration from{};
  double per_second = 0;
};
std::unique_ptr<ArrivalSource> StepArrivals(std::vector<RateStep> steps);

// Poisson while on; how long on and off last is drawn each time. Begins off.
std::unique_ptr<ArrivalSource> OnOffArrivals(double per_second, Distribution on, Distribution off);

// Poisson, and `size` requests at once every `every`.
std::unique_ptr<ArrivalSource> BurstArrivals(double per_second, Duration every, int size);

std::unique_ptr<ArrivalSource> TraceArrivals(std::vector<Arrival> arrivals);

}  // namespace hearth::pool
