// The kernels in portable SIMD (Google Highway), written once in the *-inl.h files and compiled
// here for AVX2 and AVX-512 or NEON. Highway re-includes this file for each; it sets the
// instruction set by a pragma around our own functions only, so that no inline function shared with
// the rest of the program is ever compiled for a machine that lacks it.
//
// Only Highway's headers are used: its library would be one more file in an image, for a choice
// that kernels.cc makes.
#define HWY_IS_DEBUG_BUILD 0  // its debug assertions call into that library
// What is left of the targets is what tables.h declares; SCALAR and EMU128 are the build's baseline
// and stay empty here.
#define HWY_DISABLED_TARGETS \
  (HWY_SSSE3 | HWY_SSE4 | HWY_AVX3_DL | HWY_SVE | HWY_SVE2 | HWY_SVE_256 | HWY_SVE2_128)
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/simd.cc"
#include <hwy/foreach_target.h>  // must come before highway.h
#include <hwy/highway.h>

#include "kernels/tables.h"

#if HWY_TARGET == HWY_AVX2 || HWY_TARGET == HWY_AVX3 || HWY_TARGET == HWY_NEON
#include "kernels/attention-inl.h"
#include "kernels/layer_norm-inl.h"
#include "kernels/mat_mul-inl.h"

namespace hearth::kernels {
#if HWY_TARGET == HWY_AVX2
const Kernels& Avx2Kernels() {
  static constexpr Kernels kTable = {Isa::kAvx2, N_AVX2::MatMul, N_AVX2::Attention,
                                     N_AVX2::LayerNorm, N_AVX2::Embed};
  return kTable;
}
#elif HWY_TARGET == HWY_AVX3
const Kernels& Avx512Kernels() {
  static constexpr Kernels kTable = {Isa::kAvx512, N_AVX3::MatMul, N_AVX3::Attention,
                                     N_AVX3::LayerNorm, N_AVX3::Embed};
  return kTable;
}
#else
const Kernels& NeonKernels() {
  static constexpr Kernels kTable = {Isa::kNeon, N_NEON::MatMul, N_NEON::Attention,
                                     N_NEON::LayerNorm, N_NEON::Embed};
  return kTable;
}
#endif
}  // namespace hearth::kernels
#endif
