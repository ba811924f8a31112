// The arithmetic of a BERT encoder, one table of functions per instruction set.
//
// Every function is pure, allocates nothing, and may be called from any thread on distinct outputs.
// All matrices are row-major f32 with a leading dimension in elements; pointers need no alignment.
// No function throws or checks its arguments in release builds: shapes are validated once, when the
// packed file is opened.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "base/result.h"

namespace hearth::kernels {

enum class DType : uint32_t { kF32 = 0, kBf16 = 1 };  // the numbers are those of the packed file
constexpr size_t SizeOf(DType dtype) { return dtype == DType::kF32 ? 4 : 2; }

// Columns in one panel: one k of a panel is one 64-byte line of f32 (docs/formats/pack.md).
inline constexpr int kPanelColumns = 16;
// Bytes that may be read (prefetched, never used) past the last panel.
inline constexpr size_t kPanelPadding = 8192;

// A weight W[k][n] as panels [n / 16][k][16]; n is a multiple of 16. `data` is not owned.
struct Panels {
  const std::byte* data = nullptr;
  DType dtype = DType::kF32;
  int k = 0;
  int n = 0;
};

// C[rows][16·(panel_end − panel_begin)] at its own columns = act(A[rows][k] · W + bias) + residual
struct MatMulArgs {
  const float* a = nullptr;
  ptrdiff_t lda = 0;
  int rows = 0;
  Panels w;
  const float* bias = nullptr;      // [n]
  bool gelu = false;                // exact: x·Φ(x) by erf
  const float* residual = nullptr;  // [rows][n] or null; may be the same memory as c
  ptrdiff_t ldr = 0;
  float* c = nullptr;  // column 0 of the whole matrix, whatever panel_begin is
  ptrdiff_t ldc = 0;
  int panel_begin = 0;
  int panel_end = 0;
};

// Softmax attention of one text for heads [head_begin, head_end): out[i][h] = softmax(q_i · k_jᵀ)
// v_j, exact, over the text's own `length` rows only. qkv holds [length][3·heads·head_size] as Q |
// K | V; 1/√head_size is already in Q.
struct AttentionArgs {
  const float* qkv = nullptr;
  ptrdiff_t ldqkv = 0;
  int length = 0;
  int heads = 0;      // of the model, so that K starts at heads·head_size
  int head_size = 0;  // a multiple of 16
  int head_begin = 0;
  int head_end = 0;
  float* out = nullptr;  // [length][heads·head_size]
  ptrdiff_t ldout = 0;
  float* scratch =
      nullptr;  // AttentionScratchFloats(length, head_size) floats of the calling thread
};
size_t AttentionScratchFloats(int length, int head_size);

// out[i] = (x − mean) / √(variance + epsilon) · gamma + beta, per row; out may be x.
struct LayerNormArgs {
  const float* x = nullptr;
  ptrdiff_t ldx = 0;
  int rows = 0;
  int width = 0;  // a multiple of 16
  const float* gamma = nullptr;
  const float* beta = nullptr;
  float epsilon = 0;
  float* out = nullptr;
  ptrdiff_t ldout = 0;
};

// out[i] = layer_norm(word[ids[i]] + position[positions[i]] + type[types[i]]); ids are in range
// (the caller checked).
struct EmbedArgs {
  const int32_t* ids = nullptr;
  const int32_t* positions = nullptr;
  const int32_t* types = nullptr;
  int rows = 0;
  int width = 0;
  DType dtype = DType::kF32;  // of the three tables
  const std::byte* word = nullptr;
  const std::byte* position = nullptr;
  const std::byte* type = nullptr;
  const float* gamma = nullptr;
  const float* beta = nullptr;
  float epsilon = 0;
  float* out = nullptr;
  ptrdiff_t ldout = 0;
};

enum class Isa { kScalar, kAvx2, kAvx512, kNeon };
std::string_view NameOf(Isa isa);  // "scalar", "avx2", "avx512", "neon"

struct Kernels {
  Isa isa = Isa::kScalar;
  void (*mat_mul)(const MatMulArgs&) = nullptr;
  void (*attention)(const AttentionArgs&) = nullptr;
  void (*layer_norm)(const LayerNormArgs&) = nullptr;
  void (*embed)(const EmbedArgs&) = nullptr;
};

// Those that this machine can run, slowest first; always starts with scalar, the plain oracle of
// the others.
std::span<const Isa> SupportedIsas();

// The table of `isa`; kUnsupported, naming it and what the machine has, when the machine lacks it.
Result<const Kernels*> KernelsFor(Isa isa);

// The fastest table, or the one that `forced` names (the value of HEARTH_CPU_ISA; empty: not
// forced). An unknown name or one that this machine lacks is an error, never a silent fallback.
Result<const Kernels*> ChooseKernels(std::string_view forced);

}  // namespace hearth::kernels
