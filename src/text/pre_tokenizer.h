// PreTokenizer: BertPreTokenizer as a sink of the Normalizer. White space ends a word and vanishes,
// each punctuation sign is a word, and every finished word goes through WordPiece.
#pragma once

#include "base/utf8.h"
#include "text/unicode.h"
#include "text/wordpiece.h"

namespace hearth::text {

class PreTokenizer {
 public:
  PreTokenizer(const WordPiece& pieces, Scratch* scratch, TokenOutput* out)
      : pieces_(pieces), word_(scratch->word), offsets_(scratch->word_offsets), out_(*out) {
    Clear();
  }

  void Take(char32_t c, uint8_t flags, Offset source) {
    if ((flags & (kWhiteSpace | kPunctuation)) == 0) return Append(c, source);
    EndWord();
    if ((flags & kPunctuation) == 0) return;
    Append(c, source);
    EndWord();
  }

  bool in_word() const { return characters_ != 0; }

  void EndWord() {
    if (characters_ == 0) return;
    if (characters_ > pieces_.max_characters()) {
      out_.Add(pieces_.unk_id(), {begin_, end_});
    } else {
      const WordPiece::Match first =
          pieces_.Longest(pieces_.word_start(), word_.data(), 0, word_.size(), kIdentity, 0);
      const auto offset_of = [this](size_t i, size_t j) {
        return offsets_.empty() ? Offset{} : Offset{offsets_[i].begin, offsets_[j - 1].end};
      };
      pieces_.Add({word_.data(), 0, word_.size(), kIdentity}, first, offset_of, &out_);
    }
    Clear();
  }

 private:
  void Clear() {
    word_.clear();
    offsets_.clear();
    characters_ = 0;
  }

  // Of a word that is too long only the extent is kept.
  void Append(char32_t c, Offset source) {
    if (characters_ == 0) begin_ = source.begin;
    end_ = source.end;
    if (++characters_ > pieces_.max_characters()) return;
    AppendUtf8(c, &word_);
    if (out_.offsets != nullptr) offsets_.resize(word_.size(), source);
  }

  const WordPiece& pieces_;
  std::string& word_;
  std::vector<Offset>& offsets_;
  TokenOutput& out_;
  size_t characters_ = 0;
  uint32_t begin_ = 0;
  uint32_t end_ = 0;
};

}  // namespace hearth::text
