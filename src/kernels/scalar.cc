// Every kernel in plain C++ with double sums: slow, obviously right, the oracle of the others.
#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>

#include "kernels/tables.h"

namespace hearth::kernels {
namespace {

// Element i of an array of `dtype`. A bf16 is the upper half of an f32.
float Element(const std::byte* data, DType dtype, ptrdiff_t i) {
  if (dtype == DType::kF32) {
    float value = 0;
    std::memcpy(&value, data + i * 4, sizeof(value));
    return value;
  }
  uint16_t half = 0;
  std::memcpy(&half, data + i * 2, sizeof(half));
  return std::bit_cast<float>(uint32_t{half} << 16);
}

double Gelu(double x) {
  if (std::isinf(x)) return x > 0 ? x : 0;
  return 0.5 * x * std::erfc(-x / std::sqrt(2.0));
}

void MatMul(const MatMulArgs& args) {
  for (int row = 0; row < args.rows; ++row) {
    const float* a = args.a + row * args.lda;
    for (int panel = args.panel_begin; panel < args.panel_end; ++panel) {
      double sums[kPanelColumns] = {};
      for (int k = 0; k < args.w.k; ++k) {
        const ptrdiff_t line = (ptrdiff_t{panel} * args.w.k + k) * kPanelColumns;
        for (int j = 0; j < kPanelColumns; ++j) {
          sums[j] += double{a[k]} * double{Element(args.w.data, args.w.dtype, line + j)};
        }
      }
      for (int j = 0; j < kPanelColumns; ++j) {
        const ptrdiff_t column = ptrdiff_t{panel} * kPanelColumns + j;
        double value = sums[j];
        if (args.bias != nullptr) value += double{args.bias[column]};
        if (args.gelu) value = Gelu(value);
        if (args.residual != nullptr) value += double{args.residual[row * args.ldr + column]};
        args.c[row * args.ldc + column] = static_cast<float>(value);
      }
    }
  }
}

double Dot(const float* x, const float* y, int n) {
  double sum = 0;
  for (int i = 0; i < n; ++i) sum += double{x[i]} * double{y[i]};
  return sum;
}

void Attention(const AttentionArgs& args) {
  const ptrdiff_t hidden = ptrdiff_t{args.heads} * args.head_size;
  float* const weights = args.scratch;  // [length]
  for (int head = args.head_begin; head < args.head_end; ++head) {
    const float* q = args.qkv + ptrdiff_t{head} * args.head_size;
    const float* k = q + hidden;
    const float* v = k + hidden;
    for (int i = 0; i < args.length; ++i) {
      for (int j = 0; j < args.length; ++j) {
        weights[j] =
            static_cast<float>(Dot(q + i * args.ldqkv, k + j * args.ldqkv, args.head_size));
      }
      const double max = double{*std::max_element(weights, weights + args.length)};
      double sum = 0;
      for (int j = 0; j < args.length; ++j) sum += std::exp(double{weights[j]} - max);
      for (int d = 0; d < args.head_size; ++d) {
        double value = 0;
        for (int j = 0; j < args.length; ++j) {
          value += std::exp(double{weights[j]} - max) / sum * double{v[j * args.ldqkv + d]};
        }
        args.out[i * args.ldout + ptrdiff_t{head} * args.head_size + d] = static_cast<float>(value);
      }
    }
  }
}

void NormalizeRow(const float* x, int width, const float* gamma, const float* beta, float epsilon,
                  float* out) {
  double mean = 0;
  for (int i = 0; i < width; ++i) mean += double{x[i]} / width;
  double variance = 0;
  for (int i = 0; i < width; ++i) variance += (double{x[i]} - mean) * (double{x[i]} - mean) / width;
  const double scale = 1 / std::sqrt(variance + double{epsilon});
  for (int i = 0; i < width; ++i) {
    out[i] = static_cast<float>((double{x[i]} - mean) * scale * double{gamma[i]} + double{beta[i]});
  }
}

void LayerNorm(const LayerNormArgs& args) {
  for (int row = 0; row < args.rows; ++row) {
    NormalizeRow(args.x + row * args.ldx, args.width, args.gamma, args.beta, args.epsilon,
                 args.out + row * args.ldout);
  }
}

void Embed(const EmbedArgs& args) {
  const ptrdiff_t width = args.width;
  for (int row = 0; row < args.rows; ++row) {
    float* out = args.out + row * args.ldout;
    for (ptrdiff_t i = 0; i < width; ++i) {
      out[i] = Element(args.word, args.dtype, args.ids[row] * width + i) +
               Element(args.position, args.dtype, args.positions[row] * width + i) +
               Element(args.type, args.dtype, args.types[row] * width + i);
    }
    NormalizeRow(out, args.width, args.gamma, args.beta, args.epsilon, out);
  }
}

}  // namespace

const Kernels& ScalarKernels() {
  static constexpr Kernels kTable = {Isa::kScalar, MatMul, Attention, LayerNorm, Embed};
  return kTable;
}

}  // namespace hearth::kernels
