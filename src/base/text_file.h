// The whole of a small file that nobody else could have made large.
#pragma once

#include <optional>
#include <string>

namespace hearth {

// Absent when it cannot be read.
std::optional<std::string> ReadText(const std::string& path);

}  // namespace hearth
