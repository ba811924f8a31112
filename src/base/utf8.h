// UTF-8 as RFC 3629 defines it: no overlong forms, no surrogates, nothing above U+10FFFF.
//
// Pure functions; any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace hearth {

inline constexpr char32_t kReplacementCharacter = 0xFFFD;

// The index of the first byte that does not begin or continue a valid sequence; text.size() when
// all is valid.
size_t ValidUtf8Prefix(std::string_view text);

inline bool IsValidUtf8(std::string_view text) { return ValidUtf8Prefix(text) == text.size(); }

struct Scalar {
  char32_t value = 0;
  uint32_t size = 0;  // bytes read, at least 1
};

// The scalar value at text[at]; at < text.size(). A maximal invalid sequence (Unicode 15,
// section 3.9, "substitution of maximal subparts") reads as U+FFFD.
Scalar DecodeUtf8(std::string_view text, size_t at);

// Appends a scalar value: at most 4 bytes.
void AppendUtf8(char32_t value, std::string* out);

}  // namespace hearth
