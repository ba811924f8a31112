// Sizes as hearth.toml writes them. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace hearth::config {

// Bytes of "2GiB", "512MiB", "1.5GB", "64kB", "100B" or a bare number; nothing for anything else
// and for more than 2^53.
std::optional<int64_t> ReadSize(std::string_view text);

// "2GiB", "256KiB", "2MB", "1000001B": the shortest that is exact. ReadSize reads it back.
std::string FormatSize(int64_t bytes);

}  // namespace hearth::config
