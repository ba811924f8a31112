// The processor's FMA peak, to hold a kernel's speed against: independent chains of FMA on
// registers, as many as hide its latency on every machine. Run it in turn with what is measured, in
// the same process.
#pragma once

#if defined(__x86_64__)
#include <immintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif

#include "kernels/kernels.h"

namespace hearth::kernels {

inline constexpr int kChains = 12;
inline constexpr int kPeakSteps = 200'000;

#if defined(__x86_64__)
__attribute__((target("avx2,fma"))) inline double PeakFlopsAvx2() {
  __m256 sums[kChains];
  for (auto& sum : sums) sum = _mm256_setzero_ps();
  const __m256 x = _mm256_set1_ps(1e-3f);
  for (int i = 0; i < kPeakSteps; ++i) {
    for (auto& sum : sums) {
      sum = _mm256_fmadd_ps(x, x, sum);
      asm("" : "+x"(sum));
    }
  }
  return 2.0 * 8 * kChains * kPeakSteps;
}

__attribute__((target("avx512f"))) inline double PeakFlopsAvx512() {
  __m512 sums[kChains];
  for (auto& sum : sums) sum = _mm512_setzero_ps();
  const __m512 x = _mm512_set1_ps(1e-3f);
  for (int i = 0; i < kPeakSteps; ++i) {
    for (auto& sum : sums) {
      sum = _mm512_fmadd_ps(x, x, sum);
      asm("" : "+v"(sum));
    }
  }
  return 2.0 * 16 * kChains * kPeakSteps;
}
#elif defined(__aarch64__)
inline double PeakFlopsNeon() {
  float32x4_t sums[kChains];
  for (auto& sum : sums) sum = vdupq_n_f32(0);
  const float32x4_t x = vdupq_n_f32(1e-3f);
  for (int i = 0; i < kPeakSteps; ++i) {
    for (auto& sum : sums) {
      sum = vfmaq_f32(sum, x, x);
      asm("" : "+w"(sum));
    }
  }
  return 2.0 * 4 * kChains * kPeakSteps;
}
#endif

// FLOP of one run of the loop for `isa`; 0 where there is no such loop.
inline double RunPeak(Isa isa) {
  switch (isa) {
#if defined(__x86_64__)
    case Isa::kAvx2:
      return PeakFlopsAvx2();
    case Isa::kAvx512:
      return PeakFlopsAvx512();
#elif defined(__aarch64__)
    case Isa::kNeon:
      return PeakFlopsNeon();
#endif
    default:
      return 0;
  }
}

}  // namespace hearth::kernels
