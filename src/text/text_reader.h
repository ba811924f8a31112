// TextReader: one text → its tokens, without template and truncation, in the oracle's order: added
// tokens of the raw text are cut out first; what is between them is normalised; added tokens of the
// normalised text are cut out of that; the rest is pre-tokenised and split into pieces.
//
// Words of plain ASCII take a short cut: they are read from the text itself, in one walk down the
// vocabulary's trie.
#pragma once

#include <string_view>

#include "text/ascii.h"
#include "text/block.h"
#include "text/normalizer.h"
#include "text/pre_tokenizer.h"
#include "text/wordpiece.h"

namespace hearth::text {

class TextReader {
 public:
  // `ascii_short_cut` false: for tests, which compare both ways.
  TextReader(const BlockView& block, std::string_view text, Scratch* scratch, TokenOutput* out,
             bool ascii_short_cut = true);

  // Stops soon after `out` is full.
  void Read();

 private:
  void ReadBetween(size_t begin, size_t end);
  void ReadWords(size_t begin, size_t end);
  size_t ReadAsciiWords(size_t at, size_t end);
  size_t ReadAsciiWord(size_t at, size_t end);
  size_t ReadAnyWords(size_t at, size_t end);
  void ReadNormalized(size_t begin, size_t end);
  void SplitNormalized(size_t begin, size_t end);
  Offset NormalizedOffset(size_t begin, size_t end) const;

  const BlockView block_;
  const BlockHeader& header_;
  const Fold& fold_;
  const WordPiece pieces_;
  const std::string_view text_;
  Scratch& scratch_;
  TokenOutput& out_;
  PreTokenizer words_;
  const bool ascii_short_cut_;
};

// The normalised form of `text`: what an added token is matched as.
std::string Normalize(uint32_t switches, std::string_view text);

}  // namespace hearth::text
