#include "text/tokenizer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cstdlib>
#include <new>

#include "base/utf8.h"
#include "text/block.h"
#include "text/plain_tokenizer.h"
#include "text/set_up.h"
#include "text/text_reader.h"

namespace {
size_t allocations = 0;
}  // namespace

// Counts what this binary allocates.
void* operator new(size_t size) {
  ++allocations;
  if (void* memory = std::malloc(size)) return memory;
  std::abort();
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, size_t) noexcept { std::free(memory); }

namespace hearth::text {
namespace {

using testing::ElementsAre;

constexpr const char* kVocabulary = HEARTH_SOURCE_DIR "/models/all-MiniLM-L6-v2/vocab.txt";

const TokenizerConfig& Config() {
  static const TokenizerConfig config = [] {
    TokenizerConfig model = ReadVocabulary(kVocabulary);
    for (const char* line : {"added 0 - [PAD]", "added 100 - [UNK]", "added 101 - [CLS]",
                             "added 102 - [SEP]", "added 103 - [MASK]"}) {
      SetUp(line, &model);
    }
    return model;
  }();
  return config;
}

// The real vocabulary's block. Made at its first use: rapidcheck's fixtures run no SetUpTestSuite.
const std::vector<std::byte>& Block() {
  static const std::vector<std::byte> block = [] {
    if (Config().vocab.size() < 30000) {
      ADD_FAILURE() << "cannot read " << kVocabulary << "; run script/model";
      std::abort();
    }
    return *Tokenizer::Pack(Config());
  }();
  return block;
}

class TokenizerTest : public testing::Test {
 protected:
  static Tokenizer Real() { return *Tokenizer::Open(Block()); }
  static std::vector<int32_t> Ids(std::string_view text, const EncodeOptions& options = {}) {
    Encoding encoding;
    Real().Encode(text, options, &encoding);
    return encoding.ids;
  }
};

// Random text that meets every path: bytes of any kind between words, marks and added tokens.
rc::Gen<std::string> AnyText() {
  const auto part =
      rc::gen::oneOf(rc::gen::arbitrary<std::string>(),
                     rc::gen::element<std::string>(
                         "unbelievable", " ", "É", "中", "[SEP]", "[MASK]", "\u0301", "\U0001D165",
                         "\x01", "İ", "한", "\xE4", "Straße", ",", "\u3000", "ABC", "x\u0316"));
  return rc::gen::map(rc::gen::container<std::vector<std::string>>(part),
                      [](const std::vector<std::string>& parts) {
                        std::string text;
                        for (const std::string& each : parts) text += each;
                        return text;
                      });
}

TEST_F(TokenizerTest, ASentence) {
  Encoding encoding;
  Real().Encode("Hello, unbelievable wörld!", {.want_offsets = true}, &encoding);
  EXPECT_THAT(encoding.ids, ElementsAre(101, 7592, 1010, 23653, 2088, 999, 102));
  EXPECT_THAT(encoding.offsets, ElementsAre(Offset{0, 0}, Offset{0, 5}, Offset{5, 6}, Offset{7, 19},
                                            Offset{20, 26}, Offset{26, 27}, Offset{0, 0}));
  EXPECT_THAT(encoding.type_ids, ElementsAre(0, 0, 0, 0, 0, 0, 0));
  EXPECT_FALSE(encoding.truncated);
}

TEST_F(TokenizerTest, EmptyAndBlankTexts) {
  EXPECT_THAT(Ids(""), ElementsAre(101, 102));
  EXPECT_THAT(Ids(" \t\n\u3000\x01"), ElementsAre(101, 102));
  EXPECT_THAT(Ids("", {.add_special_tokens = false}), ElementsAre());
}

TEST_F(TokenizerTest, SpecialTokensAreCutOutOfWords) {
  EXPECT_THAT(Ids("a[SEP]b"), ElementsAre(101, 1037, 102, 1038, 102));
  EXPECT_THAT(Ids("a[sep]b"), ElementsAre(101, 1037, 1031, 19802, 1033, 1038, 102));
}

TEST_F(TokenizerTest, HundredCharactersAreAWordAndOneMoreIsUnknown) {
  EXPECT_GT(Ids(std::string(100, 'a')).size(), 3U);
  EXPECT_THAT(Ids(std::string(101, 'a')), ElementsAre(101, 100, 102));
  std::string accented;
  for (int i = 0; i < 100; ++i) accented += "é";
  EXPECT_EQ(Ids(accented), Ids(std::string(100, 'e')));
  EXPECT_THAT(Ids(accented + "e"), ElementsAre(101, 100, 102));
}

TEST_F(TokenizerTest, ALimitBelowTheTemplateLeavesTheTemplate) {
  for (const int32_t max : {1, 2})
    EXPECT_THAT(Ids("a b c", {.max_tokens = max}), ElementsAre(101, 102));
  Encoding encoding;
  Real().EncodePair("a b", "c", {.max_tokens = 2}, &encoding);
  EXPECT_THAT(encoding.ids, ElementsAre(101, 102, 102));
  EXPECT_THAT(encoding.type_ids, ElementsAre(0, 0, 1));
  EXPECT_TRUE(encoding.truncated);
}

// Each would take minutes if anything in it were quadratic.
TEST_F(TokenizerTest, HostileTextsTakeLinearTime) {
  const std::string word(1 << 20, 'a');
  EXPECT_THAT(Ids(word), ElementsAre(101, 100, 102));
  EXPECT_THAT(Ids(word + "é"), ElementsAre(101, 100, 102));
  std::string marks = "e";
  for (int i = 0; i < 1 << 20; ++i) marks += i % 2 == 0 ? "\u0301" : "\u0316";
  EXPECT_EQ(Ids(marks), Ids("e"));
  EXPECT_THAT(Ids(marks + "\U0001D165"), ElementsAre(101, 100, 102));
  std::string kept;
  for (int i = 0; i < 1 << 18; ++i) kept += i % 2 == 0 ? "\U0001D165" : "\U0001D16D";
  EXPECT_THAT(Ids(kept), ElementsAre(101, 100, 102));
  EXPECT_THAT(Ids(std::string(1 << 21, '\0')), ElementsAre(101, 102));
  EXPECT_THAT(Ids(std::string(1 << 21, '\xFF')), ElementsAre(101, 102));
  EXPECT_EQ(Ids(std::string(1 << 20, '[')).size(), (1U << 20) + 2);
  EXPECT_EQ(Ids(std::string(1 << 20, ' ') + "x" + std::string(1 << 20, '\n')), Ids("x"));
}

TEST_F(TokenizerTest, AReusedEncodingAllocatesNothing) {
  const Tokenizer tokenizer = Real();
  const std::string text =
      "The quick brown fox jumps over the lazy dog; naïve café, ΣΑΣ 中文 [SEP] unbelievable\u0301.";
  for (const bool want_offsets : {false, true}) {
    const EncodeOptions options{.max_tokens = 256, .want_offsets = want_offsets};
    Encoding encoding;
    for (int i = 0; i < 2; ++i) tokenizer.Encode(text, options, &encoding);
    const size_t before = allocations;
    for (int i = 0; i < 10; ++i) tokenizer.Encode(text, options, &encoding);
    EXPECT_EQ(allocations, before);
  }
}

RC_GTEST_FIXTURE_PROP(TokenizerTest, IdsAndOffsetsStayInBounds, ()) {
  const std::string text = *AnyText();
  Encoding encoding;
  Real().Encode(text, {.add_special_tokens = false, .want_offsets = true}, &encoding);
  RC_ASSERT(encoding.offsets.size() == encoding.ids.size());
  RC_ASSERT(encoding.type_ids.size() == encoding.ids.size());
  uint32_t begin = 0;
  for (size_t i = 0; i < encoding.ids.size(); ++i) {
    RC_ASSERT(encoding.ids[i] >= 0);
    RC_ASSERT(encoding.ids[i] < Real().vocab_size());
    const Offset offset = encoding.offsets[i];
    RC_ASSERT(begin <= offset.begin);
    RC_ASSERT(offset.begin < offset.end);
    RC_ASSERT(offset.end <= text.size());
    begin = offset.begin;
  }
}

RC_GTEST_FIXTURE_PROP(TokenizerTest, OffsetsDoNotChangeIds, ()) {
  const std::string text = *AnyText();
  Encoding with;
  Real().Encode(text, {.want_offsets = true}, &with);
  RC_ASSERT(Ids(text) == with.ids);
}

RC_GTEST_FIXTURE_PROP(TokenizerTest, TruncationKeepsAnEnd, ()) {
  const std::string text = *AnyText();
  const auto max = *rc::gen::inRange<int32_t>(1, 20);
  const bool left = *rc::gen::arbitrary<bool>();
  const std::vector<int32_t> all = Ids(text, {.add_special_tokens = false});
  Encoding cut;
  Real().Encode(text,
                {.max_tokens = max,
                 .side = left ? TruncationSide::kLeft : TruncationSide::kRight,
                 .add_special_tokens = false},
                &cut);
  const size_t keep = std::min(all.size(), static_cast<size_t>(max));
  const auto first = left ? all.end() - static_cast<ptrdiff_t>(keep) : all.begin();
  RC_ASSERT(cut.ids == std::vector<int32_t>(first, first + static_cast<ptrdiff_t>(keep)));
  RC_ASSERT(cut.truncated == (all.size() > keep));
}

RC_GTEST_FIXTURE_PROP(TokenizerTest, EqualsThePlainOne, ()) {
  static const PlainTokenizer plain(Config());
  const std::string text = *AnyText();
  Encoding encoding;
  const EncodeOptions options{.want_offsets = true};
  Real().Encode(text, options, &encoding);
  const Encoding expected = plain.Encode(text, options);
  RC_ASSERT(encoding.ids == expected.ids);
  RC_ASSERT(encoding.offsets == expected.offsets);
}

RC_GTEST_FIXTURE_PROP(TokenizerTest, TheAsciiShortCutChangesNothing, ()) {
  const std::string text = *AnyText();
  Encoding encoding;
  Real().Encode(text, {.add_special_tokens = false, .want_offsets = true}, &encoding);
  std::vector<int32_t> ids;
  std::vector<Offset> offsets;
  TokenOutput out{&ids, &offsets, std::numeric_limits<size_t>::max()};
  TextReader(BlockView(Block().data()), text, &encoding.scratch, &out, false).Read();
  RC_ASSERT(encoding.ids == ids);
  RC_ASSERT(encoding.offsets == offsets);
}

}  // namespace
}  // namespace hearth::text
