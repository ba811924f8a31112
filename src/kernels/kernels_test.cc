// The choice of a table; layer norm and embedding of every instruction set against the scalar
// oracle.
#include "kernels/kernels.h"

#include <gtest/gtest.h>

#include <string_view>
#include <vector>

#include "kernels/test_support.h"

namespace hearth::kernels {
namespace {

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

using KernelsTest = IsaTest;
INSTANTIATE_TEST_SUITE_P(Isas, KernelsTest, testing::ValuesIn(VectorIsas()), NameOfIsaCase);

TEST_P(KernelsTest, TheTableThatRunsIsTheOneAskedFor) {
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

TEST_P(KernelsTest, LayerNorm) {
  for (const int width : {16, 32, 48, 384, 768, 1024}) {
    for (const float offset : {0.0f, 100.0f}) {
      SCOPED_TRACE(std::to_string(width) + " offset " + std::to_string(offset));
      auto values = Random(5 * width, 7);
      for (float& value : values) value += offset;
      Matrix x(5, width, 4);
      x.Fill(values);
      const auto gamma = Random(width, 8);
      const auto beta = Random(width, 9);
      const Matrix before(5, width, 3);
      Matrix got = before;
      Matrix want = before;
      LayerNormArgs args = {x.data(),    x.ld(), 5,           width,    gamma.data(),
                            beta.data(), 1e-12f, want.data(), want.ld()};
      Table(Isa::kScalar).layer_norm(args);
      args.out = got.data();
      Table(GetParam()).layer_norm(args);
      ExpectNear(got, want, 5, width, offset == 0 ? 2e-6f : 5e-5f);
      got.ExpectUntouchedOutside(5, 0, width, before);

      args.out = x.data();  // in place
      args.ldout = x.ld();
      Table(GetParam()).layer_norm(args);
      ExpectNear(x, got, 5, width, 0);
    }
  }
}

TEST_P(KernelsTest, LayerNormOfAConstantRowIsBeta) {
  const std::vector<float> x(32, 3.0f);
  const auto gamma = Random(32, 1);
  const auto beta = Random(32, 2);
  std::vector<float> out(32);
  Table(GetParam())
      .layer_norm({x.data(), 32, 1, 32, gamma.data(), beta.data(), 1e-12f, out.data(), 32});
  EXPECT_EQ(out, beta);
}

TEST_P(KernelsTest, Embed) {
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
    got.ExpectUntouchedOutside(6, 0, kWidth, before);
  }
}

}  // namespace
}  // namespace hearth::kernels
