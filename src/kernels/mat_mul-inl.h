// The matrix product C = act(A·W + bias) + residual on panels of 16 columns, used where they lie in
// the file.
//
// W is walked once per block of rows, strip by strip; a strip is as wide as a tile and stays in the
// L1 or L2 cache while all tiles of the block's rows use it. Weights do not fit in any cache during
// a forward, so each tile also prefetches its share of the strip that comes next: worth 1.3-1.5
// times at 8-32 rows.
//
// Included once per instruction set by simd.cc (Highway's foreach_target), hence the toggled guard
// instead of a pragma.
#if defined(HEARTH_KERNELS_MAT_MUL_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef HEARTH_KERNELS_MAT_MUL_INL_H_
#undef HEARTH_KERNELS_MAT_MUL_INL_H_
#else
#define HEARTH_KERNELS_MAT_MUL_INL_H_
#endif

#include <algorithm>

#include "kernels/tile-inl.h"

HWY_BEFORE_NAMESPACE();
namespace hearth::kernels::HWY_NAMESPACE {

// Rows of A that are multiplied by all of W before the next rows: 96 × 384 f32 are 144 KiB of the
// L2 cache.
inline constexpr int kBlockRows = 96;
// Longer sums are cut into parts of about this length, kept in C between parts: the tile's rows of
// A and its strip of W then stay in the L1 cache.
inline constexpr int kBlockK = 384;

constexpr int CeilDiv(int a, int b) { return (a + b - 1) / b; }

// Part `index` of 0 … total cut into `parts` that differ by at most one: no tile is left with a
// single row.
struct Part {
  int begin = 0;
  int size = 0;
};
HWY_INLINE Part EvenPart(int total, int parts, int index) {
  const int begin = static_cast<int>(int64_t{total} * index / parts);
  return {begin, static_cast<int>(int64_t{total} * (index + 1) / parts) - begin};
}

// What happens to the sums of a tile on their way to C.
struct Epilogue {
  const float* bias = nullptr;
  bool gelu = false;
  const float* add = nullptr;  // the residual, or C itself when the sum over k is continued
  ptrdiff_t ldadd = 0;

