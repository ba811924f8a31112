// Durations as people write them: on the command line and in hearth.toml. Pure.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace hearth {

// The time that `text` says: "250ms", "30s", "2.5m", "1h" or a bare number of seconds, from `least`
// to `most`. Nothing for anything else, nor for a part of a millisecond.
std::optional<std::chrono::milliseconds> ReadDuration(std::string_view text,
                                                      std::chrono::milliseconds least,
                                                      std::chrono::milliseconds most);

// The same from 1 ms to a day. kUsage with what is expected.
Result<std::chrono::milliseconds> ParseDuration(const std::string& text);

// "850ms", "2s", "2.35s", "5m", "1h": the largest unit that needs no fraction, below a minute
// seconds with one. ReadDuration reads it back.
std::string FormatDuration(std::chrono::milliseconds duration);

}  // namespace hearth
