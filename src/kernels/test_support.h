// What the kernels' tests share: inputs, matrices with canaries around them, the instruction sets
// under test.
//
// HEARTH_TEST_REDUCED=1 tests fewer shapes: for script/neon-test, where the processor is emulated.
#pragma once

#include <gtest/gtest.h>

#include <bit>
#include <cstdlib>
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "kernels/kernels.h"

namespace hearth::kernels {

inline bool Reduced() { return std::getenv("HEARTH_TEST_REDUCED") != nullptr; }

// What surrounds an output; a kernel that writes outside its part changes one.
inline constexpr float kCanary = -12345.5f;

inline std::vector<float> Random(int n, uint32_t seed, float scale = 1) {
  std::mt19937 engine(seed);
  std::uniform_real_distribution<float> uniform(-scale, scale);
  std::vector<float> values(static_cast<size_t>(n));
  for (float& value : values) value = uniform(engine);
  return values;
}

// The bytes of `values` as `dtype` (bf16 by truncation: any bf16 will do).
inline std::vector<std::byte> Stored(const std::vector<float>& values, DType dtype) {
  std::vector<std::byte> bytes(values.size() * SizeOf(dtype));
  for (size_t i = 0; i < values.size(); ++i) {
    const auto bits = std::bit_cast<uint32_t>(values[i]);
    const auto half = static_cast<uint16_t>(bits >> 16);
    if (dtype == DType::kF32) {
      std::memcpy(&bytes[i * 4], &bits, 4);
    } else {
      std::memcpy(&bytes[i * 2], &half, 2);
    }
  }
  return bytes;
}

inline const Kernels& Table(Isa isa) {
  const auto table = KernelsFor(isa);
  EXPECT_TRUE(table.has_value()) << (table ? "" : table.error().message);
  return **table;
}

// A matrix inside a larger allocation: `margin` canaries before, after, and between rows.
class Matrix {
 public:
  Matrix(int rows, int columns, int gap)
      : rows_(rows), columns_(columns), ld_(columns + gap), values_(SizeFor(rows), kCanary) {}
  static constexpr int kMargin = 64;

  float* data() { return values_.data() + kMargin; }
  ptrdiff_t ld() const { return ld_; }
  float& At(int row, int column) { return data()[row * ld_ + column]; }
  void Fill(const std::vector<float>& from) {
    for (int r = 0; r < rows_; ++r) {
      for (int c = 0; c < columns_; ++c) At(r, c) = from[static_cast<size_t>(r * columns_ + c)];
    }
  }
  // Every element outside columns [begin, end) of the first `rows` rows is as it was.
  void ExpectUntouchedOutside(int rows, int begin, int end, const Matrix& before) const {
    for (size_t i = 0; i < values_.size(); ++i) {
      const ptrdiff_t at = static_cast<ptrdiff_t>(i) - kMargin;
      const bool inside = at >= 0 && at < rows * ld_ && at % ld_ >= begin && at % ld_ < end;
      if (!inside && values_[i] != before.values_[i]) {
        FAIL() << "wrote outside: offset " << at << " of a matrix of " << rows << " rows, ld "
               << ld_;
      }
    }
  }

 private:
  size_t SizeFor(int rows) const { return static_cast<size_t>(rows * ld_ + 2 * kMargin); }

  int rows_;
  int columns_;
  ptrdiff_t ld_;
  std::vector<float> values_;
};

inline void ExpectNear(Matrix& got, Matrix& want, int rows, int columns, float tolerance) {
  for (int r = 0; r < rows; ++r) {
    for (int c = 0; c < columns; ++c) {
      ASSERT_NEAR(got.At(r, c), want.At(r, c), tolerance) << "row " << r << ", column " << c;
    }
  }
}

inline std::vector<Isa> VectorIsas() {
  std::vector<Isa> isas(SupportedIsas().begin(), SupportedIsas().end());
  isas.erase(isas.begin());  // scalar, the oracle
  return isas;
}

inline std::string IsaName(Isa isa) { return std::string(NameOf(isa)); }

class IsaTest : public testing::TestWithParam<Isa> {};
inline std::string NameOfIsaCase(const testing::TestParamInfo<Isa>& info) {
  return IsaName(info.param);
}

}  // namespace hearth::kernels
