#include "text/added_tokens.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "base/utf8.h"
#include "text/unicode.h"

namespace hearth::text {
namespace {

bool Contains(const std::array<uint64_t, 4>& set, uint8_t byte) {
  return ((set[byte / 64] >> (byte % 64)) & 1) != 0;
}

// The character that ends at `end`, which is above 0.
Scalar LastBefore(std::string_view text, size_t end) {
  for (size_t size = 1; size <= std::min<size_t>(end, 4); ++size) {
    const Scalar scalar = DecodeUtf8(text.substr(0, end), end - size);
    if (scalar.value != kReplacementCharacter && scalar.size == size) return scalar;
  }
  return {kReplacementCharacter, 1};
}

bool Is(uint8_t flag, char32_t c) { return (InfoOf(c).flags & flag) != 0; }

}  // namespace

AddedTokenFinder::AddedTokenFinder(Trie trie, std::span<const AddedRecord> added,
                                   const std::array<uint64_t, 4>& first, std::string_view text)
    : trie_(trie), added_(added), first_(first), text_(text) {
  int count = 0;
  for (size_t i = 0; i < first.size(); ++i) {
    count += std::popcount(first[i]);
    if (first[i] != 0) only_first_ = static_cast<int>(i * 64) + std::countr_zero(first[i]);
  }
  if (count != 1) only_first_ = -1;
  if (trie_.empty()) at_ = text_.size();
}

bool AddedTokenFinder::Next(Match* match) {
  while (FindCandidate()) {
    size_t end = 0;
    uint32_t record = 0;
    if (!LongestAt(at_, &end, &record)) {
      ++at_;
      continue;
    }
    const size_t begin = at_;
    const AddedRecord& added = added_[record];
    at_ = end;
    if ((added.flags & kSingleWord) != 0 && !IsSingleWord(begin, end)) continue;
    *match = {added.id, begin, end};
    if ((added.flags & kStripLeft) != 0) match->begin = SkipSpaceBefore(begin);
    if ((added.flags & kStripRight) != 0) match->end = SkipSpaceAfter(end);
    if (match->begin >= match->end) continue;  // white space that the match before took
    taken_ = match->end;
    return true;
  }
  return false;
}

bool AddedTokenFinder::FindCandidate() {
  if (at_ >= text_.size()) return false;
  if (only_first_ >= 0) {
    const void* found = std::memchr(text_.data() + at_, only_first_, text_.size() - at_);
    at_ = found == nullptr ? text_.size()
                           : static_cast<size_t>(static_cast<const char*>(found) - text_.data());
  } else {
    while (at_ < text_.size() && !Contains(first_, static_cast<uint8_t>(text_[at_]))) ++at_;
  }
  return at_ < text_.size();
}

bool AddedTokenFinder::LongestAt(size_t begin, size_t* end, uint32_t* record) const {
  const TrieUnit* node = trie_.At(Trie::kRoot);
  bool found = false;
  for (size_t i = begin; i < text_.size(); ++i) {
    node = trie_.Child(node, static_cast<uint8_t>(text_[i]));
    if (node == nullptr) break;
    if (static_cast<uint32_t>(node->id) >= added_.size()) continue;
    found = true;
    *end = i + 1;
    *record = static_cast<uint32_t>(node->id);
  }
  return found;
}

bool AddedTokenFinder::IsSingleWord(size_t begin, size_t end) const {
  const bool joined_left = begin > 0 && Is(kWordCharacter, LastBefore(text_, begin).value);
  const bool joined_right = end < text_.size() && Is(kWordCharacter, DecodeUtf8(text_, end).value);
  return !joined_left && !joined_right;
}

// Only back to what an earlier match took.
size_t AddedTokenFinder::SkipSpaceBefore(size_t begin) const {
  while (begin > taken_) {
    const Scalar scalar = LastBefore(text_, begin);
    if (!Is(kWhiteSpace, scalar.value)) return begin;
    begin -= scalar.size;
  }
  return taken_;
}

size_t AddedTokenFinder::SkipSpaceAfter(size_t end) {
  if (end >= space_begin_ && end <= space_end_) return space_end_;
  space_begin_ = end;
  while (end < text_.size()) {
    const Scalar scalar = DecodeUtf8(text_, end);
    if (!Is(kWhiteSpace, scalar.value)) break;
    end += scalar.size;
  }
  space_end_ = end;
  return end;
}

std::array<uint64_t, 4> FirstBytes(Trie trie) {
  std::array<uint64_t, 4> set{};
  for (uint32_t byte = 0; byte < 256 && !trie.empty(); ++byte) {
    if (trie.Child(trie.At(Trie::kRoot), static_cast<uint8_t>(byte)) != nullptr) {
      set[byte / 64] |= uint64_t{1} << (byte % 64);
    }
  }
  return set;
}

}  // namespace hearth::text
