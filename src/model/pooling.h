// From token vectors to one vector per text, as sentence-transformers' Pooling module does it (f32
// sums).
#pragma once

#include <cstddef>
#include <span>

#include "model/model.h"

namespace hearth::model {

// `tokens`: `length` ≥ 1 rows of out.size() floats, `stride` floats apart. Writes all of `out`.
void Pool(Pooling pooling, const float* tokens, ptrdiff_t stride, int length, std::span<float> out);

}  // namespace hearth::model
