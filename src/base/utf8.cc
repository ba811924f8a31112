#include "base/utf8.h"

#include <cstring>

namespace hearth {
namespace {

constexpr uint64_t kHighBits = 0x8080808080808080;

uint8_t ByteAt(std::string_view text, size_t at) { return static_cast<uint8_t>(text[at]); }

// Where the run of ASCII that begins at `at` ends.
size_t SkipAscii(std::string_view text, size_t at) {
  for (; at + 32 <= text.size(); at += 32) {
    uint64_t words[4];
    std::memcpy(words, text.data() + at, sizeof(words));
    if (((words[0] | words[1] | words[2] | words[3]) & kHighBits) != 0) break;
  }
  while (at < text.size() && ByteAt(text, at) < 0x80) ++at;
  return at;
}

// What a lead byte promises: the length, and the range of the second byte (Unicode 15, table 3-7).
struct Lead {
  uint32_t size = 0;  // 0: cannot lead
  uint8_t second_min = 0x80;
  uint8_t second_max = 0xBF;
};

constexpr Lead LeadOf(uint8_t byte) {
  if (byte < 0x80) return {1};
  if (byte < 0xC2) return {0};
  if (byte < 0xE0) return {2};
  if (byte == 0xE0) return {3, 0xA0, 0xBF};
  if (byte == 0xED) return {3, 0x80, 0x9F};
  if (byte < 0xF0) return {3};
  if (byte == 0xF0) return {4, 0x90, 0xBF};
  if (byte < 0xF4) return {4};
  if (byte == 0xF4) return {4, 0x80, 0x8F};
  return {0};
}

// How many bytes at `at` are a prefix of a valid sequence with this lead.
uint32_t ValidBytes(std::string_view text, size_t at, const Lead& lead) {
  if (lead.size < 2 || at + 1 >= text.size()) return 1;
  const uint8_t second = ByteAt(text, at + 1);
  if (second < lead.second_min || second > lead.second_max) return 1;
  uint32_t valid = 2;
  while (valid < lead.size && at + valid < text.size() &&
         (ByteAt(text, at + valid) & 0xC0) == 0x80) {
    ++valid;
  }
  return valid;
}

}  // namespace

size_t ValidUtf8Prefix(std::string_view text) {
  size_t at = 0;
  while (true) {
    at = SkipAscii(text, at);
    while (at < text.size() && ByteAt(text, at) >= 0x80) {
      const Lead lead = LeadOf(ByteAt(text, at));
      if (lead.size == 0 || ValidBytes(text, at, lead) != lead.size) return at;
      at += lead.size;
    }
    if (at >= text.size()) return text.size();
  }
}

Scalar DecodeUtf8(std::string_view text, size_t at) {
  const uint8_t first = ByteAt(text, at);
  if (first < 0x80) return {first, 1};
  const Lead lead = LeadOf(first);
  if (lead.size == 0) return {kReplacementCharacter, 1};
  const uint32_t valid = ValidBytes(text, at, lead);
  if (valid != lead.size) return {kReplacementCharacter, valid};
  char32_t value = first & (0x7FU >> lead.size);
  for (uint32_t i = 1; i < valid; ++i) value = (value << 6) | (ByteAt(text, at + i) & 0x3FU);
  return {value, valid};
}

void AppendUtf8(char32_t value, std::string* out) {
  const auto put = [out](char32_t byte) { out->push_back(static_cast<char>(byte)); };
  const auto put_tail = [&](uint32_t shift) { put(0x80 | ((value >> shift) & 0x3F)); };
  if (value < 0x80) {
    put(value);
  } else if (value < 0x800) {
    put(0xC0 | (value >> 6));
    put_tail(0);
  } else if (value < 0x10000) {
    put(0xE0 | (value >> 12));
    put_tail(6);
    put_tail(0);
  } else {
    put(0xF0 | (value >> 18));
    put_tail(12);
    put_tail(6);
    put_tail(0);
  }
}

}  // namespace hearth
