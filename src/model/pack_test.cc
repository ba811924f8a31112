// The packed file: what Pack writes, Open reads, and no damaged file gets through.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>

#include "model/pack_format.h"
#include "model/pack_writer.h"
#include "model/tiny_model.h"

namespace hearth::model {
namespace {

using testing::AllOf;
using testing::HasSubstr;

constexpr uint32_t kSeed = 7;

class PackTest : public testing::Test {
 protected:
  void SetUp() override {
    tiny_.Pack(kernels::DType::kF32, Pooling::kMean);
    file_ = ReadFile(tiny_.folder() / "packed.hearth");
    std::memcpy(&header_, file_.data(), sizeof(header_));
  }

  // Opens a file of these bytes; "" when it is accepted.
  Error OpenBytes(std::string_view bytes) const {
    tiny_.folder().Write("other.hearth", bytes);
    auto model = Model::Open(tiny_.folder() / "other.hearth");
    if (model) return {Code::kInternal, ""};
    EXPECT_EQ(model.error().message.find('\n'), std::string::npos);
    EXPECT_THAT(model.error().message, HasSubstr("other.hearth"));
    EXPECT_THAT(model.error().message, HasSubstr("hearth pack")) << "no remedy";
    return model.error();
  }

  // The file with another header, its checksum made right.
  template <typename Change>
  std::string WithHeader(const Change& change) const {
    PackHeader header = header_;
    change(&header);
    std::string out = file_;
    std::memcpy(out.data(), &header, sizeof(header));
    header.header_checksum =
        HeaderChecksum(std::as_bytes(std::span(out)).first(header_.header_length));
    std::memcpy(out.data(), &header, sizeof(header));
    return out;
  }

