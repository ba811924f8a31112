// Truncation, before the template is put around the tokens.
#pragma once

#include <cstddef>

#include "text/tokenizer.h"

namespace hearth::text {

struct PairLengths {
  size_t first = 0;
  size_t second = 0;
};

// LongestFirst of the oracle: the longer one is cut until both fit or are equal; then each has
// half, and of an odd `max` the longer one gets the odd token.
PairLengths LongestFirst(PairLengths lengths, size_t max);

// Keeps `keep` of the tokens [begin, end) of `encoding`, dropping those on `side`.
void KeepTokens(size_t begin, size_t end, size_t keep, TruncationSide side, Encoding* encoding);

}  // namespace hearth::text
