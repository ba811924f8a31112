// AddedTokenFinder: the added tokens of a text, leftmost first and longest at each place, with the
// flags single_word, lstrip and rstrip as the oracle reads them: a match that is not a single word
// is skipped whole; stripped white space belongs to the token.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "text/block.h"

namespace hearth::text {

class AddedTokenFinder {
 public:
  // `first`: the bytes that tokens begin with. `text` is UTF-8.
  AddedTokenFinder(Trie trie, std::span<const AddedRecord> added,
                   const std::array<uint64_t, 4>& first, std::string_view text);

  struct Match {
    int32_t id = 0;
    size_t begin = 0;  // may lie before the previous match's end, where that stripped white space
    size_t end = 0;
  };

  // False: there is none any more.
  bool Next(Match* match);

 private:
  bool FindCandidate();
  bool LongestAt(size_t begin, size_t* end, uint32_t* record) const;
  bool IsSingleWord(size_t begin, size_t end) const;
  size_t SkipSpaceBefore(size_t begin) const;
  size_t SkipSpaceAfter(size_t end);

  Trie trie_;
  std::span<const AddedRecord> added_;
  const std::array<uint64_t, 4> first_;
  int only_first_ = -1;  // the byte, when all begin with the same
  std::string_view text_;
  size_t at_ = 0;           // where the search goes on
  size_t taken_ = 0;        // where the last match ended, with white space
  size_t space_begin_ = 1;  // [begin, end) is known to be white space up to its last character
  size_t space_end_ = 0;
};

// The set of bytes that the strings of `trie` begin with.
std::array<uint64_t, 4> FirstBytes(Trie trie);

}  // namespace hearth::text
