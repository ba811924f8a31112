// Times on the command line.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "base/result.h"

namespace hearth::cli {

// The time that `text` says: "250ms", "30s", "2m", a bare number of seconds and, with `hours`,
// "1h"; from 1 ms to `most`. Nothing for anything else.
std::optional<std::chrono::milliseconds> ReadDuration(const std::string& text,
                                                      std::chrono::milliseconds most, bool hours);

// "250ms", "30s", "2m", or a bare number of seconds; from 1 ms to a day. kUsage with what is
// expected.
Result<std::chrono::milliseconds> ParseDuration(const std::string& text);

}  // namespace hearth::cli
