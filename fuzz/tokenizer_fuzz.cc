// Differential: the tokenizer against the plain one, on any text and set-up; and Open and Encode on
// damaged blocks.
//
// The first byte chooses switches and options, the second the set-up of added tokens or damage; the
// rest is the text.
#include <array>
#include <cstdlib>
#include <map>

#include "text/plain_tokenizer.h"
#include "text/set_up.h"
#include "text/tokenizer.h"

namespace {

using hearth::text::EncodeOptions;
using hearth::text::Encoding;
using hearth::text::PlainTokenizer;
using hearth::text::Tokenizer;
using hearth::text::TokenizerConfig;

void Check(bool condition) {
  if (!condition) std::abort();
}

// A small vocabulary in which letters meet often.
TokenizerConfig Config(uint8_t switches, bool added) {
  TokenizerConfig config;
  config.vocab = {
      "[UNK]",    "[CLS]",      "[SEP]",        "a",   "b",   "e",   "é", "ab",  "abc",
      "##a",      "##b",        "##bc",         "##é", "i",   "##i", "σ", "##σ", "中",
      "##中",     "한",         "##\u1161",     "ᄒ",  ",",   "[",   "]", "sep", "\u0301",
      "##\u0301", "\U0001D165", "##\U0001D165", "A",   "##A", "É",   "x"};
  config.max_word_characters = 12;
  config.clean_text = (switches & 1) != 0;
  config.handle_chinese_chars = (switches & 2) != 0;
  config.lowercase = (switches & 4) != 0;
  if ((switches & 8) != 0) config.strip_accents = (switches & 16) != 0;
  hearth::text::SetUp("added 2 - [SEP]", &config);
  if (added) {
    for (const char* line : {"added 34 nl Éa", "added 7 nsr ab", "added 35 lr ,,", "added 17 s 中",
                             "added 36 - [S", "added 37 nlr c c"}) {
      hearth::text::SetUp(line, &config);
    }
  }
  return config;
}

struct Both {
  std::vector<std::byte> block;
  PlainTokenizer plain;
};

const Both& BothOf(uint8_t switches, bool added) {
  static std::map<std::pair<uint8_t, bool>, Both> all;
  const auto found = all.find({switches, added});
  if (found != all.end()) return found->second;
  const TokenizerConfig config = Config(switches, added);
  auto block = Tokenizer::Pack(config);
  Check(block.has_value());
  return all.emplace(std::pair(switches, added), Both{*block, PlainTokenizer(config)})
      .first->second;
}

void Compare(uint8_t choice, bool added, std::string_view text) {
  const Both& both = BothOf(choice & 31, added);
  EncodeOptions options{.want_offsets = true};
  options.max_tokens = (choice & 32) != 0 ? 5 : 0;
  options.side = (choice & 64) != 0 ? hearth::text::TruncationSide::kLeft
                                    : hearth::text::TruncationSide::kRight;
  options.add_special_tokens = (choice & 128) != 0;
  static Encoding encoding;  // reused, as it is meant to be
  Tokenizer::Open(both.block)->Encode(text, options, &encoding);
  const Encoding plain = both.plain.Encode(text, options);
  Check(encoding.ids == plain.ids);
  Check(encoding.type_ids == plain.type_ids);
  Check(encoding.offsets == plain.offsets);
  Check(encoding.truncated == plain.truncated);
}

// Pairs of the input's bytes say where the block is damaged.
void Damage(uint8_t choice, std::string_view text) {
  std::vector<std::byte> block = BothOf(choice & 31, true).block;
  for (size_t i = 0; i + 2 < text.size() && i < 30; i += 3) {
    const size_t where = static_cast<uint8_t>(text[i]) * 256U + static_cast<uint8_t>(text[i + 1]);
    block[where % block.size()] ^= static_cast<std::byte>(text[i + 2]);
  }
  const auto tokenizer = Tokenizer::Open(block);
  if (!tokenizer) return;
  Encoding encoding;
  tokenizer->EncodePair(text, "abé中 [SEP] Éa,,", {.want_offsets = true}, &encoding);
  for (const int32_t id : encoding.ids) {
    Check(id >= 0 && id < tokenizer->vocab_size());
    (void)tokenizer->Piece(id);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 2) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 2, size - 2);
  if (data[1] % 3 == 2) {
    Damage(data[0], text);
  } else {
    Compare(data[0], data[1] % 3 == 1, text);
  }
  return 0;
}
