// WordPiece: one word → tokens, greedily the longest piece each time, `##` pieces inside; [UNK] for
// the whole word when any part is missing. Case is folded byte by byte on the way, so plain ASCII
// is read from the text itself.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "text/block.h"
#include "text/tokenizer.h"

namespace hearth::text {

// Where tokens go. `limit` is of all ids in the vector; one word may overshoot it.
struct TokenOutput {
  std::vector<int32_t>* ids;
  std::vector<Offset>* offsets;  // nullptr: not wanted
  size_t limit;

  void Add(int32_t id, Offset offset) {
    ids->push_back(id);
    if (offsets != nullptr) offsets->push_back(offset);
  }
  bool Full() const { return ids->size() > limit; }
};

using Fold = std::array<uint8_t, 256>;

constexpr Fold MakeIdentity() {
  Fold fold{};
  for (size_t i = 0; i < fold.size(); ++i) fold[i] = static_cast<uint8_t>(i);
  return fold;
}
inline constexpr Fold kIdentity = MakeIdentity();  // bytes as they are

class WordPiece {
 public:
  explicit WordPiece(const BlockView& block);

  struct Match {
    int32_t id = -1;
    size_t end = 0;   // of the longest piece; meaningless when id is negative
    size_t read = 0;  // where matching stopped
  };

  // The longest piece that begins at bytes[at], of a word that goes on to `end` at most: it ends
  // before the first byte that folds to less than `letter`.
  Match Longest(const TrieUnit* node, const char* bytes, size_t at, size_t end, const Fold& fold,
                uint8_t letter) const {
    Match match;
    for (match.read = at; match.read < end; ++match.read) {
      const uint8_t byte = fold[static_cast<uint8_t>(bytes[match.read])];
      if (byte < letter) break;
      node = trie_.Child(node, byte);
      if (node == nullptr) break;
      if (static_cast<uint32_t>(node->id) < vocab_size_) {
        match.id = node->id;
        match.end = match.read + 1;
      }
    }
    return match;
  }
  const TrieUnit* word_start() const { return word_start_; }

  // The word bytes[begin, end).
  struct Word {
    const char* bytes;
    size_t begin;
    size_t end;
    const Fold& fold;
  };

  // Adds the tokens of `word`, whose first match is known. offset_of(i, j): what bytes [i, j) came
  // from.
  template <typename OffsetOf>
  void Add(const Word& word, Match match, OffsetOf offset_of, TokenOutput* out) const {
    const size_t tokens_before = out->ids->size();
    for (size_t at = word.begin; at < word.end; at = match.end) {
      if (at != word.begin) {
        match = continuation_ == nullptr
                    ? Match{}
                    : Longest(continuation_, word.bytes, at, word.end, word.fold, 0);
      }
      if (match.id < 0) {
        out->ids->resize(tokens_before);
        if (out->offsets != nullptr) out->offsets->resize(tokens_before);
        return out->Add(unk_id_, offset_of(word.begin, word.end));
      }
      out->Add(match.id, offset_of(at, match.end));
    }
  }

  int32_t unk_id() const { return unk_id_; }
  size_t max_characters() const { return max_characters_; }

 private:
  Trie trie_;
  const TrieUnit* word_start_;
  const TrieUnit* continuation_;
  uint32_t vocab_size_;
  int32_t unk_id_;
  size_t max_characters_;
};

}  // namespace hearth::text
