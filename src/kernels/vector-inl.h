// What the kernels need beyond Highway's own operations: loads of both element types, 2^x, GELU.
//
// Included once per instruction set by simd.cc (Highway's foreach_target), hence the toggled guard
// instead of a pragma.
#if defined(HEARTH_KERNELS_VECTOR_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef HEARTH_KERNELS_VECTOR_INL_H_
#undef HEARTH_KERNELS_VECTOR_INL_H_
#else
#define HEARTH_KERNELS_VECTOR_INL_H_
#endif

#include <hwy/highway.h>

#include <cstddef>
#include <cstdint>

#include "kernels/kernels.h"

HWY_BEFORE_NAMESPACE();
namespace hearth::kernels::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

// One vector of f32, never wider than a panel: 8 lanes on AVX2, 16 on AVX-512, 4 on NEON.
using FloatTag = hn::CappedTag<float, kPanelColumns>;
using FloatVec = hn::Vec<FloatTag>;
inline constexpr FloatTag kFloats{};
inline constexpr int kLanes = HWY_LANES(float) < kPanelColumns ? HWY_LANES(float) : kPanelColumns;
inline constexpr int kVecsPerPanel = kPanelColumns / kLanes;

HWY_INLINE FloatVec LoadElements(const float* p) { return hn::LoadU(kFloats, p); }

// A bf16 is the upper half of an f32.
HWY_INLINE FloatVec LoadElements(const uint16_t* p) {
  const hn::Rebind<uint16_t, FloatTag> halves;
  const hn::Rebind<uint32_t, FloatTag> words;
  return hn::BitCast(kFloats, hn::ShiftLeft<16>(hn::PromoteTo(words, hn::LoadU(halves, p))));
}

// 2^(whole + fraction) for a whole number in [−126, 127] and a fraction in [−½, ½]. The polynomial
// is the minimax one of degree 6: relative error 2e-9 before rounding. Scaling is a product, not an
// addition to the exponent: NaN stays NaN.
HWY_INLINE FloatVec Exp2(hn::Vec<hn::RebindToSigned<FloatTag>> whole, FloatVec fraction) {
  FloatVec p = hn::Set(kFloats, 1.534581242594868e-4f);
  p = hn::MulAdd(p, fraction, hn::Set(kFloats, 1.3399930903688073e-3f));
  p = hn::MulAdd(p, fraction, hn::Set(kFloats, 9.618489071726799e-3f));
  p = hn::MulAdd(p, fraction, hn::Set(kFloats, 5.550328642129898e-2f));
  p = hn::MulAdd(p, fraction, hn::Set(kFloats, 0.24022646248340607f));
  p = hn::MulAdd(p, fraction, hn::Set(kFloats, 0.6931471824645996f));
  p = hn::MulAdd(p, fraction, hn::Set(kFloats, 1.0f));
  const hn::RebindToSigned<FloatTag> ints;
  const auto scale = hn::ShiftLeft<23>(hn::Add(whole, hn::Set(ints, 127)));
  return hn::Mul(p, hn::BitCast(kFloats, scale));
}

// e^x for x ≤ 0 (softmax subtracts the maximum first): relative error 1e-7; below −87, e^−87 ≈
// 1e-38 in place of less.
HWY_INLINE FloatVec ExpNonPositive(FloatVec x) {
  constexpr float kLog2E = 1.44269502162933349609375f;       // the nearest f32 …
  constexpr float kLog2EError = 1.92596299112661746887e-8f;  // … and what it lacks
  // Not Max, which drops a NaN on NEON.
  const FloatVec lowest = hn::Set(kFloats, -87.0f);
  x = hn::IfThenElse(hn::Lt(x, lowest), lowest, x);
  const auto whole = hn::NearestInt(hn::Mul(x, hn::Set(kFloats, kLog2E)));
  // x·log2(e) − whole: the product is not rounded before the subtraction.
  const FloatVec fraction = hn::MulSub(x, hn::Set(kFloats, kLog2E), hn::ConvertTo(kFloats, whole));
  return Exp2(whole, hn::MulAdd(x, hn::Set(kFloats, kLog2EError), fraction));
}

// Exact GELU, x·Φ(x) = max(x, 0) − |x|·Q(|x|) with the normal tail Q(t) = ½ erfc(t/√2). log2 Q is
// nearly a parabola, so a polynomial of degree 6 and one 2^x give |x|·Q(|x|) within 1e-7 everywhere
// without a division, and nothing is lost to cancellation at large |x|. Fitted on [0, 6] with
// weight t·Q(t); from 6 to 12 it falls to 2^−99 and is held there.
HWY_INLINE FloatVec Gelu(FloatVec x) {
  const FloatVec t = hn::Min(hn::Set(kFloats, 12.0f), hn::Abs(x));
  FloatVec log2_q = hn::Set(kFloats, 3.2505853596376255e-5f);
  log2_q = hn::MulAdd(log2_q, t, hn::Set(kFloats, -7.637959788553417e-4f));
  log2_q = hn::MulAdd(log2_q, t, hn::Set(kFloats, 8.061671629548073e-3f));
  log2_q = hn::MulAdd(log2_q, t, hn::Set(kFloats, -5.3380079567432404e-2f));
  log2_q = hn::MulAdd(log2_q, t, hn::Set(kFloats, -0.4587976038455963f));
  log2_q = hn::MulAdd(log2_q, t, hn::Set(kFloats, -1.1511917114257812f));
  log2_q = hn::MulAdd(log2_q, t, hn::Set(kFloats, -0.9999943375587463f));
  const auto whole = hn::NearestInt(log2_q);
  const FloatVec q = Exp2(whole, hn::Sub(log2_q, hn::ConvertTo(kFloats, whole)));
  // Not Max, which drops a NaN on NEON.
  const FloatVec positive = hn::IfThenZeroElse(hn::Lt(x, hn::Zero(kFloats)), x);
  return hn::NegMulAdd(t, q, positive);
}

}  // namespace hearth::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // HEARTH_KERNELS_VECTOR_INL_H_
