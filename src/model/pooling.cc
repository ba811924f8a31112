#include "model/pooling.h"

#include <algorithm>
#include <cmath>

#include "model/encoder.h"

namespace hearth::model {

namespace {

constexpr float kNormMin = 1e-12F;

void Sum(const float* tokens, ptrdiff_t stride, int length, std::span<float> out) {
  std::copy_n(tokens, out.size(), out.begin());
  for (int row = 1; row < length; ++row) {
    const float* token = tokens + row * stride;
    for (size_t i = 0; i < out.size(); ++i) out[i] += token[i];
  }
}

void Max(const float* tokens, ptrdiff_t stride, int length, std::span<float> out) {
  std::copy_n(tokens, out.size(), out.begin());
  for (int row = 1; row < length; ++row) {
    const float* token = tokens + row * stride;
    for (size_t i = 0; i < out.size(); ++i) out[i] = std::max(out[i], token[i]);
  }
}

void Divide(std::span<float> vector, float divisor) {
  for (float& x : vector) x /= divisor;
}

}  // namespace

void Pool(Pooling pooling, const float* tokens, ptrdiff_t stride, int length,
          std::span<float> out) {
  switch (pooling) {
    case Pooling::kMean:
      Sum(tokens, stride, length, out);
      Divide(out, static_cast<float>(length));
      return;
    case Pooling::kMeanSqrtLen:
      Sum(tokens, stride, length, out);
      Divide(out, std::sqrt(static_cast<float>(length)));
      return;
    case Pooling::kMax:
      Max(tokens, stride, length, out);
      return;
    case Pooling::kCls:
      std::copy_n(tokens, out.size(), out.begin());
      return;
  }
}

void Normalize(std::span<float> vector) {
  double squares = 0;
  for (const float x : vector) squares += static_cast<double>(x) * static_cast<double>(x);
  Divide(vector, std::max(static_cast<float>(std::sqrt(squares)), kNormMin));
}

}  // namespace hearth::model
