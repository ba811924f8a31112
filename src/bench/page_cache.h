// Puts files into the page cache, or out of it, just before a measurement. Never trust that a file
// "was read a while ago": idle pages may have been evicted.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"

namespace hearth::bench {

enum class CacheState { kWarm, kCold, kKeep };

Result<CacheState> ParseCacheState(std::string_view name);  // "warm", "cold", "keep"
std::string_view NameOf(CacheState state);

// Applies `state` to each path: a file, or a folder with all that is in it. Warm reads every byte;
// cold writes dirty pages out and asks the kernel to drop the rest (pages that a running process
// maps stay). kIo names a path that is not there.
Status SetCacheState(CacheState state, const std::vector<std::string>& paths);

// The share of the file's pages that are in the cache, 0 … 1.
Result<double> CachedShare(const std::string& file);

// The existing files that a command names: its program, looked up in PATH, and every word (or what
// follows its '=') that is a path of a file or folder.
std::vector<std::string> FilesOfCommand(const std::vector<std::string>& command);

}  // namespace hearth::bench
