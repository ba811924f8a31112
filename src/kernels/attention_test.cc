// Attention of every instruction set against the scalar oracle.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "kernels/kernels.h"
#include "kernels/test_support.h"

namespace hearth::kernels {
namespace {

using AttentionTest = IsaTest;
INSTANTIATE_TEST_SUITE_P(Isas, AttentionTest, testing::ValuesIn(VectorIsas()), NameOfIsaCase);

void CheckAttention(Isa isa, int length, int head_size, int heads, float scale) {
  SCOPED_TRACE(IsaName(isa) + " length " + std::to_string(length) + " head size " +
               std::to_string(head_size));
  const int hidden = heads * head_size;
  Matrix qkv(length, 3 * hidden, 8);
  qkv.Fill(Random(length * 3 * hidden, static_cast<uint32_t>(length * 100 + head_size), scale));
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
  got.ExpectUntouchedOutside(length, args.head_begin * head_size, hidden, before);
  for (size_t i = scratch_size; i < scratch.size(); ++i) {
    ASSERT_EQ(scratch[i], kCanary) << "wrote past the scratch";
  }
}

std::vector<int> Lengths() {
  std::vector<int> lengths = {1, 2, 7, 15, 16, 17, 24, 25, 33, 49, 130};
  if (Reduced()) return lengths;
  lengths.clear();
  for (int length = 1; length <= 80; ++length) lengths.push_back(length);
  lengths.insert(lengths.end(),
                 {127, 128, 129, 200, 254, 255, 256, 257, 384, 385, 400, 511, 512, 520});
  return lengths;
}

TEST_P(AttentionTest, EveryLength) {
  for (const int head_size : {16, 32, 64}) {
    for (const int length : Lengths()) CheckAttention(GetParam(), length, head_size, 1, 1.0f);
  }
}

TEST_P(AttentionTest, SomeHeadsOfManyAndSharpScores) {
  for (const int length : {1, 2, 15, 16, 17, 33, 100}) {
    CheckAttention(GetParam(), length, 32, 3, 1.0f);
    CheckAttention(GetParam(), length, 32, 2, 5.0f);  // scores of ±100: nearly one-hot
  }
}

// Scores 0, −1, −2 … give weights proportional to e^−i, which must be right to 1e-7 of each.
TEST_P(AttentionTest, SoftmaxWeightsAreRightRelativelyDownToTiny) {
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

TEST_P(AttentionTest, ANanIsNanAndDoesNotCrash) {
  auto qkv = Random(5 * 48, 3);
  qkv[2 * 48 + 3] = std::numeric_limits<float>::quiet_NaN();  // in Q of row 2
  std::vector<float> out(5 * 16);
  std::vector<float> scratch(AttentionScratchFloats(5, 16));
  const AttentionArgs args = {qkv.data(), 48, 5, 1, 16, 0, 1, out.data(), 16, scratch.data()};
  Table(GetParam()).attention(args);
  for (size_t i = 0; i < out.size(); ++i) ASSERT_EQ(std::isnan(out[i]), i / 16 == 2) << i;
}

}  // namespace
}  // namespace hearth::kernels