  bool empty() const { return bias == nullptr && !gelu && add == nullptr; }
};

// C[rows][columns] = act(sums + bias) + add; c, bias and add begin at the tile's first column.
HWY_NOINLINE void Finish(const float* sums, ptrdiff_t ldsums, int rows, const Epilogue& epilogue,
                         float* c, ptrdiff_t ldc) {
  for (int r = 0; r < rows; ++r) {
    for (ptrdiff_t j = 0; j < ldsums; j += kLanes) {
      FloatVec x = hn::LoadU(kFloats, sums + r * ldsums + j);
      if (epilogue.bias != nullptr) x = hn::Add(x, hn::LoadU(kFloats, epilogue.bias + j));
      if (epilogue.gelu) x = Gelu(x);
      if (epilogue.add != nullptr) {
        x = hn::Add(x, hn::LoadU(kFloats, epilogue.add + r * epilogue.ldadd + j));
      }
      hn::StoreU(x, kFloats, c + r * ldc + j);
    }
  }
}

// The rows [row_begin, row_begin + rows) of one product, its sums over k cut into k_parts.
template <typename Element>
struct RowBlock {
  const MatMulArgs& args;
  int row_begin = 0;
  int rows = 0;
  int k_parts = 1;
};

// Where vector `vec` of W's columns (counted from column 0) has its line `k`, in elements.
HWY_INLINE ptrdiff_t WOffset(const Panels& w, int vec, int k) {
  const int panel = vec / kVecsPerPanel;
  return (ptrdiff_t{panel} * w.k + k) * kPanelColumns + vec % kVecsPerPanel * kLanes;
}

// What the first of `tiles` tiles asks for while the strip's part `k` is in use: the strip's next
// part, or the first part of the panels that no strip has touched yet. Past the last panel that may
// be no memory of ours: a prefetch never faults.
template <int kVecs, typename Element>
HWY_INLINE Prefetch PrefetchBehind(const RowBlock<Element>& block, int strip_vec, const Part& k,
                                   int tiles) {
  constexpr ptrdiff_t kSize = sizeof(Element);
  const Panels& w = block.args.w;
  const int k_next = k.begin + k.size;
  const bool last_part = k_next == w.k;
  const int untouched = CeilDiv(strip_vec + kVecs, kVecsPerPanel) * kVecsPerPanel;
  Prefetch prefetch;
  prefetch.first =
      w.data + kSize * (last_part ? WOffset(w, untouched, 0)
                                  : WOffset(w, strip_vec / kVecsPerPanel * kVecsPerPanel, k_next));
  prefetch.stride = kSize * w.k * kPanelColumns;
  prefetch.step = CeilDiv(kPanelColumns * int{kSize}, tiles);
  prefetch.to_l1 = block.rows >= kToL1Rows;
  if (kNearPrefetch != 0 && tiles == 1) {
    // Each line of the strip is used once: it is asked for just before, right into L1.
    prefetch.first = w.data + kNearPrefetch +
                     kSize * WOffset(w, strip_vec / kVecsPerPanel * kVecsPerPanel, k.begin);
    prefetch.to_l1 = true;
  }
  return prefetch;
}

// The epilogue of one part of the sums: the first part brings bias and residual in, the others go
// on from C.
HWY_INLINE Epilogue EpilogueOf(const MatMulArgs& args, bool first_part, ptrdiff_t row,
                               ptrdiff_t column) {
  Epilogue epilogue;
  if (!first_part) {
    epilogue.add = args.c + row * args.ldc + column;
    epilogue.ldadd = args.ldc;
    return epilogue;
  }
  if (args.bias != nullptr) epilogue.bias = args.bias + column;
  epilogue.gelu = args.gelu;
  if (args.residual != nullptr) epilogue.add = args.residual + row * args.ldr + column;
  epilogue.ldadd = args.ldr;
  return epilogue;
}

// One strip: kVecs vectors of W from strip_vec on, against all rows of the block in tiles of
// kRowsMax rows at most.
template <int kVecs, int kRowsMax, typename Element>
HWY_INLINE void MultiplyStrip(const RowBlock<Element>& block, int strip_vec) {
  const MatMulArgs& args = block.args;
  const ptrdiff_t w_offset = WOffset(args.w, strip_vec, 0);
  ptrdiff_t offsets[kVecs];
  for (int v = 0; v < kVecs; ++v) offsets[v] = WOffset(args.w, strip_vec + v, 0) - w_offset;
  const ptrdiff_t column = ptrdiff_t{strip_vec} * kLanes;
  const int tiles = CeilDiv(block.rows, kRowsMax);

  for (int k_part = 0; k_part < block.k_parts; ++k_part) {
    const Part k = EvenPart(args.w.k, block.k_parts, k_part);
    TileArgs<Element> tile;
    tile.lda = args.lda;
    tile.w = reinterpret_cast<const Element*>(args.w.data) + w_offset +
             ptrdiff_t{k.begin} * kPanelColumns;
    tile.offsets = offsets;
    tile.k = k.size;
    tile.prefetch = PrefetchBehind<kVecs>(block, strip_vec, k, tiles);
    for (int t = 0; t < tiles; ++t) {
      const Part rows = EvenPart(block.rows, tiles, t);
      const ptrdiff_t row = block.row_begin + rows.begin;
      const Epilogue epilogue = EpilogueOf(args, k_part == 0, row, column);
      const auto run = kTiles<kVecs, kRowsMax, Element>[static_cast<size_t>(rows.size - 1)];
      float* const c = args.c + row * args.ldc + column;
      alignas(64) float sums[kRowsMax * kVecs * kLanes];
      tile.a = args.a + row * args.lda + k.begin;
      tile.sums = epilogue.empty() ? c : sums;
      tile.ldsums = epilogue.empty() ? args.ldc : kVecs * kLanes;
      run(tile);
      if (!epilogue.empty()) Finish(sums, tile.ldsums, rows.size, epilogue, c, args.ldc);
      tile.prefetch.first += k.size * tile.prefetch.step;
    }
  }
}

// Whole strips of kVecs vectors from `vec` on; then, for the panels left, of half as many, down to
// one panel.
template <int kVecs, typename Element>
void MultiplyStrips(const RowBlock<Element>& block, int vec, int end) {
  for (; vec + kVecs <= end; vec += kVecs) MultiplyStrip<kVecs, kTileRows>(block, vec);
  if constexpr (kVecs > kVecsPerPanel) MultiplyStrips<kVecs / 2>(block, vec, end);
}

#if HWY_TARGET == HWY_AVX2
// Tiles of 4 × 24 where they leave clearly fewer of their rows empty than those of 6 × 16: an
// emptier tile has too few independent sums to keep two FMA units busy.
HWY_INLINE bool PrefersWideTiles(int rows) {
  const int padded = CeilDiv(rows, kTileRows) * kTileRows;
  const int wide_padded = CeilDiv(rows, kWideTileRows) * kWideTileRows;
  return wide_padded * 20 < padded * 19;
}
#elif HWY_TARGET == HWY_AVX3
// Tiles of 8 × 48 where fewer of them cover the rows than of those of 6 × 64: each walks all of W
// once more (measured on Zen 5: a forward of 8 tokens in 0.7 of the time, of 16 in 0.9).
HWY_INLINE bool PrefersTallTiles(int rows) {
  return CeilDiv(rows, kTallTileRows) < CeilDiv(rows, kTileRows);
}
#endif

template <typename Element>
void MultiplyRows(const RowBlock<Element>& block) {
  int vec = block.args.panel_begin * kVecsPerPanel;
  const int end = block.args.panel_end * kVecsPerPanel;
#if HWY_TARGET == HWY_AVX2
  if (PrefersWideTiles(block.rows)) {
    constexpr int kThreePanels = 2 * kWideTileVecs;
    for (; vec + kThreePanels <= end; vec += kThreePanels) {
      MultiplyStrip<kWideTileVecs, kWideTileRows>(block, vec);
      MultiplyStrip<kWideTileVecs, kWideTileRows>(block, vec + kWideTileVecs);
    }
  }
#elif HWY_TARGET == HWY_AVX3
  if (PrefersTallTiles(block.rows)) {
    for (; vec + kTallTileVecs <= end; vec += kTallTileVecs) {
      MultiplyStrip<kTallTileVecs, kTallTileRows>(block, vec);
    }
  }
#endif
  MultiplyStrips<kTileVecs>(block, vec, end);
}

template <typename Element>
void MultiplyBlocks(const MatMulArgs& args) {
  const int blocks = CeilDiv(args.rows, kBlockRows);
  for (int i = 0; i < blocks; ++i) {
    const Part rows = EvenPart(args.rows, blocks, i);
    // GELU needs the whole sum; and with few rows DRAM sets the pace, not the L1 cache.
    const bool whole = args.gelu || rows.size < kToL1Rows;
    const int k_parts = whole ? 1 : CeilDiv(args.w.k, kBlockK);
    MultiplyRows<Element>({args, rows.begin, rows.size, k_parts});
  }
}

void MatMul(const MatMulArgs& args) {
  if (args.w.dtype == DType::kF32) {
    MultiplyBlocks<float>(args);
  } else {
    MultiplyBlocks<uint16_t>(args);
  }
}

}  // namespace hearth::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // HEARTH_KERNELS_MAT_MUL_INL_H_
