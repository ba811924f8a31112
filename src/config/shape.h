// Whether a text can be handed to the TOML parser at all: it takes its depth on the stack, and so
// does the tree that it makes.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "config/problem.h"

namespace hearth::config {

inline constexpr size_t kFileBytesMax = size_t{1} << 20;

// The first thing that is in the way: too large, a NUL byte, not UTF-8, nested or dotted too deep.
std::optional<Problem> ShapeProblem(std::string_view text);

}  // namespace hearth::config
