// Times on the command line.
#pragma once

#include <chrono>
#include <string>

#include "base/result.h"

namespace hearth::cli {

// "250ms", "30s", "2m", or a bare number of seconds; from 1 ms to a day. kUsage with what is
// expected.
Result<std::chrono::milliseconds> ParseDuration(const std::string& text);

}  // namespace hearth::cli
