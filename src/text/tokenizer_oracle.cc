// A tokenizer behind pipes, for the comparison with the oracle. Not shipped.
//
//   tokenizer_oracle VOCAB [LINE…]  <requests >answers
//
// Numbers are little-endian uint32. A request: 0, options × 4 (max_tokens, left, specials, pair),
// then one text or two, each a length and bytes. An answer: truncated, n, then n × (id, type id,
// begin, end). LINEs set up the tokenizer: `switch NAME 0|1` and `added ID FLAGS CONTENT`, FLAGS
// some of n(ormalised) s(ingle word) l(strip) r(strip) or `-`.
#include <cstdio>
#include <iostream>

#include "text/set_up.h"
#include "text/tokenizer.h"

namespace {

using hearth::text::Encoding;
using hearth::text::TokenizerConfig;

bool ReadNumber(uint32_t* number) { return std::fread(number, sizeof(*number), 1, stdin) == 1; }

bool ReadText(std::string* text) {
  uint32_t size = 0;
  if (!ReadNumber(&size)) return false;
  text->resize(size);
  return size == 0 || std::fread(text->data(), size, 1, stdin) == 1;
}

void Answer(const Encoding& encoding) {
  std::vector<uint32_t> numbers = {encoding.truncated ? 1U : 0U,
                                   static_cast<uint32_t>(encoding.ids.size())};
  for (size_t i = 0; i < encoding.ids.size(); ++i) {
    numbers.insert(numbers.end(), {static_cast<uint32_t>(encoding.ids[i]),
                                   static_cast<uint32_t>(encoding.type_ids[i]),
                                   encoding.offsets[i].begin, encoding.offsets[i].end});
  }
  std::fwrite(numbers.data(), sizeof(uint32_t), numbers.size(), stdout);
}

int Serve(const hearth::text::Tokenizer& tokenizer) {
  Encoding encoding;
  std::string first;
  std::string second;
  uint32_t options[5];
  while (std::fread(options, sizeof(options), 1, stdin) == 1) {
    const hearth::text::EncodeOptions encode{.max_tokens = static_cast<int32_t>(options[1]),
                                             .side = options[2] != 0
                                                         ? hearth::text::TruncationSide::kLeft
                                                         : hearth::text::TruncationSide::kRight,
                                             .add_special_tokens = options[3] != 0,
                                             .want_offsets = true};
    if (!ReadText(&first) || (options[4] != 0 && !ReadText(&second))) return 1;
    if (options[4] != 0) {
      tokenizer.EncodePair(first, second, encode, &encoding);
    } else {
      tokenizer.Encode(first, encode, &encoding);
    }
    Answer(encoding);
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  TokenizerConfig config = hearth::text::ReadVocabulary(argc > 1 ? argv[1] : "");
  for (int i = 2; i < argc; ++i) hearth::text::SetUp(argv[i], &config);
  auto block = hearth::text::Tokenizer::Pack(config);
  if (!block) {
    std::cerr << block.error().message << "\n";
    return 1;
  }
  auto tokenizer = hearth::text::Tokenizer::Open(*block);
  if (!tokenizer) {
    std::cerr << tokenizer.error().message << "\n";
    return 1;
  }
  return Serve(*tokenizer);
}
