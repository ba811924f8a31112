// LayerNorm of rows, and the embedding of tokens, which ends in one.
//
// Included once per instruction set by simd.cc (Highway's foreach_target), hence the toggled guard
// instead of a pragma.
#if defined(HEARTH_KERNELS_LAYER_NORM_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef HEARTH_KERNELS_LAYER_NORM_INL_H_
#undef HEARTH_KERNELS_LAYER_NORM_INL_H_
#else
#define HEARTH_KERNELS_LAYER_NORM_INL_H_
#endif

#include <cmath>

#include "kernels/vector-inl.h"

HWY_BEFORE_NAMESPACE();
namespace hearth::kernels::HWY_NAMESPACE {

// The sum over one row of f(vector), `width` being a multiple of a panel's 16 columns. One sum per
// vector of a panel: additions overlap, and on every instruction set 16 partial sums are added in
// the same order.
template <typename Function>
HWY_INLINE float SumOver(const float* x, int width, const Function& function) {
  FloatVec sums[kVecsPerPanel];
  for (auto& sum : sums) sum = hn::Zero(kFloats);
  for (int i = 0; i < width; i += kPanelColumns) {
    for (int v = 0; v < kVecsPerPanel; ++v) {
      sums[v] = hn::Add(sums[v], function(hn::LoadU(kFloats, x + i + v * kLanes)));
    }
  }
  for (int v = 1; v < kVecsPerPanel; ++v) sums[0] = hn::Add(sums[0], sums[v]);
  return hn::GetLane(hn::SumOfLanes(kFloats, sums[0]));
}

struct Norm {
  int width = 0;
  const float* gamma = nullptr;
  const float* beta = nullptr;
  float epsilon = 0;
};

// Two passes, mean then variance: the one-pass formula loses digits when the mean is large. `out`
// may be `x`.
HWY_INLINE void NormalizeRow(const float* x, const Norm& norm, float* out) {
  const auto count = static_cast<float>(norm.width);
  const float mean = SumOver(x, norm.width, [](FloatVec v) HWY_ATTR { return v; }) / count;
  const FloatVec mean_vec = hn::Set(kFloats, mean);
  const float squares = SumOver(x, norm.width, [mean_vec](FloatVec v) HWY_ATTR {
    const FloatVec d = hn::Sub(v, mean_vec);
    return hn::Mul(d, d);
  });
  const FloatVec scale = hn::Set(kFloats, 1.0f / std::sqrt(squares / count + norm.epsilon));
  for (int i = 0; i < norm.width; i += kLanes) {
    const FloatVec d = hn::Sub(hn::LoadU(kFloats, x + i), mean_vec);
    const FloatVec gamma = hn::LoadU(kFloats, norm.gamma + i);
    const FloatVec beta = hn::LoadU(kFloats, norm.beta + i);
    hn::StoreU(hn::MulAdd(hn::Mul(d, scale), gamma, beta), kFloats, out + i);
  }
}

void LayerNorm(const LayerNormArgs& args) {
  const Norm norm = {args.width, args.gamma, args.beta, args.epsilon};
  for (int row = 0; row < args.rows; ++row) {
    NormalizeRow(args.x + row * args.ldx, norm, args.out + row * args.ldout);
  }
}

template <typename Element>
HWY_INLINE const Element* RowOf(const std::byte* table, int row, int width) {
  return reinterpret_cast<const Element*>(table) + ptrdiff_t{row} * width;
}

template <typename Element>
HWY_INLINE void EmbedRows(const EmbedArgs& args) {
  const Norm norm = {args.width, args.gamma, args.beta, args.epsilon};
  for (int row = 0; row < args.rows; ++row) {
    const auto* word = RowOf<Element>(args.word, args.ids[row], args.width);
    const auto* position = RowOf<Element>(args.position, args.positions[row], args.width);
    const auto* type = RowOf<Element>(args.type, args.types[row], args.width);
    float* const out = args.out + row * args.ldout;
    for (int i = 0; i < args.width; i += kLanes) {
      const FloatVec sum = hn::Add(LoadElements(word + i), LoadElements(position + i));
      hn::StoreU(hn::Add(sum, LoadElements(type + i)), kFloats, out + i);
    }
    NormalizeRow(out, norm, out);
  }
}

void Embed(const EmbedArgs& args) {
  if (args.dtype == DType::kF32) {
    EmbedRows<float>(args);
  } else {
    EmbedRows<uint16_t>(args);
  }
}

}  // namespace hearth::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // HEARTH_KERNELS_LAYER_NORM_INL_H_
