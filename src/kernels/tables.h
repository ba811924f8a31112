// The tables of functions that exist in this build, one per instruction set. Only kernels.cc
// chooses among them; a table may be entered only on a machine that has its instruction set.
#pragma once

#include "kernels/kernels.h"

namespace hearth::kernels {

// Rows of scores that attention works on at a time: they stay in the L2 cache with K and V up to
// 512 tokens.
inline constexpr int kAttentionRows = 24;

const Kernels& ScalarKernels();
#if defined(__x86_64__)
const Kernels& Avx2Kernels();
const Kernels& Avx512Kernels();
#elif defined(__aarch64__)
const Kernels& NeonKernels();
#endif

}  // namespace hearth::kernels