  TinyModel tiny_{kSeed};
  std::string file_;
  PackHeader header_;
};

TEST_F(PackTest, SaysWhatTheFolderSays) {
  const auto model = tiny_.Pack(kernels::DType::kF32, Pooling::kMean);
  const ModelConfig& config = model->config();
  EXPECT_EQ(config.name, tiny_.folder().path().filename());
  EXPECT_EQ(config.architecture, "bert");
  EXPECT_EQ(config.hidden_size, 80);
  EXPECT_EQ(config.layers, 2);
  EXPECT_EQ(config.heads, 5);
  EXPECT_EQ(config.intermediate_size, 112);
  EXPECT_EQ(config.vocab_size, 40);
  EXPECT_EQ(config.max_tokens, 24);
  EXPECT_TRUE(config.normalize);
  EXPECT_EQ(model->tokenizer().vocab_size(), 40);
  EXPECT_EQ(model->file_bytes(), file_.size());
  EXPECT_LT(model->encoder_bytes(), file_.size());
  EXPECT_TRUE(model->MakeResident());
  EXPECT_TRUE(model->Verify());
}

TEST_F(PackTest, SameInputSameBytes) {
  tiny_.Pack(kernels::DType::kF32, Pooling::kMean);
  EXPECT_EQ(ReadFile(tiny_.folder() / "packed.hearth"), file_);
}

TEST_F(PackTest, EveryTensorBeginsAPageAndPaddingFollows) {
  const auto model = tiny_.Pack(kernels::DType::kBf16, Pooling::kMean);
  const EncoderWeights& weights = model->weights();
  EXPECT_EQ(reinterpret_cast<uintptr_t>(weights.layers[1].qkv.data) % kPackAlignment, 0U);
  EXPECT_EQ(reinterpret_cast<uintptr_t>(weights.position) % kPackAlignment, 0U);
  const auto tensors =
      PlanTensors(model->config(), header_.tokenizer_offset + header_.tokenizer_length);
  for (const PackTensor& tensor : tensors) EXPECT_EQ(tensor.offset % kPackAlignment, 0U);
  EXPECT_GE(model->file_bytes(),
            tensors.back().offset + tensors.back().length + kernels::kPanelPadding);
}

TEST_F(PackTest, PanelsHoldTheMatrixAndQIsScaled) {
  const auto model = tiny_.Pack(kernels::DType::kF32, Pooling::kMean);
  const kernels::Panels& qkv = model->weights().layers[1].qkv;
  const auto* panels = reinterpret_cast<const float*>(qkv.data);
  const auto& query = tiny_.tensors()["encoder.layer.1.attention.self.query.weight"];
  const auto& value = tiny_.tensors()["encoder.layer.1.attention.self.value.weight"];
  const float scale = 1 / std::sqrt(16.0F);
  for (size_t column = 0; column < 80; ++column) {
    for (size_t k = 0; k < 80; ++k) {
      const auto at = [&](size_t n) { return panels[(n / 16 * 80 + k) * 16 + n % 16]; };
      ASSERT_FLOAT_EQ(at(column), query.values[column * 80 + k] * scale);
      ASSERT_EQ(at(160 + column), value.values[column * 80 + k]);
    }
  }
}

TEST_F(PackTest, HalfWeightsGiveTheSameFileAsTheirF32Values) {
  for (auto& [name, tensor] : tiny_.tensors()) {
    for (float& value : tensor.values) value = std::round(value * 64) / 64;  // exact in all types
  }
  std::vector<std::string> files;
  for (const auto type : {StoredType::kF32, StoredType::kF16, StoredType::kBf16}) {
    tiny_.WriteWeights(type);
    tiny_.Pack(kernels::DType::kF32, Pooling::kMean);
    files.push_back(ReadFile(tiny_.folder() / "packed.hearth"));
  }
  EXPECT_EQ(files[0], files[1]);
  EXPECT_EQ(files[0], files[2]);
}

TEST_F(PackTest, NameAndPromptsAreKept) {
  tiny_.folder().Write(
      "config_sentence_transformers.json",
      R"({"prompts":{"query":"query: ","passage":"é\n"},"default_prompt_name":"query"})");
  ASSERT_TRUE(PackFolder(tiny_.folder().path(), {.name = "org/name"}, tiny_.folder() / "p", {}));
  const auto model = Model::Open(tiny_.folder() / "p");
  ASSERT_TRUE(model);
  EXPECT_EQ((*model)->config().name, "org/name");
  EXPECT_EQ((*model)->config().default_prompt_name, "query");
  EXPECT_EQ((*model)->config().prompts,
            (std::map<std::string, std::string>{{"query", "query: "}, {"passage", "é\n"}}));
}

TEST_F(PackTest, TruncatedAnywhereIsRefused) {
  EXPECT_THAT(OpenBytes("").message, HasSubstr("it is empty"));
  EXPECT_THAT(OpenBytes(std::string_view(file_).substr(0, file_.size() - 12)).message,
              HasSubstr("12 bytes shorter"));
  EXPECT_THAT(OpenBytes(file_ + "x").message, HasSubstr("1 bytes longer"));
  const std::string path = tiny_.folder() / "other.hearth";
  const size_t dense = header_.header_length + 64;
  for (size_t size = file_.size() - 1; size > 0;
       size -= size <= dense ? 1 : std::min<size_t>(97, size - dense)) {
    std::filesystem::resize_file(path, size);
    const auto model = Model::Open(path);
    ASSERT_FALSE(model) << size;
    ASSERT_EQ(model.error().code, Code::kCorrupt) << size;
  }
}

TEST_F(PackTest, AFlippedHeaderBitIsRefused) {
  const std::string path = tiny_.folder() / "other.hearth";
  tiny_.folder().Write("other.hearth", file_);
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  const auto put = [&](size_t at, char byte) {
    file.seekp(static_cast<std::streamoff>(at));
    file.put(byte).flush();
  };
  for (size_t bit = 0; bit < size_t{header_.header_length} * 8; ++bit) {
    put(bit / 8, static_cast<char>(file_[bit / 8] ^ (1 << bit % 8)));
    const auto model = Model::Open(path);
    ASSERT_FALSE(model) << "bit " << bit;
    const Code code = model.error().code;
    ASSERT_TRUE(code == Code::kCorrupt || code == Code::kUnsupported) << "bit " << bit;
    put(bit / 8, file_[bit / 8]);
  }
  EXPECT_TRUE(Model::Open(path));
}

TEST_F(PackTest, AnyOtherFlippedBitIsFoundByVerify) {
  for (size_t at = header_.header_length; at < file_.size(); at += 4099) {
    std::string flipped = file_;
    flipped[at] = static_cast<char>(flipped[at] ^ 16);
    tiny_.folder().Write("other.hearth", flipped);
    const auto model = Model::Open(tiny_.folder() / "other.hearth");
    if (!model) continue;  // the tokenizer saw it
    const Status status = (*model)->Verify();
    ASSERT_FALSE(status) << at;
    EXPECT_EQ(status.error().code, Code::kCorrupt);
  }
}

TEST_F(PackTest, ForeignFiles) {
  EXPECT_THAT(OpenBytes("GGUF and much more").message, HasSubstr("not a packed model file"));
  const Error future = OpenBytes(WithHeader([](PackHeader* h) { h->version = 2; }));
  EXPECT_EQ(future.code, Code::kUnsupported);
  EXPECT_THAT(future.message, AllOf(HasSubstr("version 2"), HasSubstr("reads version 1")));
  const Error swapped = OpenBytes(WithHeader([](PackHeader* h) { h->endianness = 0x04030201; }));
  EXPECT_EQ(swapped.code, Code::kUnsupported);
  EXPECT_THAT(swapped.message, HasSubstr("byte order"));
  EXPECT_EQ(Model::Open(tiny_.folder() / "missing").error().code, Code::kNotFound);
  EXPECT_EQ(Model::Open(tiny_.folder().path()).error().code, Code::kIo);
}

// A header that is whole but lies: made by an attacker, or by a bug.
TEST_F(PackTest, ALyingHeaderIsRefused) {
  const std::pair<const char*, std::function<void(PackHeader*)>> lies[] = {
      {"tokenizer offset", [](PackHeader* h) { h->tokenizer_offset = ~uint64_t{0} / 4096 * 4096; }},
      {"tokenizer on the header", [](PackHeader* h) { h->tokenizer_offset = 0; }},
      {"tokenizer length", [](PackHeader* h) { h->tokenizer_length = ~uint64_t{0}; }},
      {"tokenizer one page longer", [](PackHeader* h) { h->tokenizer_length += 4096; }},
      {"encoder offset", [](PackHeader* h) { h->encoder_offset += 4096; }},
      {"encoder length", [](PackHeader* h) { h->encoder_length += 1; }},
      {"tensor count", [](PackHeader* h) { h->tensor_count = ~0U; }},
      {"strings length", [](PackHeader* h) { h->strings_length -= 1; }},
      {"hidden size 0", [](PackHeader* h) { h->hidden_size = 0; }},
      {"hidden size negative", [](PackHeader* h) { h->hidden_size = -80; }},
      {"hidden size huge", [](PackHeader* h) { h->hidden_size = 0x7FFFFFF0; }},
      {"hidden size other", [](PackHeader* h) { h->hidden_size = 160; }},
      {"layers", [](PackHeader* h) { h->layers = 3; }},
      {"heads 0", [](PackHeader* h) { h->heads = 0; }},
      {"heads 4", [](PackHeader* h) { h->heads = 4; }},
      {"intermediate", [](PackHeader* h) { h->intermediate_size = 1 << 30; }},
      {"vocabulary", [](PackHeader* h) { h->vocab_size = 39; }},
      {"positions", [](PackHeader* h) { h->max_positions = 25; }},
      {"types", [](PackHeader* h) { h->type_vocab_size = 0; }},
      {"tokens over positions", [](PackHeader* h) { h->max_tokens = 25; }},
      {"tokens 0", [](PackHeader* h) { h->max_tokens = 0; }},
      {"epsilon", [](PackHeader* h) { h->layer_norm_epsilon = std::nanf(""); }},
      {"dtype bf16", [](PackHeader* h) { h->dtype = 1; }},
      {"dtype 2", [](PackHeader* h) { h->dtype = 2; }},
      {"pooling", [](PackHeader* h) { h->pooling = 4; }},
      {"normalize", [](PackHeader* h) { h->normalize = 2; }}};
  for (const auto& [name, lie] : lies) {
    const Code code = OpenBytes(WithHeader(lie)).code;
    EXPECT_TRUE(code == Code::kCorrupt || code == Code::kUnsupported) << name;
  }
  EXPECT_EQ(OpenBytes(WithHeader([](PackHeader*) {})).message, "") << "the truth was refused";
}

TEST(PackFormat, StringsComeBack) {
  ModelConfig config;
  config.name = "n";
  config.architecture = "bert";
  config.prompts = {{"a", ""}, {"b", std::string(300, 'x')}};
  config.default_prompt_name = "a";
  const std::string joined = JoinStrings(config);
  ModelConfig back;
  ASSERT_TRUE(SplitStrings(joined, &back));
  EXPECT_EQ(back.name, config.name);
  EXPECT_EQ(back.prompts, config.prompts);
  size_t accepted = 0;
  for (size_t size = 0; size < joined.size(); ++size) {
    ModelConfig cut;
    if (SplitStrings(std::string_view(joined).substr(0, size), &cut)) ++accepted;
  }
  EXPECT_EQ(accepted, 2U) << "only a cut between two prompts makes another valid list";
}

TEST(PackFormat, ChecksumIsCrc32cWithItsOwnFieldAsZero) {
  std::string header(sizeof(PackHeader), 'x');
  uint32_t crc = ~0U;
  for (size_t i = 0; i < header.size(); ++i) {
    crc ^= i >= 28 && i < 32 ? 0U : static_cast<uint32_t>('x');
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1U) ^ ((crc & 1U) != 0 ? 0x82F63B78U : 0U);
  }
  EXPECT_EQ(HeaderChecksum(std::as_bytes(std::span(header))), ~crc);
}

}  // namespace
}  // namespace hearth::model
