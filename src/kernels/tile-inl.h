// The micro-kernel: a tile of C in registers, a few rows of A against a strip of columns of W.
// Everything else in the matrix product only decides which tiles to run.
//
// Included once per instruction set by simd.cc (Highway's foreach_target), hence the toggled guard
// instead of a pragma.
#if defined(HEARTH_KERNELS_TILE_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef HEARTH_KERNELS_TILE_INL_H_
#undef HEARTH_KERNELS_TILE_INL_H_
#else
#define HEARTH_KERNELS_TILE_INL_H_
#endif

#include <array>
#include <utility>

#include "kernels/vector-inl.h"

HWY_BEFORE_NAMESPACE();
namespace hearth::kernels::HWY_NAMESPACE {

// A tile is as large as the registers allow: rows × vectors of sums, one vector of W per column,
// one broadcast of A. AVX2 has 16 registers, for 6 × 2 vectors (one panel) or 4 × 3 (one and a
// half). With 32 there is room for 24 sums: 6 × 4 vectors are four panels on AVX-512, where 12 × 2
// would need more loads, and one panel on NEON. kToL1Rows: from so many rows on, a strip lasts long
// enough for DRAM, and prefetching right into L1 saves the way from L2. With fewer, prefetches wait
// in the L1 cache's few miss buffers and hold up the loads: L2 it is. kNearPrefetch:
// how many bytes ahead in its own strip a lone tile asks for; 0: for the next strip (faster on
// AVX2).
#if HWY_TARGET == HWY_AVX2
inline constexpr int kTileVecs = 2;
inline constexpr int kTileRows = 6;
inline constexpr int kWideTileVecs = 3;
inline constexpr int kWideTileRows = 4;
inline constexpr int kToL1Rows = 21;
inline constexpr ptrdiff_t kNearPrefetch = 0;
#elif HWY_TARGET == HWY_AVX3
inline constexpr int kTileVecs = 4;
inline constexpr int kTileRows = 6;
inline constexpr int kTallTileVecs = 3;
inline constexpr int kTallTileRows = 8;
inline constexpr int kToL1Rows = 13;
inline constexpr ptrdiff_t kNearPrefetch = 4096;
#else
inline constexpr int kTileVecs = 4;
inline constexpr int kTileRows = 6;
inline constexpr int kToL1Rows = 21;
inline constexpr ptrdiff_t kNearPrefetch = 0;
#endif

// Memory that the tile asks for while it computes: `step` bytes per line of k from each of the
// addresses first, first + stride … It is the tile's share of the next strip, so that DRAM works
// all the time and not in bursts.
struct Prefetch {
  const std::byte* first = nullptr;
  ptrdiff_t stride = 0;
  ptrdiff_t step = 0;
  bool to_l1 = false;
};

// sums[kRows][kVecs · kLanes] = A[kRows][k] · W[k][kVecs vectors], Element being float or a bf16's
// uint16_t.
template <typename Element>
struct TileArgs {
  const float* a = nullptr;
  ptrdiff_t lda = 0;
  const Element* w =
      nullptr;  // line 0 of the strip's first vector; a line further is a panel's width further
  const ptrdiff_t* offsets =
      nullptr;  // of the strip's vectors from `w`, in elements; offsets[0] is 0
  int k = 0;
  Prefetch prefetch;
  float* sums = nullptr;
  ptrdiff_t ldsums = 0;
};

// Keeps a vector in its register. Without this, compilers fold the load of W into each FMA that
// uses it, and a tile of few rows is then bound by loads: 58 instead of 74 % of peak at four rows
// (g++ 12).
HWY_INLINE void KeepInRegister(FloatVec& v) {
#if HWY_ARCH_X86
  asm volatile("" : "+v"(v.raw));
#else
  asm volatile("" : "+w"(v.raw));
#endif
}

// sum += element · line. A tile that fills all 16 registers of AVX2 makes clang want one more for a
// moment and spill sums inside the loop (39 instead of 92 % of peak); this instruction is tied to
// its registers.
template <bool kTied>
HWY_INLINE void Accumulate(FloatVec element, FloatVec line, FloatVec& sum) {
#if HWY_TARGET == HWY_AVX2
  if constexpr (kTied) {
    asm volatile("vfmadd231ps %2, %1, %0" : "+x"(sum.raw) : "x"(element.raw), "x"(line.raw));
    return;
  }
#endif
  sum = hn::MulAdd(element, line, sum);
}

// Loops over a tile must vanish, or its arrays are memory and not registers.
#define HEARTH_UNROLL _Pragma("clang loop unroll(full)")

template <int kRows, int kVecs, typename Element>
HWY_NOINLINE void Tile(const TileArgs<Element>& args) {
  constexpr int kStreams = (kVecs + kVecsPerPanel - 1) / kVecsPerPanel;
  constexpr bool kTied = kRows * kVecs + kVecs + 1 == 16;
  FloatVec sums[kRows][kVecs];
  const float* a[(kRows + 2) / 3];  // every third row: the next two are scaled indexes on x86
  ptrdiff_t offsets[kVecs];
  HEARTH_UNROLL
  for (int r = 0; r < kRows; ++r) {
    HEARTH_UNROLL
    for (int v = 0; v < kVecs; ++v) sums[r][v] = hn::Zero(kFloats);
  }
  HEARTH_UNROLL
  for (int r = 0; r < kRows; r += 3) a[r / 3] = args.a + r * args.lda;
  HEARTH_UNROLL
  for (int v = 0; v < kVecs; ++v) offsets[v] = args.offsets[v];
  // Copies: the compiler cannot know that no store reaches the arguments.
  const ptrdiff_t lda = args.lda;
  const Prefetch prefetch = args.prefetch;
  const Element* w = args.w;
  const std::byte* next = prefetch.first;
  const int k_end = args.k;
  for (int k = 0; k < k_end; ++k) {
    FloatVec line[kVecs];
    HEARTH_UNROLL
    for (int v = 0; v < kVecs; ++v) {
      line[v] = LoadElements(w + offsets[v]);
      KeepInRegister(line[v]);
    }
    HEARTH_UNROLL
    for (int s = 0; s < kStreams; ++s) {
      const std::byte* const address = next + s * prefetch.stride;
      prefetch.to_l1 ? __builtin_prefetch(address, 0, 3) : __builtin_prefetch(address, 0, 2);
    }
    HEARTH_UNROLL
    for (int r = 0; r < kRows; ++r) {
      const FloatVec element = hn::Set(kFloats, a[r / 3][r % 3 * lda + k]);
      HEARTH_UNROLL
      for (int v = 0; v < kVecs; ++v) Accumulate<kTied>(element, line[v], sums[r][v]);
    }
    next += prefetch.step;
    w += kPanelColumns;
  }
  float* const out = args.sums;
  const ptrdiff_t ldout = args.ldsums;
  HEARTH_UNROLL
  for (int r = 0; r < kRows; ++r) {
    HEARTH_UNROLL
    for (int v = 0; v < kVecs; ++v) {
      hn::StoreU(sums[r][v], kFloats, out + r * ldout + v * kLanes);
    }
  }
}

#undef HEARTH_UNROLL

// The tiles of 1 … kRowsMax rows, so that a tile is chosen by its number of rows.
template <typename Element>
using TileFunction = void (*)(const TileArgs<Element>&);

template <int kVecs, typename Element, int... kRowsLess1>
constexpr auto MakeTiles(std::integer_sequence<int, kRowsLess1...>) {
  return std::array<TileFunction<Element>, sizeof...(kRowsLess1)>{
      &Tile<kRowsLess1 + 1, kVecs, Element>...};
}

template <int kVecs, int kRowsMax, typename Element>
inline constexpr auto kTiles =
    MakeTiles<kVecs, Element>(std::make_integer_sequence<int, kRowsMax>());

}  // namespace hearth::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // HEARTH_KERNELS_TILE_INL_H_
