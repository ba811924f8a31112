// What the oracle (the pinned `tokenizers`) does with each Unicode scalar value. The tables are
// generated from it by tools/oracle/make_tables.py: its own mixture of Unicode versions, slips
// included.
#pragma once

#include <cstdint>

namespace hearth::text {

// Bits of CharInfo::flags.
inline constexpr uint8_t kDeleted = 1;         // by clean_text
inline constexpr uint8_t kCjk = 2;             // handle_chinese_chars puts spaces around it
inline constexpr uint8_t kDroppedMark = 4;     // by strip_accents, after decomposition
inline constexpr uint8_t kPunctuation = 8;     // a word of its own
inline constexpr uint8_t kWhiteSpace = 16;     // ends a word and vanishes
inline constexpr uint8_t kWordCharacter = 32;  // an added token with single_word may not touch it

// Cased characters are neither punctuation nor white space, nor is their lower case (the generator
// checks it).
struct CharInfo {
  uint8_t flags = 0;
  uint8_t order = 0;  // of combining marks in canonical order, 0: a starter
  uint8_t decomposition_size =
      0;  // of the full canonical decomposition; 0: none, or a Hangul syllable
  uint8_t lower_size = 1;
  uint16_t decomposition = 0;  // index in char_sequence
  int32_t lower = 0;  // lower_size 1: what to add for lower case; else an index in char_sequence
};

inline constexpr uint32_t kOrders = 64;  // above every order (the generator checks it)

// Two stages: 128 scalar values share an entry of char_block.
extern const uint16_t char_block[];
extern const uint16_t char_index[];
extern const CharInfo char_info[];
extern const char32_t char_sequence[];

// `c` is at most U+10FFFF.
inline const CharInfo& InfoOf(char32_t c) {
  return char_info[char_index[char_block[c >> 7] * 128U + (c & 127U)]];
}

// Hangul syllables decompose by arithmetic (Unicode 15, section 3.12).
inline constexpr char32_t kHangulBase = 0xAC00;
inline constexpr char32_t kHangulCount = 11172;
inline constexpr bool IsHangulSyllable(char32_t c) { return c - kHangulBase < kHangulCount; }

// Writes the 2 or 3 Jamo of a syllable and returns how many.
inline uint32_t DecomposeHangul(char32_t syllable, char32_t jamo[3]) {
  constexpr char32_t kTails = 28;
  constexpr char32_t kVowelsAndTails = 21 * kTails;
  const char32_t index = syllable - kHangulBase;
  jamo[0] = 0x1100 + index / kVowelsAndTails;
  jamo[1] = 0x1161 + index % kVowelsAndTails / kTails;
  jamo[2] = 0x11A7 + index % kTails;
  return index % kTails == 0 ? 2 : 3;
}

}  // namespace hearth::text
