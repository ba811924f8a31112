// Attention of one text, head by head: scores Q·Kᵀ, exact softmax, weights times V. Both products
// are the matrix product of the weights, on panels packed here: that costs length·head_size moves
// against length² ·head_size products.
//
// Included once per instruction set by simd.cc (Highway's foreach_target), hence the toggled guard
// instead of a pragma.
#if defined(HEARTH_KERNELS_ATTENTION_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef HEARTH_KERNELS_ATTENTION_INL_H_
#undef HEARTH_KERNELS_ATTENTION_INL_H_
#else
#define HEARTH_KERNELS_ATTENTION_INL_H_
#endif

#include <algorithm>
#include <cstring>
#include <limits>
#include <span>

#include "kernels/mat_mul-inl.h"
#include "kernels/tables.h"

HWY_BEFORE_NAMESPACE();
namespace hearth::kernels::HWY_NAMESPACE {

// K[length][head_size] transposed to panels of 16 keys; the keys that fill the last panel are zero.
HWY_INLINE void PackKeys(const float* k, ptrdiff_t ldk, int length, int head_size, float* panels) {
  for (int begin = 0; begin < length; begin += kPanelColumns) {
    float* const panel = panels + ptrdiff_t{begin} * head_size;
    const int keys = std::min(kPanelColumns, length - begin);
    if (keys < kPanelColumns) std::fill_n(panel, ptrdiff_t{kPanelColumns} * head_size, 0.0f);
    for (int j = 0; j < keys; ++j) {
      const float* key = k + (begin + j) * ldk;
      for (int d = 0; d < head_size; ++d) panel[d * kPanelColumns + j] = key[d];
    }
  }
}

HWY_INLINE void PackValues(const float* v, ptrdiff_t ldv, int length, int head_size,
                           float* panels) {
  for (int column = 0; column < head_size; column += kPanelColumns) {
    for (int j = 0; j < length; ++j) {
      std::memcpy(panels, v + j * ldv + column, kPanelColumns * sizeof(float));
      panels += kPanelColumns;
    }
  }
}

// scores[i] becomes e^(scores[i] − max); returns 1 / their sum, which scales the output: it has
// fewer elements. `padded`, a multiple of 16, is the row's length in memory; what lies past
// `length` becomes (next to) zero.
HWY_INLINE float SoftmaxRow(float* scores, int length, int padded) {
  std::fill(scores + length, scores + padded, -std::numeric_limits<float>::infinity());
  FloatVec max = hn::LoadU(kFloats, scores);
  for (int i = kLanes; i < padded; i += kLanes) {
    max = hn::Max(max, hn::LoadU(kFloats, scores + i));
  }
  max = hn::MaxOfLanes(kFloats, max);
  FloatVec sum = hn::Zero(kFloats);
  for (int i = 0; i < padded; i += kLanes) {
    const FloatVec e = ExpNonPositive(hn::Sub(hn::LoadU(kFloats, scores + i), max));
    sum = hn::Add(sum, e);
    hn::StoreU(e, kFloats, scores + i);
  }
  return 1.0f / hn::GetLane(hn::SumOfLanes(kFloats, sum));
}

HWY_INLINE void Scale(float* x, int n, float factor) {
  for (int i = 0; i < n; i += kLanes) {
    hn::StoreU(hn::Mul(hn::LoadU(kFloats, x + i), hn::Set(kFloats, factor)), kFloats, x + i);
  }
}

// C[rows][16·panels] = A[rows][k] · panels, of f32.
HWY_INLINE void Multiply(const float* a, ptrdiff_t lda, int rows, std::span<const float> panels,
                         int k, float* c, ptrdiff_t ldc) {
  MatMulArgs args;
  args.a = a;
  args.lda = lda;
  args.rows = rows;
  args.w = {reinterpret_cast<const std::byte*>(panels.data()), DType::kF32, k,
            static_cast<int>(panels.size()) / k};
  args.c = c;
  args.ldc = ldc;
  args.panel_end = args.w.n / kPanelColumns;
  MultiplyBlocks<float>(args);
}

void Attention(const AttentionArgs& args) {
  const ptrdiff_t hidden = ptrdiff_t{args.heads} * args.head_size;
  const int padded = CeilDiv(args.length, kPanelColumns) * kPanelColumns;
  const std::span<float> keys(args.scratch, static_cast<size_t>(padded * args.head_size));
  const std::span<float> values(keys.data() + keys.size(),
                                static_cast<size_t>(args.length * args.head_size));
  float* const scores = values.data() + values.size();  // [kAttentionRows][padded]

  for (int head = args.head_begin; head < args.head_end; ++head) {
    const float* q = args.qkv + ptrdiff_t{head} * args.head_size;
    float* out = args.out + ptrdiff_t{head} * args.head_size;
    PackKeys(q + hidden, args.ldqkv, args.length, args.head_size, keys.data());
    PackValues(q + 2 * hidden, args.ldqkv, args.length, args.head_size, values.data());
    for (int begin = 0; begin < args.length; begin += kAttentionRows) {
      const int rows = std::min(kAttentionRows, args.length - begin);
      float* const block = out + begin * args.ldout;
      float inverse_sums[kAttentionRows];
      Multiply(q + begin * args.ldqkv, args.ldqkv, rows, keys, args.head_size, scores, padded);
      for (int r = 0; r < rows; ++r) {
        inverse_sums[r] = SoftmaxRow(scores + ptrdiff_t{r} * padded, args.length, padded);
      }
      Multiply(scores, padded, rows, values, args.length, block, args.ldout);
      for (int r = 0; r < rows; ++r) Scale(block + r * args.ldout, args.head_size, inverse_sums[r]);
    }
  }
}

}  // namespace hearth::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // HEARTH_KERNELS_ATTENTION_INL_H_
