// What a byte is on the fast path, where a word is a run of ASCII letters and digits.
#pragma once

#include "text/block.h"
#include "text/wordpiece.h"

namespace hearth::text {

// Values of an AsciiFold below kFirstLetter; the others are letters and digits, in lower case when
// the model has none.
inline constexpr uint8_t kAsciiSpace = 0;
inline constexpr uint8_t kAsciiPunctuation = 1;
inline constexpr uint8_t kNotPlain =
    2;  // control characters, which may be deleted, and bytes above 127
inline constexpr uint8_t kFirstLetter = 3;

// `switches` of a block.
const Fold& AsciiFold(uint32_t switches);

}  // namespace hearth::text
