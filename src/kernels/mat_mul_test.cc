// The matrix product of every instruction set against the scalar oracle. A row of C depends on its
// own row of A only, and a column on its own panel: one product by the oracle serves every number
// of rows and every part of the panels.
#include <gtest/gtest.h>
#ifndef HEARTH_TEST_WITHOUT_RAPIDCHECK
#include <rapidcheck/gtest.h>
#endif

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "kernels/kernels.h"
#include "kernels/test_support.h"

namespace hearth::kernels {
namespace {

enum class Residual { kNone, kApart, kInPlace };

struct Case {
  int rows = 1;  // at most
  int k = 1;
  int n = 16;
  DType dtype = DType::kF32;
  bool bias = false;
  bool gelu = false;
  Residual residual = Residual::kNone;
  int lda_gap = 0;
  int ldc_gap = 0;
};

// Sums of k products of numbers in [−1, 1]: rounding errors add up like a random walk, each about
// 2^−24 of a partial sum of about √k; the largest of many is some 6 times that. One dropped or
// doubled product is 1000 times more.
float Tolerance(int k) { return 1e-6f + 1.5e-7f * static_cast<float>(k); }

class Product {
 public:
  explicit Product(const Case& c)
      : case_(c),
        a_(c.rows, c.k, c.lda_gap),
        w_(Stored(Random(c.k * c.n, Seed(1)), c.dtype)),
        bias_(Random(c.n, Seed(2))),
        before_(c.rows, c.n, c.ldc_gap),
        want_(before_) {
    a_.Fill(Random(c.rows * c.k, Seed(0)));
    before_.Fill(Random(c.rows * c.n, Seed(3)));
    want_ = before_;
    Run(Isa::kScalar, c.rows, 0, c.n / kPanelColumns, want_);
  }

  void Check(Isa isa, int rows, int panel_begin, int panel_end) {
    SCOPED_TRACE(Describe(isa, rows, panel_begin, panel_end));
    Matrix got = before_;
    Run(isa, rows, panel_begin, panel_end, got);
    const int begin = panel_begin * kPanelColumns;
    const int end = panel_end * kPanelColumns;
    for (int r = 0; r < rows; ++r) {
      for (int j = begin; j < end; ++j) {
        ASSERT_NEAR(got.At(r, j), want_.At(r, j), Tolerance(case_.k))
            << "row " << r << ", column " << j;
      }
    }
    got.ExpectUntouchedOutside(rows, begin, end, before_);
  }
  void Check(Isa isa, int rows) { Check(isa, rows, 0, case_.n / kPanelColumns); }

 private:
  uint32_t Seed(int what) const { return static_cast<uint32_t>(case_.k * 7 + case_.n * 4 + what); }

  void Run(Isa isa, int rows, int panel_begin, int panel_end, Matrix& c) {
    MatMulArgs args;
    args.a = a_.data();
    args.lda = a_.ld();
    args.rows = rows;
    args.w = {w_.data(), case_.dtype, case_.k, case_.n};
    if (case_.bias) args.bias = bias_.data();
    args.gelu = case_.gelu;
    if (case_.residual == Residual::kApart) args.residual = before_.data();
    if (case_.residual == Residual::kInPlace) args.residual = c.data();
    args.ldr = before_.ld();
    args.c = c.data();
    args.ldc = c.ld();
    args.panel_begin = panel_begin;
    args.panel_end = panel_end;
    Table(isa).mat_mul(args);
  }

  std::string Describe(Isa isa, int rows, int panel_begin, int panel_end) const {
    return IsaName(isa) + " rows " + std::to_string(rows) + " k " + std::to_string(case_.k) +
           " n " + std::to_string(case_.n) + " panels " + std::to_string(panel_begin) + ".." +
           std::to_string(panel_end) + (case_.dtype == DType::kF32 ? " f32" : " bf16") +
           (case_.bias ? " bias" : "") + (case_.gelu ? " gelu" : "") + " residual " +
           std::to_string(static_cast<int>(case_.residual)) + " gaps " +
           std::to_string(case_.lda_gap) + " " + std::to_string(case_.ldc_gap);
  }

