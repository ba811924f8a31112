// The benchmark's random numbers: a 64-bit linear congruential generator (Knuth's MMIX constants),
// of which the upper 32 bits are used. The same numbers on every machine for the same seed.
#pragma once

#include <cstddef>
#include <cstdint>

namespace hearth::bench {

class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed) { Next(); }

  uint32_t Next() {
    state_ = state_ * 6364136223846793005ULL + 1442695040888963407ULL;
    return static_cast<uint32_t>(state_ >> 32);
  }
  size_t Below(size_t n) { return Next() % n; }
  double Unit() { return (Next() + 0.5) / 4294967296.0; }  // in (0, 1)

 private:
  uint64_t state_;
};

}  // namespace hearth::bench
