#include "base/utf8.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace hearth {
namespace {

// The bytes of `value` by the definition alone, for surrogates too.
std::string Spell(char32_t value) {
  std::string bytes;
  AppendUtf8(value, &bytes);
  return bytes;
}

TEST(Utf8Test, EveryScalarValueIsValidAndReadsBack) {
  for (char32_t value = 0; value < 0x110000; ++value) {
    const bool surrogate = value >= 0xD800 && value < 0xE000;
    const std::string bytes = Spell(value);
    ASSERT_EQ(IsValidUtf8(bytes), !surrogate) << std::hex << static_cast<uint32_t>(value);
    if (surrogate) continue;
    const Scalar scalar = DecodeUtf8(bytes, 0);
    ASSERT_EQ(scalar.value, value);
    ASSERT_EQ(scalar.size, bytes.size());
  }
}

// Bjoern's way round: all three-byte strings, against a decoder written from the bit patterns.
bool ValidByBitPatterns(std::string_view text) {
  size_t at = 0;
  while (at < text.size()) {
    const auto byte = [&](size_t i) { return static_cast<uint8_t>(text[at + i]); };
    const size_t size = byte(0) < 0x80 ? 1 : (byte(0) >> 5) == 6 ? 2 : (byte(0) >> 4) == 14 ? 3 : 0;
    if (size == 0 || at + size > text.size()) return false;
    for (size_t i = 1; i < size; ++i) {
      if ((byte(i) >> 6) != 2) return false;
    }
    const uint32_t value = size == 1 ? byte(0)
                           : size == 2
                               ? (byte(0) & 31U) << 6 | (byte(1) & 63U)
                               : (byte(0) & 15U) << 12 | (byte(1) & 63U) << 6 | (byte(2) & 63U);
    if (size == 2 && value < 0x80) return false;
    if (size == 3 && (value < 0x800 || (value >= 0xD800 && value < 0xE000))) return false;
    at += size;
  }
  return true;
}

TEST(Utf8Test, EveryStringOfUpToThreeBytes) {
  for (uint32_t bits = 0; bits < 1U << 24; ++bits) {
    const char bytes[3] = {static_cast<char>(bits), static_cast<char>(bits >> 8),
                           static_cast<char>(bits >> 16)};
    const std::string_view text(bytes, 3);
    if (IsValidUtf8(text) != ValidByBitPatterns(text)) FAIL() << std::hex << bits;
  }
}

TEST(Utf8Test, FourByteBoundaries) {
  EXPECT_TRUE(IsValidUtf8("\xF0\x90\x80\x80"));
  EXPECT_TRUE(IsValidUtf8("\xF4\x8F\xBF\xBF"));
  EXPECT_FALSE(IsValidUtf8("\xF0\x8F\xBF\xBF"));  // overlong
  EXPECT_FALSE(IsValidUtf8("\xF4\x90\x80\x80"));  // above U+10FFFF
  EXPECT_FALSE(IsValidUtf8("\xF5\x80\x80\x80"));
  EXPECT_FALSE(IsValidUtf8("\xF0\x90\x80"));
}

TEST(Utf8Test, PrefixEndsAtTheFirstBadByte) {
  EXPECT_EQ(ValidUtf8Prefix(""), 0U);
  EXPECT_EQ(ValidUtf8Prefix("abc"), 3U);
  EXPECT_EQ(ValidUtf8Prefix(std::string(100, 'a') + "\xFF" + std::string(100, 'a')), 100U);
  EXPECT_EQ(ValidUtf8Prefix("\xC3\xA9\xE2\x82"), 2U);
}

TEST(Utf8Test, MaximalInvalidSequencesReadAsOneReplacement) {
  // The example of Unicode 15, table 3-8, with its substitutions.
  const std::string text =
      "a\xF1\x80\x80\xE1\x80\xC2"
      "b\x80"
      "c\x80\xBF"
      "d";
  std::string read;
  for (size_t at = 0; at < text.size();) {
    const Scalar scalar = DecodeUtf8(text, at);
    read += scalar.value == kReplacementCharacter ? '?' : static_cast<char>(scalar.value);
    at += scalar.size;
  }
  EXPECT_EQ(read, "a???b?c??d");
}

RC_GTEST_PROP(Utf8Test, DecodingTilesAnyBytes, (const std::string& text)) {
  std::string spelled;
  size_t at = 0;
  while (at < text.size()) {
    const Scalar scalar = DecodeUtf8(text, at);
    RC_ASSERT(scalar.size >= 1U);
    RC_ASSERT(at + scalar.size <= text.size());
    AppendUtf8(scalar.value, &spelled);
    at += scalar.size;
  }
  RC_ASSERT(IsValidUtf8(spelled));
  RC_ASSERT(IsValidUtf8(text) == (spelled == text));
}

}  // namespace
}  // namespace hearth