  Case case_;
  Matrix a_;
  std::vector<std::byte> w_;
  std::vector<float> bias_;
  Matrix before_;
  Matrix want_;
};

using Shape = std::pair<int, int>;  // k, n

std::vector<Shape> Shapes() {
  if (Reduced()) return {{1, 16}, {17, 32}, {64, 48}, {384, 112}, {500, 80}};
  return {{1, 16},    {2, 48},    {16, 16},    {16, 96},    {17, 32},   {32, 80},
          {64, 48},   {100, 112}, {384, 16},   {384, 144},  {500, 64},  {1000, 48},
          {769, 240}, {384, 384}, {384, 1152}, {384, 1536}, {1536, 384}};
}

class MatMulTest : public testing::TestWithParam<std::tuple<Isa, Shape>> {
 protected:
  Isa isa() const { return std::get<0>(GetParam()); }
  int k() const { return std::get<1>(GetParam()).first; }
  int n() const { return std::get<1>(GetParam()).second; }
  bool small() const { return k() * n() <= 64 * 1024; }
};

std::string NameOfCase(const testing::TestParamInfo<MatMulTest::ParamType>& info) {
  const auto [isa, shape] = info.param;
  return IsaName(isa) + "_" + std::to_string(shape.first) + "x" + std::to_string(shape.second);
}
INSTANTIATE_TEST_SUITE_P(Isas, MatMulTest,
                         testing::Combine(testing::ValuesIn(VectorIsas()),
                                          testing::ValuesIn(Shapes())),
                         NameOfCase);

TEST_P(MatMulTest, EveryNumberOfRows) {
  const int most = Reduced() ? 26 : 70;
  Product product({.rows = most, .k = k(), .n = n()});
  for (int rows = 1; rows <= most; ++rows) product.Check(isa(), rows);
}

TEST_P(MatMulTest, MoreRowsThanOneBlock) {
  if (!small() || Reduced())
    return;  // the tiles are those of EveryNumberOfRows; only the blocks are new
  Product product({.rows = 290, .k = k(), .n = n(), .bias = true, .residual = Residual::kInPlace});
  for (const int rows : {95, 96, 97, 192, 193, 290}) product.Check(isa(), rows);
}

TEST_P(MatMulTest, EveryEpilogueAndElementType) {
  for (int variant = 0; variant < 24; ++variant) {
    Case c = {.rows = 13, .k = k(), .n = n(), .lda_gap = variant % 5, .ldc_gap = variant % 7};
    c.dtype = variant % 2 == 0 ? DType::kF32 : DType::kBf16;
    c.bias = variant / 2 % 2 == 1;
    c.gelu = variant / 4 % 2 == 1;
    c.residual = static_cast<Residual>(variant / 8);
    Product product(c);
    for (const int rows : {1, 3, 8, 13}) product.Check(isa(), rows);
  }
}

// With more rows the sum over k is cut into parts, which C holds in between.
TEST_P(MatMulTest, EveryEpilogueOfManyRows) {
  for (int variant = 0; variant < 6; ++variant) {
    Case c = {.rows = 32, .k = k(), .n = n(), .bias = variant % 2 == 1, .ldc_gap = 16};
    c.residual = static_cast<Residual>(variant / 2);
    Product product(c);
    for (const int rows : {20, 21, 24, 32}) product.Check(isa(), rows);
  }
}

TEST_P(MatMulTest, PartsOfThePanels) {
  const int panels = n() / kPanelColumns;
  for (const DType dtype : {DType::kF32, DType::kBf16}) {
    Product product({.rows = 31,
                     .k = k(),
                     .n = n(),
                     .dtype = dtype,
                     .bias = true,
                     .residual = Residual::kInPlace,
                     .lda_gap = 3,
                     .ldc_gap = 16});
    for (const int rows : {1, 7, 12, 31}) {
      for (int begin = 0; begin < std::min(panels, 5); ++begin) {
        for (int end = begin; end <= std::min(panels, begin + 7); ++end) {
          product.Check(isa(), rows, begin, end);
        }
      }
      product.Check(isa(), rows, panels - 1, panels);
    }
  }
}

#ifndef HEARTH_TEST_WITHOUT_RAPIDCHECK
RC_GTEST_PROP(MatMulProperty, AnyShapeAnyPartAnyEpilogue, ()) {
  const int panels = *rc::gen::inRange(1, 14);
  Case c = {.rows = *rc::gen::inRange(1, 40),
            .k = *rc::gen::inRange(1, 900),
            .n = panels * kPanelColumns};
  c.dtype = *rc::gen::element(DType::kF32, DType::kBf16);
  c.bias = *rc::gen::arbitrary<bool>();
  c.gelu = *rc::gen::arbitrary<bool>();
  c.residual = *rc::gen::element(Residual::kNone, Residual::kApart, Residual::kInPlace);
  c.lda_gap = *rc::gen::inRange(0, 20);
  c.ldc_gap = *rc::gen::inRange(0, 20);
  const int begin = *rc::gen::inRange(0, panels);
  const int end = *rc::gen::inRange(begin, panels + 1);
  Product product(c);
  for (const Isa isa : VectorIsas()) product.Check(isa, c.rows, begin, end);
  RC_ASSERT(!testing::Test::HasFailure());
}
#endif

TEST(MatMul, ANanInOneRowStaysInThatRow) {
  for (const Isa isa : VectorIsas()) {
    Matrix a(7, 40, 0);
    a.Fill(Random(7 * 40, 1));
    a.At(3, 5) = std::numeric_limits<float>::quiet_NaN();
    const auto w = Stored(Random(40 * 48, 2), DType::kF32);
    Matrix c(7, 48, 0);
    MatMulArgs args;
    args.a = a.data();
    args.lda = a.ld();
    args.rows = 7;
    args.w = {w.data(), DType::kF32, 40, 48};
    args.gelu = true;
    args.c = c.data();
    args.ldc = c.ld();
    args.panel_end = 3;
    Table(isa).mat_mul(args);
    for (int r = 0; r < 7; ++r) {
      for (int j = 0; j < 48; ++j) ASSERT_EQ(std::isnan(c.At(r, j)), r == 3) << r << " " << j;
    }
  }
}

}  // namespace
}  // namespace hearth::kernels
