#include "text/block.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cstring>

#include "text/tokenizer.h"

namespace hearth::text {
namespace {

TokenizerConfig SmallConfig() {
  TokenizerConfig config;
  config.vocab = {"[UNK]", "[CLS]", "[SEP]", "un", "##believ", "##able", "a",
                  "##b",   "é",     "中",    "e",  ",",        "foo"};
  config.added_tokens = {{.content = "[SEP]", .id = 2},
                         {.content = "new", .id = 13, .normalized = true, .lstrip = true}};
  return config;
}

std::vector<std::byte> SmallBlock() { return *Tokenizer::Pack(SmallConfig()); }

std::string OpenError(const std::vector<std::byte>& block) {
  const auto tokenizer = Tokenizer::Open(block);
  return tokenizer ? "" : tokenizer.error().message;
}

TEST(BlockTest, PackIsDeterministicAndOpens) {
  const auto block = SmallBlock();
  EXPECT_EQ(block, SmallBlock());
  EXPECT_EQ(block.size() % 8, 0U);
  const auto tokenizer = Tokenizer::Open(block);
  ASSERT_TRUE(tokenizer.has_value());
  EXPECT_EQ(tokenizer->vocab_size(), 14);
  EXPECT_EQ(tokenizer->unk_id(), 0);
  EXPECT_EQ(tokenizer->cls_id(), 1);
  EXPECT_EQ(tokenizer->sep_id(), 2);
  EXPECT_EQ(tokenizer->Piece(4), "##believ");
  EXPECT_EQ(tokenizer->Piece(13), "new");
  EXPECT_EQ(tokenizer->Piece(14), "");
  EXPECT_EQ(tokenizer->Piece(-1), "");
}

TEST(BlockTest, EveryTruncationIsAnError) {
  const auto block = SmallBlock();
  for (size_t size = 0; size < block.size(); ++size) {
    EXPECT_NE(OpenError({block.begin(), block.begin() + static_cast<ptrdiff_t>(size)}), "") << size;
  }
}

TEST(BlockTest, ForeignAndFutureBlocksAreNamed) {
  auto block = SmallBlock();
  block[0] ^= std::byte{1};
  EXPECT_THAT(OpenError(block), testing::HasSubstr("tokenizer's mark"));
  block = SmallBlock();
  block[8] ^= std::byte{2};
  EXPECT_THAT(OpenError(block), testing::HasSubstr("version 3"));
}

// Whatever the bytes say, Encode stays within the block and gives ids of the vocabulary (ASan
// watches the first).
RC_GTEST_PROP(BlockTest, FlippedBytesNeverLeadOutside,
              (const std::vector<std::pair<uint32_t, uint8_t>>& flips, const std::string& text)) {
  auto block = SmallBlock();
  for (const auto& [where, bits] : flips) block[where % block.size()] ^= std::byte{bits};
  const auto tokenizer = Tokenizer::Open(block);
  if (!tokenizer) return;
  Encoding encoding;
  for (const std::string& each : {text, std::string("unbelievable new [SEP] é中, ab") + text}) {
    tokenizer->Encode(each, {.want_offsets = true}, &encoding);
    for (const int32_t id : encoding.ids) {
      RC_ASSERT(id >= 0);
      RC_ASSERT(id < tokenizer->vocab_size());
      (void)tokenizer->Piece(id);
    }
  }
}

std::string PackError(const TokenizerConfig& config) {
  const auto block = Tokenizer::Pack(config);
  return block ? "" : block.error().message;
}

TEST(PackTest, WrongVocabulariesAreNamed) {
  TokenizerConfig config = SmallConfig();
  config.vocab[7] = "a";
  EXPECT_THAT(PackError(config), testing::HasSubstr("pieces 6 and 7 are both \"a\""));
  config = SmallConfig();
  config.vocab[7] = "\xFF";
  EXPECT_THAT(PackError(config), testing::HasSubstr("piece 7 is not UTF-8"));
  config = SmallConfig();
  config.cls_token = "<s>";
  EXPECT_THAT(PackError(config), testing::HasSubstr("it has no \"<s>\""));
  config = SmallConfig();
  config.max_word_characters = 0;
  EXPECT_THAT(PackError(config), testing::HasSubstr("0 characters"));
}

TEST(PackTest, WrongAddedTokensAreNamed) {
  TokenizerConfig config = SmallConfig();
  config.added_tokens[0].id = 1;
  EXPECT_THAT(PackError(config), testing::HasSubstr("\"[SEP]\": id 1 belongs to another piece"));
  config = SmallConfig();
  config.added_tokens[1].id = -1;
  EXPECT_THAT(PackError(config), testing::HasSubstr("belongs to another piece"));
  config = SmallConfig();
  config.added_tokens[1].id = 1 << 30;
  EXPECT_THAT(PackError(config), testing::HasSubstr("is above"));
  config = SmallConfig();
  config.added_tokens[1].content = "\u0301";
  EXPECT_THAT(PackError(config), testing::HasSubstr("nothing is left of it"));
  config = SmallConfig();
  config.added_tokens.push_back({.content = "NEW", .id = 14, .normalized = true});
  EXPECT_THAT(PackError(config), testing::HasSubstr("matched as the same text"));
  config = SmallConfig();
  config.added_tokens.push_back({.content = "old", .id = 13});
  EXPECT_THAT(PackError(config), testing::HasSubstr("both have id 13"));
}

}  // namespace
}  // namespace hearth::text
