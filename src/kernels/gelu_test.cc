// GELU, as the matrix product applies it, against double precision.
#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <vector>

#include "kernels/kernels.h"
#include "kernels/test_support.h"

namespace hearth::kernels {
namespace {

using GeluTest = IsaTest;
INSTANTIATE_TEST_SUITE_P(Isas, GeluTest, testing::ValuesIn(VectorIsas()), NameOfIsaCase);

// GELU of any numbers: a product with k = 1 and weights of 1 hands them through.
std::vector<float> GeluOf(const Kernels& table, const std::vector<float>& x) {
  const std::vector<float> ones(kPanelColumns, 1.0f);
  std::vector<float> y(x.size() * kPanelColumns);
  MatMulArgs args;
  args.a = x.data();
  args.lda = 1;
  args.rows = static_cast<int>(x.size());
  args.w = {reinterpret_cast<const std::byte*>(ones.data()), DType::kF32, 1, kPanelColumns};
  args.gelu = true;
  args.c = y.data();
  args.ldc = kPanelColumns;
  args.panel_end = 1;
  table.mat_mul(args);
  std::vector<float> column(x.size());
  for (size_t i = 0; i < x.size(); ++i) column[i] = y[i * kPanelColumns];
  return column;
}

// Within 1e-6 of x·Φ(x), or of its nearest f32 where those are further apart.
void CheckGelu(const std::vector<float>& x, const std::vector<float>& y) {
  for (size_t i = 0; i < x.size(); ++i) {
    const double exact = 0.5 * double{x[i]} * std::erfc(-double{x[i]} / std::sqrt(2.0));
    ASSERT_LE(std::abs(double{y[i]} - exact), std::max(1e-6, std::abs(exact) * 1e-7))
        << "gelu(" << x[i] << ") = " << y[i] << ", not " << exact;
  }
}

TEST_P(GeluTest, GeluIsExactWithin1e6OverAllFiniteFloats) {
  // Every 4,099th bit pattern (fewer when reduced), and a fine grid where GELU bends.
  std::vector<float> x;
  for (uint64_t bits = 0; bits < (uint64_t{1} << 32); bits += Reduced() ? 1048573 : 4099) {
    const auto value = std::bit_cast<float>(static_cast<uint32_t>(bits));
    if (std::isfinite(value)) x.push_back(value);
  }
  for (int i = -140000; i <= 140000; i += Reduced() ? 64 : 1) {
    x.push_back(static_cast<float>(i) * 1e-4f);
  }
  for (const float value : {0.0f, -0.0f, 12.0f, -12.0f, 1e30f, -1e30f}) x.push_back(value);
  CheckGelu(x, GeluOf(Table(GetParam()), x));
}

TEST_P(GeluTest, GeluOfInfinitiesAndNan) {
  constexpr float kInf = std::numeric_limits<float>::infinity();
  const auto y =
      GeluOf(Table(GetParam()), {kInf, -kInf, std::numeric_limits<float>::quiet_NaN(), 1.0f});
  EXPECT_EQ(y[0], kInf);
  EXPECT_NEAR(y[1], 0.0f, 1e-6f);
  EXPECT_TRUE(std::isnan(y[2]));
  EXPECT_NEAR(y[3], 0.8413447f, 1e-6f);
}

}  // namespace
}  // namespace hearth::kernels
