// Writes one measured value into a person's hearth.toml without touching anything else: comments,
// order and spacing stay.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "base/result.h"

namespace hearth::bench {

// `text` with `start_time = "…"` under [replica]: replaced where it is, added below the [replica]
// line, or both appended. The result is parsed again and must hold everything that was there;
// otherwise, and when `text` is not TOML, kCorrupt or kUnsupported and nothing is to be written.
Result<std::string> SetStartTime(std::string_view text, std::chrono::milliseconds start_time);

// Reads `path` (missing: empty), sets the start time, and replaces the file by rename.
Status WriteStartTime(const std::string& path, std::chrono::milliseconds start_time);

}  // namespace hearth::bench
