// What a batcher takes at most; --help of `hearth serve` says what each is for.
#pragma once

#include <cstdint>

namespace hearth::serve {

struct BatcherLimits {
  int64_t requests_max = 512;
  int64_t queued_texts_max = 4096;
  int64_t queued_tokens_max = 1'048'576;
  int64_t forward_tokens_least = 32;
  int64_t forward_tokens_most = 128;
};

}  // namespace hearth::serve
