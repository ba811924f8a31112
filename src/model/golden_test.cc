// The real all-MiniLM-L6-v2 against the vectors of sentence-transformers (tests/golden/README.md).
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <boost/json.hpp>
#include <cmath>
#include <cstring>
#include <fstream>

#include "model/encoder.h"
#include "model/pack_writer.h"
#include "model/tiny_model.h"

namespace hearth::model {
namespace {

constexpr size_t kTexts = 200;
constexpr size_t kHidden = 384;
const std::string kRoot = HEARTH_SOURCE_DIR;

struct GoldenText {
  std::string text;
  std::string kind;
  size_t tokens = 0;
};

std::vector<GoldenText> ReadTexts() {
  std::vector<GoldenText> out;
  std::ifstream file(kRoot + "/tests/golden/minilm_texts.jsonl");
  for (std::string line; std::getline(file, line);) {
    const auto value = boost::json::parse(line);
    out.push_back({std::string(value.at("text").as_string()),
                   std::string(value.at("kind").as_string()),
                   static_cast<size_t>(value.at("tokens").as_int64())});
  }
  return out;
}

std::vector<float> ReadVectors() {
  const std::string bytes = ReadFile(kRoot + "/tests/golden/minilm_vectors.f32");
  std::vector<float> out(bytes.size() / sizeof(float));
  std::memcpy(out.data(), bytes.data(), bytes.size());
  return out;
}

struct Tokens {
  std::vector<int32_t> ids;
  std::vector<int32_t> type_ids;
  std::vector<int32_t> lengths;
};

class GoldenTest : public testing::TestWithParam<kernels::Isa> {
 protected:
  static void SetUpTestSuite() {
    texts_ = ReadTexts();
    vectors_ = ReadVectors();
    for (const auto dtype : {kernels::DType::kF32, kernels::DType::kBf16}) {
      const std::string path = packed_ / std::to_string(static_cast<int>(dtype));
      const auto report =
          PackFolder(kRoot + "/models/all-MiniLM-L6-v2", {.dtype = dtype}, path, {});
      ASSERT_TRUE(report) << report.error().message << "; script/model brings the model";
      auto model = Model::Open(path);
      ASSERT_TRUE(model) << model.error().message;
      (dtype == kernels::DType::kF32 ? f32_ : bf16_) = *model;
    }
  }
  static void TearDownTestSuite() {
    f32_.reset();
    bf16_.reset();
  }
  void SetUp() override {
    ASSERT_NE(f32_, nullptr);
    ASSERT_NE(bf16_, nullptr);
    ASSERT_EQ(texts_.size(), kTexts);
    ASSERT_EQ(vectors_.size(), kTexts * kHidden);
  }

  static Tokens Tokenize(const Model& model, std::span<const size_t> texts) {
    Tokens out;
    for (const size_t index : texts) {
      const GoldenText& text = texts_[index];
      text::Encoding encoding;
      model.tokenizer().Encode(text.text, {.max_tokens = model.config().max_tokens}, &encoding);
      EXPECT_EQ(encoding.ids.size(), text.tokens) << text.kind;
      out.ids.insert(out.ids.end(), encoding.ids.begin(), encoding.ids.end());
      out.type_ids.insert(out.type_ids.end(), encoding.type_ids.begin(), encoding.type_ids.end());
      out.lengths.push_back(static_cast<int32_t>(encoding.ids.size()));
    }
    return out;
  }

  // Vectors of the chosen texts, normalised as the model says, in one Forward.
  static std::vector<float> Embed(Encoder* encoder, const Model& model,
                                  std::span<const size_t> texts) {
    const Tokens tokens = Tokenize(model, texts);
    std::vector<float> out(texts.size() * kHidden);
    encoder->Forward({tokens.ids, tokens.type_ids, tokens.lengths}, out, nullptr);
    for (size_t i = 0; i < texts.size(); ++i) {
      if (model.config().normalize) Normalize(std::span(out).subspan(i * kHidden, kHidden));
    }
    return out;
  }

  static std::vector<double> Expected(size_t text) {
    const auto begin = vectors_.begin() + static_cast<ptrdiff_t>(text * kHidden);
    return {begin, begin + kHidden};
  }

  // The texts to try: all, but with the plain table, which takes a second for 30 tokens, a few
  // short ones.
  static std::vector<size_t> Chosen() {
    std::vector<size_t> out;
    for (size_t text = 0; text < kTexts; ++text) {
      if (GetParam() != kernels::Isa::kScalar || (text % 8 == 0 && texts_[text].tokens <= 32)) {
        out.push_back(text);
      }
    }
    return out;
  }

  static inline TempFolder packed_;
  static inline std::vector<GoldenText> texts_;
  static inline std::vector<float> vectors_;
  static inline std::shared_ptr<const Model> f32_;
  static inline std::shared_ptr<const Model> bf16_;
};

TEST_P(GoldenTest, VectorsAtF32) {
  Encoder encoder(f32_, **kernels::KernelsFor(GetParam()), 1 << 16, 1);
  const std::vector<size_t> chosen = Chosen();
  ASSERT_GE(chosen.size(), 10U);
  const std::vector<float> found = Embed(&encoder, *f32_, chosen);
  double worst = 0;
  for (size_t i = 0; i < chosen.size(); ++i) {
    const std::vector<double> expected = Expected(chosen[i]);
    const auto vector = std::span<const float>(found).subspan(i * kHidden, kHidden);
    for (size_t d = 0; d < kHidden; ++d) {
      worst = std::max(worst, std::abs(static_cast<double>(vector[d]) - expected[d]));
    }
    ASSERT_LE(worst, 1e-5) << "text " << chosen[i] << " (" << texts_[chosen[i]].kind << ")";
    ASSERT_GE(Cosine(expected, vector), 0.999999) << "text " << chosen[i];
  }
  RecordProperty("worst_difference", fmt::format("{:.2e}", worst));
}

TEST_P(GoldenTest, VectorsAtBf16) {
  Encoder encoder(bf16_, **kernels::KernelsFor(GetParam()), 1 << 16, 1);
  const std::vector<size_t> chosen = Chosen();
  const std::vector<float> found = Embed(&encoder, *bf16_, chosen);
  double worst = 1;
  for (size_t i = 0; i < chosen.size(); ++i) {
    const double cosine =
        Cosine(Expected(chosen[i]), std::span<const float>(found).subspan(i * kHidden, kHidden));
    ASSERT_GE(cosine, 0.9999) << "text " << chosen[i] << " (" << texts_[chosen[i]].kind << ")";
    worst = std::min(worst, cosine);
  }
  RecordProperty("worst_cosine", fmt::format("{:.7f}", worst));
}

TEST_P(GoldenTest, AloneAsInTheBatch) {
  Encoder encoder(f32_, **kernels::KernelsFor(GetParam()), 1 << 16, 1);
  for (const size_t text : Chosen()) {
    const auto found = Embed(&encoder, *f32_, std::span(&text, 1));
    ASSERT_GE(Cosine(Expected(text), found), 0.999999) << "text " << text;
  }
}

INSTANTIATE_TEST_SUITE_P(Isas, GoldenTest,
                         testing::ValuesIn(kernels::SupportedIsas().begin(),
                                           kernels::SupportedIsas().end()),
                         [](const auto& info) { return std::string(NameOf(info.param)); });

}  // namespace
}  // namespace hearth::model
