// The simulation's random numbers: splitmix64 (Steele, Lea, Flood 2014) and what is drawn from it.
// The same numbers on every machine for the same seed, as far as its `log` and `cos` agree.
#pragma once

#include <cmath>
#include <cstdint>
#include <numbers>

namespace hearth::pool {

class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed) {}

  uint64_t Next() {
    uint64_t z = (state_ += 0x9E3779B97F4A7C15ULL);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
    return z ^ (z >> 31);
  }
  double Unit() {
    return (static_cast<double>(Next() >> 12) + 0.5) / 4503599627370496.0;
  }  // (0, 1)
  bool Chance(double share) { return share > 0 && Unit() < share; }
  uint64_t Below(uint64_t n) { return Next() % n; }
  double Exponential() { return -std::log(Unit()); }  // mean 1
  double Normal() {                                   // Box and Muller
    const double radius = std::sqrt(-2 * std::log(Unit()));
    return radius * std::cos(2 * std::numbers::pi * Unit());
  }

 private:
  uint64_t state_;
};

}  // namespace hearth::pool
