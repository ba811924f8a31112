// Every instruction set that this machine has, against the scalar oracle. HEARTH_TEST_REDUCED=1
// tests a smaller set of shapes (script/neon-test: under emulation).
#include "kernels/kernels.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <random>
#include <string>
#include <tuple>
#include <vector>

#include "kernels/tables.h"

namespace hearth::kernels {
namespace {

bool Reduced() { return std::getenv("HEARTH_TEST_REDUCED") != nullptr; }

// What surrounds an output; a kernel that writes outside its part changes one.
constexpr float kCanary = -12345.5f;

std::vector<float> Random(size_t n, uint32_t seed, float scale = 1) {
  std::mt19937 engine(seed);
  std::uniform_real_distribution<float> uniform(-scale, scale);
  std::vector<float> values(n);
  for (float& value : values) value = uniform(engine);
  return values;
}

// The bytes of `values` as `dtype` (bf16 by truncation: any bf16 will do).
std::vector<std::byte> Stored(const std::vector<float>& values, DType dtype) {
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

const Kernels& Table(Isa isa) {
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
  // Every element outside columns [begin, end) of the rows is as it was.
  void ExpectUntouchedOutside(int begin, int end, const Matrix& before) const {
    for (size_t i = 0; i < values_.size(); ++i) {
      const ptrdiff_t at = static_cast<ptrdiff_t>(i) - kMargin;
      const bool inside = at >= 0 && at < rows_ * ld_ && at % ld_ >= begin && at % ld_ < end;
      if (!inside && values_[i] != before.values_[i]) {
        FAIL() << "wrote outside: offset " << at << " of a matrix of " << rows_ << " rows, ld "
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

void ExpectNear(Matrix& got, Matrix& want, int rows, int columns, float tolerance) {
  for (int r = 0; r < rows; ++r) {
    for (int c = 0; c < columns; ++c) {
      ASSERT_NEAR(got.At(r, c), want.At(r, c), tolerance) << "row " << r << ", column " << c;
    }
  }
}

std::vector<Isa> VectorIsas() {
  std::vector<Isa> isas(SupportedIsas().begin(), SupportedIsas().end());
  isas.erase(isas.begin());  // scalar, the oracle
  return isas;
}

std::string IsaName(Isa isa) { return std::string(NameOf(isa)); }

// ---- choice
// -----------------------------------------------------------------------------------------------------------

TEST(Choice, ScalarComesFirstAndEveryTableIsItsOwn) {
  ASSERT_FALSE(SupportedIsas().empty());
  EXPECT_EQ(SupportedIsas().front(), Isa::kScalar);
  for (const Isa isa : SupportedIsas()) {
    const auto table = KernelsFor(isa);
    ASSERT_TRUE(table.has_value());
    EXPECT_EQ((*table)->isa, isa);
  }
}

TEST(Choice, TheFastestUnlessForced) {
  const auto chosen = ChooseKernels("");
  ASSERT_TRUE(chosen.has_value());
  EXPECT_EQ((*chosen)->isa, SupportedIsas().back());
  for (const Isa isa : SupportedIsas()) {
    const auto forced = ChooseKernels(NameOf(isa));
    ASSERT_TRUE(forced.has_value());
    EXPECT_EQ((*forced)->isa, isa);
  }
}

TEST(Choice, AnUnknownNameIsAnErrorThatNamesWhatTheMachineHas) {
  for (const std::string_view name : {"sse9", "AVX2", " avx2", "native"}) {
    const auto chosen = ChooseKernels(name);
    ASSERT_FALSE(chosen.has_value()) << name;
    EXPECT_EQ(chosen.error().code, Code::kInvalidArgument);
    EXPECT_NE(chosen.error().message.find(name), std::string::npos) << chosen.error().message;
    for (const Isa isa : SupportedIsas()) {
      EXPECT_NE(chosen.error().message.find(NameOf(isa)), std::string::npos);
    }
  }
}

TEST(Choice, ASetThatThisMachineLacksIsAnError) {
#if defined(__x86_64__)
  const std::string_view absent = "neon";
#else
  const std::string_view absent = "avx2";
#endif
  const auto chosen = ChooseKernels(absent);
  ASSERT_FALSE(chosen.has_value());
  EXPECT_EQ(chosen.error().code, Code::kUnsupported);
  EXPECT_NE(chosen.error().message.find(absent), std::string::npos);
  EXPECT_NE(chosen.error().message.find("this machine has scalar"), std::string::npos);
}

// ---- matrix product
// ---------------------------------------------------------------------------------------------------

struct Product {
  int rows = 1;
  int k = 1;
  int n = 16;
  int panel_begin = 0;
  int panel_end = 0;  // 0: all
  DType dtype = DType::kF32;
  bool bias = false;
  bool gelu = false;
  enum { kNone, kApart, kInPlace } residual = kNone;
  int lda_gap = 0;
  int ldc_gap = 0;
};

std::string Describe(Isa isa, const Product& p) {
  return IsaName(isa) + " rows " + std::to_string(p.rows) + " k " + std::to_string(p.k) + " n " +
         std::to_string(p.n) + " panels " + std::to_string(p.panel_begin) + ".." +
         std::to_string(p.panel_end) + (p.dtype == DType::kF32 ? " f32" : " bf16") +
         (p.bias ? " bias" : "") + (p.gelu ? " gelu" : "") + " residual " +
         std::to_string(p.residual) + " gaps " + std::to_string(p.lda_gap) + " " +
         std::to_string(p.ldc_gap);
}

// Sums of k products of numbers in [−1, 1]: rounding errors add up like a random walk, each about
// 2^−24 of a partial sum of about √k; the largest of many is some 6 times that. One dropped or
// doubled product is 10 to 1000 times more.
float Tolerance(int k) { return 1e-6f + 1.5e-7f * static_cast<float>(k); }

void CheckProduct(Isa isa, const Product& p) {
  SCOPED_TRACE(Describe(isa, p));
  const auto size = [](int a, int b) { return static_cast<size_t>(a) * static_cast<size_t>(b); };
  const auto seed = static_cast<uint32_t>(p.rows * 31 + p.k * 7 + p.n);
  const int panel_end = p.panel_end == 0 ? p.n / kPanelColumns : p.panel_end;

  Matrix a(p.rows, p.k, p.lda_gap);
  a.Fill(Random(size(p.rows, p.k), seed));
  const std::vector<std::byte> w = Stored(Random(size(p.k, p.n), seed + 1), p.dtype);
  const std::vector<float> bias = Random(static_cast<size_t>(p.n), seed + 2);
  Matrix residual(p.rows, p.n, p.ldc_gap);
  residual.Fill(Random(size(p.rows, p.n), seed + 3));
  Matrix got = residual;
  Matrix want = residual;

  MatMulArgs args;
  args.a = a.data();
  args.lda = a.ld();
  args.rows = p.rows;
  args.w = {w.data(), p.dtype, p.k, p.n};
  if (p.bias) args.bias = bias.data();
  args.gelu = p.gelu;
  args.ldr = residual.ld();
  args.ldc = got.ld();
  args.panel_begin = p.panel_begin;
  args.panel_end = panel_end;
  const auto run = [&](const Kernels& table, Matrix& c) {
    args.c = c.data();
    if (p.residual == Product::kApart) args.residual = residual.data();
    if (p.residual == Product::kInPlace) args.residual = c.data();
    table.mat_mul(args);
  };
  run(Table(Isa::kScalar), want);
  run(Table(isa), got);
  ExpectNear(got, want, p.rows, p.n, Tolerance(p.k));
  got.ExpectUntouchedOutside(p.panel_begin * kPanelColumns, panel_end * kPanelColumns, residual);
}

using Shape = std::pair<int, int>;  // k, n

std::vector<Shape> Shapes() {
  std::vector<Shape> shapes = {{1, 16},    {2, 48},  {16, 16},  {16, 96},   {17, 32},  {32, 80},
                               {100, 112}, {64, 48}, {384, 16}, {384, 144}, {500, 64}, {1000, 48}};
  if (!Reduced()) {
    shapes.insert(shapes.end(), {{384, 1152}, {384, 384}, {384, 1536}, {1536, 384}, {769, 240}});
  }
  return shapes;
}

class MatMulTest : public testing::TestWithParam<std::tuple<Isa, Shape>> {};

TEST_P(MatMulTest, EveryNumberOfRows) {
  const auto [isa, shape] = GetParam();
  const auto [k, n] = shape;
  // The oracle is slow: the large shapes get the numbers of rows at which the tiling changes.
  const bool small = k * n <= 16 * 1024;
  for (int rows = 1; rows <= (small ? 70 : 26); rows += rows < 26 || !Reduced() ? 1 : 7) {
    CheckProduct(isa, {.rows = rows, .k = k, .n = n});
  }
  for (const int rows : {95, 96, 97, 193}) {
    if (small) CheckProduct(isa, {.rows = rows, .k = k, .n = n, .bias = true});
  }
}

TEST_P(MatMulTest, EveryEpilogueAndElementType) {
  const auto [isa, shape] = GetParam();
  const auto [k, n] = shape;
  for (const int rows : {1, 3, 8, 13}) {
    for (int variant = 0; variant < 24; ++variant) {
      Product p = {.rows = rows, .k = k, .n = n, .lda_gap = variant % 5, .ldc_gap = variant % 7};
      p.dtype = variant % 2 == 0 ? DType::kF32 : DType::kBf16;
      p.bias = variant / 2 % 2 == 1;
      p.gelu = variant / 4 % 2 == 1;
      const int residual = variant / 8;
      p.residual = residual == 0   ? Product::kNone
                   : residual == 1 ? Product::kApart
                                   : Product::kInPlace;
      if (k * n > 100000 && rows > 3 && variant % 3 != 0) continue;  // the oracle is slow
      CheckProduct(isa, p);
    }
  }
}

TEST_P(MatMulTest, PartsOfThePanels) {
  const auto [isa, shape] = GetParam();
  const auto [k, n] = shape;
  const int panels = n / kPanelColumns;
  for (const int rows : {1, 2, 7, 12, 31}) {
    for (int begin = 0; begin < std::min(panels, 5); ++begin) {
      for (int end = begin; end <= std::min(panels, begin + 7); ++end) {
        if (k * (end - begin) > 2000 && rows > 12) continue;
        if (end == 0) continue;
        CheckProduct(isa, {.rows = rows,
                           .k = k,
                           .n = n,
                           .panel_begin = begin,
                           .panel_end = end,
                           .dtype = end % 2 == 0 ? DType::kF32 : DType::kBf16,
                           .bias = true,
                           .residual = Product::kInPlace,
                           .lda_gap = 3,
                           .ldc_gap = 16});
      }
    }
  }
}

std::string NameOfCase(const testing::TestParamInfo<MatMulTest::ParamType>& info) {
  const auto [isa, shape] = info.param;
  return IsaName(isa) + "_" + std::to_string(shape.first) + "x" + std::to_string(shape.second);
}
INSTANTIATE_TEST_SUITE_P(Isas, MatMulTest,
                         testing::Combine(testing::ValuesIn(VectorIsas()),
                                          testing::ValuesIn(Shapes())),
                         NameOfCase);

// ---- per instruction set
// ----------------------------------------------------------------------------------------------

class IsaTest : public testing::TestWithParam<Isa> {};
INSTANTIATE_TEST_SUITE_P(Isas, IsaTest, testing::ValuesIn(VectorIsas()),
                         [](const auto& info) { return IsaName(info.param); });

TEST_P(IsaTest, TheTableThatRunsIsTheOneAskedFor) {
  const Kernels& table = Table(GetParam());
  EXPECT_EQ(table.isa, GetParam());
  for (const Isa other : SupportedIsas()) {
    if (other == GetParam()) continue;
    EXPECT_NE(table.mat_mul, Table(other).mat_mul);
    EXPECT_NE(table.attention, Table(other).attention);
    EXPECT_NE(table.layer_norm, Table(other).layer_norm);
    EXPECT_NE(table.embed, Table(other).embed);
  }
}

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

TEST_P(IsaTest, GeluIsExactWithin1e6OverAllFiniteFloats) {
  // Every 4,099th bit pattern (every 65,537th when reduced), and a fine grid where GELU bends.
  std::vector<float> x;
  for (uint64_t bits = 0; bits < (uint64_t{1} << 32); bits += Reduced() ? 262147 : 4099) {
    const auto value = std::bit_cast<float>(static_cast<uint32_t>(bits));
    if (std::isfinite(value)) x.push_back(value);
  }
  for (int i = -140000; i <= 140000; i += Reduced() ? 16 : 1) {
    x.push_back(static_cast<float>(i) * 1e-4f);
  }
  for (const float value : {0.0f, -0.0f, 12.0f, -12.0f, 1e30f, -1e30f}) x.push_back(value);
  CheckGelu(x, GeluOf(Table(GetParam()), x));
}

TEST_P(IsaTest, GeluOfInfinitiesAndNan) {
  constexpr float kInf = std::numeric_limits<float>::infinity();
  const auto y =
      GeluOf(Table(GetParam()), {kInf, -kInf, std::numeric_limits<float>::quiet_NaN(), 1.0f});
  EXPECT_EQ(y[0], kInf);
  EXPECT_NEAR(y[1], 0.0f, 1e-6f);
  EXPECT_TRUE(std::isnan(y[2]));
  EXPECT_NEAR(y[3], 0.8413447f, 1e-6f);
}

TEST_P(IsaTest, ANanInOneRowStaysInThatRow) {
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
  Table(GetParam()).mat_mul(args);
  for (int r = 0; r < 7; ++r) {
    for (int j = 0; j < 48; ++j) EXPECT_EQ(std::isnan(c.At(r, j)), r == 3) << r << " " << j;
  }
}

// ---- attention
// --------------------------------------------------------------------------------------------------------

void CheckAttention(Isa isa, int length, int head_size, int heads, float scale) {
  SCOPED_TRACE(IsaName(isa) + " length " + std::to_string(length) + " head size " +
               std::to_string(head_size));
  const int hidden = heads * head_size;
  Matrix qkv(length, 3 * hidden, 8);
  qkv.Fill(Random(static_cast<size_t>(length * 3 * hidden),
                  static_cast<uint32_t>(length * 100 + head_size), scale));
  const Matrix before(length, hidden, 5);
  Matrix got = before;
  Matrix want = before;
  const size_t scratch_size = AttentionScratchFloats(length, head_size);
  std::vector<float> scratch(scratch_size + 64, kCanary);
  AttentionArgs args;
  args.qkv = qkv.data();
  args.ldqkv = qkv.ld();
  args.length = length;
  args.heads = heads;
  args.head_size = head_size;
  args.head_begin = heads > 1 ? 1 : 0;
  args.head_end = heads;
  args.ldout = got.ld();
  args.scratch = scratch.data();
  args.out = want.data();
  Table(Isa::kScalar).attention(args);
  args.out = got.data();
  Table(isa).attention(args);
  ExpectNear(got, want, length, hidden, 3e-6f * std::max(1.0f, scale * scale));
  got.ExpectUntouchedOutside(args.head_begin * head_size, hidden, before);
  for (size_t i = scratch_size; i < scratch.size(); ++i) {
    ASSERT_EQ(scratch[i], kCanary) << "wrote past the scratch";
  }
}

TEST_P(IsaTest, AttentionOfEveryLength) {
  for (const int head_size : {16, 32, 64}) {
    for (int length = 1; length <= 520; length += length < 70 ? 1 : (Reduced() ? 450 : 45)) {
      if (Reduced() && length > 20 && length < 520 && length % 8 != 1) continue;
      CheckAttention(GetParam(), length, head_size, 1, 1.0f);
    }
  }
}

TEST_P(IsaTest, AttentionOfSomeHeadsOfManyAndOfSharpScores) {
  for (const int length : {1, 2, 15, 16, 17, 33, 100}) {
    CheckAttention(GetParam(), length, 32, 3, 1.0f);
    CheckAttention(GetParam(), length, 32, 2, 5.0f);  // scores of ±100: nearly one-hot
  }
}

// Scores 0, −1, −2 … give weights proportional to e^−i, which must be right to 1e-7 of each.
TEST_P(IsaTest, SoftmaxWeightsAreRightRelativelyDownToTiny) {
  constexpr int kLength = 16;
  constexpr int kHead = 16;
  constexpr double kStep = 5.3;  // the last weight is e^-79.5
  std::vector<float> qkv(static_cast<size_t>(kLength * 3 * kHead));
  for (int i = 0; i < kLength; ++i) {
    float* row = &qkv[static_cast<size_t>(i * 3 * kHead)];
    row[0] = 1;
    row[kHead] = static_cast<float>(-kStep * i);
    row[2 * kHead + i] = 1;  // V is the identity: the output is the weights
  }
  std::vector<float> out(static_cast<size_t>(kLength * kHead));
  std::vector<float> scratch(AttentionScratchFloats(kLength, kHead));
  const AttentionArgs args = {qkv.data(), 3 * kHead, kLength,    1,     kHead,
                              0,          1,         out.data(), kHead, scratch.data()};
  Table(GetParam()).attention(args);
  double sum = 0;
  for (int j = 0; j < kLength; ++j)
    sum += std::exp(double{qkv[static_cast<size_t>(j * 3 * kHead + kHead)]});
  for (int j = 0; j < kLength; ++j) {
    const double want = std::exp(double{qkv[static_cast<size_t>(j * 3 * kHead + kHead)]}) / sum;
    EXPECT_NEAR(double{out[static_cast<size_t>(j)]} / want, 1.0, 5e-7) << j;
  }
}

TEST_P(IsaTest, AttentionOfANanIsNanAndDoesNotCrash) {
  auto qkv = Random(5 * 48, 3);
  qkv[2 * 48 + 3] = std::numeric_limits<float>::quiet_NaN();  // in Q of row 2
  std::vector<float> out(5 * 16);
  std::vector<float> scratch(AttentionScratchFloats(5, 16));
  const AttentionArgs args = {qkv.data(), 48, 5, 1, 16, 0, 1, out.data(), 16, scratch.data()};
  Table(GetParam()).attention(args);
  for (size_t i = 0; i < out.size(); ++i) EXPECT_EQ(std::isnan(out[i]), i / 16 == 2) << i;
}

// ---- layer norm and embedding
// -----------------------------------------------------------------------------------------

TEST_P(IsaTest, LayerNorm) {
  for (const int width : {16, 32, 48, 384, 768, 1024}) {
    for (const float offset : {0.0f, 100.0f}) {
      SCOPED_TRACE(std::to_string(width) + " offset " + std::to_string(offset));
      auto values = Random(static_cast<size_t>(5 * width), 7);
      for (float& value : values) value += offset;
      Matrix x(5, width, 4);
      x.Fill(values);
      const auto gamma = Random(static_cast<size_t>(width), 8);
      const auto beta = Random(static_cast<size_t>(width), 9);
      const Matrix before(5, width, 3);
      Matrix got = before;
      Matrix want = before;
      LayerNormArgs args = {x.data(),    x.ld(), 5,           width,    gamma.data(),
                            beta.data(), 1e-12f, want.data(), want.ld()};
      Table(Isa::kScalar).layer_norm(args);
      args.out = got.data();
      Table(GetParam()).layer_norm(args);
      ExpectNear(got, want, 5, width, offset == 0 ? 2e-6f : 5e-5f);
      got.ExpectUntouchedOutside(0, width, before);

      args.out = x.data();  // in place
      args.ldout = x.ld();
      Table(GetParam()).layer_norm(args);
      ExpectNear(x, got, 5, width, 0);
    }
  }
}

TEST_P(IsaTest, LayerNormOfAConstantRowIsBeta) {
  const std::vector<float> x(32, 3.0f);
  const auto gamma = Random(32, 1);
  const auto beta = Random(32, 2);
  std::vector<float> out(32);
  Table(GetParam())
      .layer_norm({x.data(), 32, 1, 32, gamma.data(), beta.data(), 1e-12f, out.data(), 32});
  EXPECT_EQ(out, beta);
}

TEST_P(IsaTest, Embed) {
  constexpr int kWidth = 48;
  for (const DType dtype : {DType::kF32, DType::kBf16}) {
    const auto word = Stored(Random(9 * kWidth, 1), dtype);
    const auto position = Stored(Random(6 * kWidth, 2), dtype);
    const auto type = Stored(Random(2 * kWidth, 3), dtype);
    const auto gamma = Random(kWidth, 4);
    const auto beta = Random(kWidth, 5);
    const std::vector<int32_t> ids = {8, 0, 3, 3, 1, 7};
    const std::vector<int32_t> positions = {0, 1, 2, 0, 1, 5};
    const std::vector<int32_t> types = {0, 0, 1, 0, 1, 1};
    const Matrix before(6, kWidth, 7);
    Matrix got = before;
    Matrix want = before;
    EmbedArgs args = {ids.data(),  positions.data(), types.data(),    6,           kWidth,
                      dtype,       word.data(),      position.data(), type.data(), gamma.data(),
                      beta.data(), 1e-12f,           want.data(),     want.ld()};
    Table(Isa::kScalar).embed(args);
    args.out = got.data();
    Table(GetParam()).embed(args);
    ExpectNear(got, want, 6, kWidth, 2e-6f);
    got.ExpectUntouchedOutside(0, kWidth, before);
  }
}

}  // namespace
}  // namespace hearth::kernels
