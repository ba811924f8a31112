// The golden set of the pinned `tokenizers` (tests/golden/tokenizer_golden.txt), on the real
// vocabulary.
#include <gtest/gtest.h>

#include <charconv>
#include <fstream>
#include <map>
#include <sstream>

#include "base/utf8.h"
#include "text/plain_tokenizer.h"
#include "text/set_up.h"
#include "text/tokenizer.h"

namespace hearth::text {
namespace {

constexpr const char* kVocabulary = HEARTH_SOURCE_DIR "/models/all-MiniLM-L6-v2/vocab.txt";
constexpr const char* kGolden = HEARTH_SOURCE_DIR "/tests/golden/tokenizer_golden.txt";

class Hash {
 public:
  void Add(uint32_t number) {
    for (int shift = 0; shift < 32; shift += 8)
      value_ = (value_ ^ ((number >> shift) & 255)) * 0x100000001B3;
  }
  void Add(const Encoding& encoding) {
    for (const int32_t id : encoding.ids) Add(static_cast<uint32_t>(id));
    for (const int32_t id : encoding.type_ids) Add(static_cast<uint32_t>(id));
    for (const Offset offset : encoding.offsets) {
      Add(offset.begin);
      Add(offset.end);
    }
  }
  uint64_t value() const { return value_; }

 private:
  uint64_t value_ = 0xCBF29CE484222325;
};

std::string FromHex(const std::string& hex) {
  if (hex == "." || hex == "-") return "";
  std::string text;
  for (size_t i = 0; i + 1 < hex.size(); i += 2) {
    uint8_t byte = 0;
    std::from_chars(hex.data() + i, hex.data() + i + 2, byte, 16);
    text += static_cast<char>(byte);
  }
  return text;
}

class GoldenTest : public testing::Test {
 protected:
  void SetUp() override {
    const TokenizerConfig model = ReadVocabulary(kVocabulary);
    ASSERT_FALSE(model.vocab.empty()) << "cannot read " << kVocabulary << "; run script/model";
    std::ifstream golden(kGolden);
    ASSERT_TRUE(golden.is_open()) << "cannot read " << kGolden;
    for (std::string line; std::getline(golden, line);) {
      std::istringstream words(line);
      std::string kind;
      words >> kind;
      if (kind == "setup") {
        int index = 0;
        words >> index;
        std::string rest;
        std::getline(words >> std::ws, rest);
        configs_.try_emplace(index, model);
        text::SetUp(rest, &configs_[index]);
      } else if (kind != "#") {
        lines_.push_back(line);
      }
    }
    for (const auto& [index, config] : configs_) blocks_[index] = *Tokenizer::Pack(config);
  }

  Tokenizer TokenizerAt(int index) const { return *Tokenizer::Open(blocks_.at(index)); }

  std::map<int, TokenizerConfig> configs_;
  std::map<int, std::vector<std::byte>> blocks_;
  std::vector<std::string> lines_;
};

struct TextLine {
  int index = 0;
  EncodeOptions options;
  std::string text;
  std::string pair;
  bool is_pair = false;
  uint64_t hash = 0;
  std::vector<int32_t> ids;
};

TextLine ParseText(std::istringstream& words) {
  TextLine line;
  std::string side;
  std::string text;
  std::string pair;
  words >> line.index >> line.options.max_tokens >> side >> line.options.add_special_tokens >>
      text >> pair >> std::hex >> line.hash >> std::dec;
  line.options.side = side == "left" ? TruncationSide::kLeft : TruncationSide::kRight;
  line.options.want_offsets = true;
  line.text = FromHex(text);
  line.pair = FromHex(pair);
  line.is_pair = pair != "-";
  for (int32_t id = 0; words >> id;) line.ids.push_back(id);
  return line;
}

TEST_F(GoldenTest, Texts) {
  Encoding encoding;
  size_t count = 0;
  for (const std::string& line : lines_) {
    std::istringstream words(line);
    std::string kind;
    words >> kind;
    if (kind != "text") continue;
    const TextLine golden = ParseText(words);
    const Tokenizer tokenizer = TokenizerAt(golden.index);
    if (golden.is_pair) {
      tokenizer.EncodePair(golden.text, golden.pair, golden.options, &encoding);
    } else {
      tokenizer.Encode(golden.text, golden.options, &encoding);
    }
    Hash hash;
    hash.Add(encoding);
    ASSERT_EQ(encoding.ids, golden.ids) << line;
    ASSERT_EQ(hash.value(), golden.hash) << line;
    ++count;
  }
  EXPECT_GT(count, 2000U);
}

TEST_F(GoldenTest, EveryClassBoundary) {
  Encoding encoding;
  size_t count = 0;
  for (const std::string& line : lines_) {
    std::istringstream words(line);
    std::string kind;
    words >> kind;
    if (kind != "chars") continue;
    int index = 0;
    uint64_t expected = 0;
    words >> index >> std::hex >> expected;
    const Tokenizer tokenizer = TokenizerAt(index);
    Hash hash;
    for (uint32_t value = 0; words >> value; ++count) {
      std::string c;
      AppendUtf8(value, &c);
      tokenizer.Encode("a" + c + "b " + c + "\u0301 C" + c, {.want_offsets = true}, &encoding);
      hash.Add(encoding);
    }
    ASSERT_EQ(hash.value(), expected) << line;
  }
  EXPECT_GT(count, 10000U);
}

// The reference of the fuzzer is itself held to the oracle.
TEST_F(GoldenTest, PlainTokenizerToo) {
  std::map<int, PlainTokenizer> plain;
  for (const auto& [index, config] : configs_) plain.emplace(index, config);
  for (const std::string& line : lines_) {
    std::istringstream words(line);
    std::string kind;
    words >> kind;
    if (kind != "text") continue;
    const TextLine golden = ParseText(words);
    if (golden.is_pair) continue;
    const Encoding encoding = plain.at(golden.index).Encode(golden.text, golden.options);
    Hash hash;
    hash.Add(encoding);
    ASSERT_EQ(hash.value(), golden.hash) << line;
  }
}

}  // namespace
}  // namespace hearth::text
