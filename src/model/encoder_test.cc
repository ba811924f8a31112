#include "model/encoder.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <new>
#include <random>

#include "model/pack_format.h"
#include "model/pooling.h"
#include "model/tiny_model.h"

namespace {
size_t allocations = 0;    // of any kind
size_t aligned_bytes = 0;  // by operator new with an alignment
}  // namespace

// Counts what this program allocates.
void* operator new(size_t size) {
  ++allocations;
  if (void* memory = std::malloc(size)) return memory;
  std::abort();
}
void* operator new(size_t size, std::align_val_t alignment) {
  ++allocations;
  aligned_bytes += size;
  const auto align = static_cast<size_t>(alignment);
  if (void* memory = std::aligned_alloc(align, (size + align - 1) / align * align)) return memory;
  std::abort();
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, size_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::align_val_t) noexcept { std::free(memory); }
void operator delete(void* memory, size_t, std::align_val_t) noexcept { std::free(memory); }

namespace hearth::model {
namespace {

constexpr uint32_t kSeed = 20261125;

struct Batch {
  std::vector<int32_t> ids;
  std::vector<int32_t> type_ids;
  std::vector<int32_t> lengths;

  PackedTexts Packed() const { return {ids, type_ids, lengths}; }
  void Add(const std::vector<int32_t>& text, const std::vector<int32_t>& types) {
    ids.insert(ids.end(), text.begin(), text.end());
    type_ids.insert(type_ids.end(), types.begin(), types.end());
    lengths.push_back(static_cast<int32_t>(text.size()));
  }
};

struct Text {
  std::vector<int32_t> ids;
  std::vector<int32_t> type_ids;
};

// Random texts of every length from 1 to the most, then `more` of random lengths.
std::vector<Text> RandomTexts(const TinyShape& shape, int more) {
  std::mt19937 random(kSeed);
  std::vector<Text> out;
  for (int i = 0; i < shape.positions + more; ++i) {
    const int length =
        i < shape.positions
            ? i + 1
            : 1 + static_cast<int>(random() % static_cast<uint32_t>(shape.positions));
    Text text;
    for (int j = 0; j < length; ++j) {
      text.ids.push_back(static_cast<int32_t>(random() % static_cast<uint32_t>(shape.vocab)));
      text.type_ids.push_back(j * 2 < length ? 0 : 1);
    }
    out.push_back(std::move(text));
  }
  return out;
}

Batch BatchOf(std::span<const Text> texts) {
  Batch batch;
  for (const Text& text : texts) batch.Add(text.ids, text.type_ids);
  return batch;
}

const kernels::Kernels& KernelsOf(kernels::Isa isa) { return **kernels::KernelsFor(isa); }

class EncoderTest : public testing::TestWithParam<kernels::Isa> {
 protected:
  const kernels::Kernels& kernels_ = KernelsOf(GetParam());
  TinyModel tiny_{kSeed};
  std::vector<Text> texts_ = RandomTexts(tiny_.shape(), 40);
};

TEST_P(EncoderTest, EqualsThePlainForwardForEveryPoolingAndType) {
  const Batch batch = BatchOf(texts_);
  const auto hidden = static_cast<size_t>(tiny_.shape().hidden);
  for (const auto dtype : {kernels::DType::kF32, kernels::DType::kBf16}) {
    const bool rounded = dtype == kernels::DType::kBf16;
    std::vector<std::vector<std::vector<double>>> tokens;
    for (const Text& text : texts_) {
      tokens.push_back(tiny_.ReferenceTokens(text.ids, text.type_ids, rounded));
    }
    for (const auto pooling :
         {Pooling::kMean, Pooling::kCls, Pooling::kMax, Pooling::kMeanSqrtLen}) {
      const auto model = tiny_.Pack(dtype, pooling);
      Encoder encoder(model, kernels_, static_cast<int>(batch.ids.size()), 1);
      std::vector<float> out(texts_.size() * hidden);
      encoder.Forward(batch.Packed(), out, nullptr);
      for (size_t i = 0; i < texts_.size(); ++i) {
        const auto expected = ReferencePool(tokens[i], pooling);
        const auto found = std::span<const float>(out).subspan(i * hidden, hidden);
        for (size_t d = 0; d < hidden; ++d) {
          ASSERT_NEAR(found[d], expected[d], 2e-5)
              << "text " << i << " of " << texts_[i].ids.size() << " tokens, place " << d << ", "
              << NameOf(pooling) << ", " << (rounded ? "bf16" : "f32");
        }
        ASSERT_GE(Cosine(expected, found), 0.9999999);
      }
    }
  }
}

TEST_P(EncoderTest, ATextsVectorDoesNotDependOnItsBatch) {
  const auto model = tiny_.Pack(kernels::DType::kF32, Pooling::kMean);
  const auto hidden = static_cast<size_t>(tiny_.shape().hidden);
  Encoder encoder(model, kernels_, 4096, 1);
  std::vector<float> together(texts_.size() * hidden);
  const Batch batch = BatchOf(texts_);
  encoder.Forward(batch.Packed(), together, nullptr);
  for (size_t i = 0; i < texts_.size(); ++i) {
    std::vector<float> alone(hidden);
    encoder.Forward(BatchOf(std::span(texts_).subspan(i, 1)).Packed(), alone, nullptr);
    const std::vector<double> expected(alone.begin(), alone.end());
    ASSERT_GE(Cosine(expected, std::span<const float>(together).subspan(i * hidden, hidden)),
              0.999999)
        << "text " << i;
  }
}

INSTANTIATE_TEST_SUITE_P(Isas, EncoderTest,
                         testing::ValuesIn(kernels::SupportedIsas().begin(),
                                           kernels::SupportedIsas().end()),
                         [](const auto& info) { return std::string(NameOf(info.param)); });

TEST(Encoder, ManyMoreTokensThanOneGroupHolds) {
  const TinyModel tiny(kSeed);
  const auto model = tiny.Pack(kernels::DType::kF32, Pooling::kMean);
  const auto& kernels = **kernels::ChooseKernels("");
  const std::vector<Text> texts = RandomTexts(tiny.shape(), 300);
  const Batch batch = BatchOf(texts);
  ASSERT_GT(batch.ids.size(), 3000U);
  Encoder large(model, kernels, static_cast<int>(batch.ids.size()), 1);
  const auto hidden = static_cast<size_t>(tiny.shape().hidden);
  std::vector<float> out(texts.size() * hidden);
  large.Forward(batch.Packed(), out, nullptr);
  for (size_t i = 0; i < texts.size(); i += 17) {
    const auto expected =
        ReferencePool(tiny.ReferenceTokens(texts[i].ids, texts[i].type_ids, false), Pooling::kMean);
    for (size_t d = 0; d < hidden; ++d) ASSERT_NEAR(out[i * hidden + d], expected[d], 2e-5);
  }
}

TEST(Encoder, ScratchIsAllocatedOnceAndOfTheSizeSaid) {
  const TinyModel tiny(kSeed);
  const auto model = tiny.Pack(kernels::DType::kF32, Pooling::kMean);
  const auto& kernels = **kernels::ChooseKernels("");
  const std::vector<Text> texts = RandomTexts(tiny.shape(), 10);
  const Batch batch = BatchOf(texts);
  std::vector<float> out(texts.size() * static_cast<size_t>(tiny.shape().hidden));
  for (const int members : {1, 3}) {
    aligned_bytes = 0;
    Encoder encoder(model, kernels, 500, members);
    EXPECT_EQ(aligned_bytes, Encoder::ScratchBytes(model->config(), 500, members));
    const size_t before = allocations;
    encoder.Forward(batch.Packed(), out, nullptr);
    EXPECT_EQ(allocations, before) << "a forward allocated memory";
  }
  EXPECT_LT(Encoder::ScratchBytes(model->config(), 100, 1),
            Encoder::ScratchBytes(model->config(), 500, 1));
  EXPECT_LT(Encoder::ScratchBytes(model->config(), 500, 1),
            Encoder::ScratchBytes(model->config(), 500, 2));
}

TEST(Encoder, NoTextsIsNoWork) {
  const TinyModel tiny(kSeed);
  Encoder encoder(tiny.Pack(kernels::DType::kF32, Pooling::kMean), **kernels::ChooseKernels(""),
                  100, 1);
  encoder.Forward({}, {}, nullptr);
  EXPECT_EQ(encoder.tokens_max(), 100);
}

TEST(Normalize, DividesByTheLengthAndLeavesZeroAlone) {
  std::vector<float> x = {3, 0, -4};
  Normalize(x);
  EXPECT_FLOAT_EQ(x[0], 0.6F);
  EXPECT_FLOAT_EQ(x[2], -0.8F);
  std::vector<float> zero(5);
  Normalize(zero);
  EXPECT_EQ(zero, std::vector<float>(5));
}

}  // namespace
}  // namespace hearth::model
