// Points in time as AWS writes them in its answers. Pure.
#pragma once

#include <chrono>
#include <optional>
#include <string_view>

namespace hearth::aws {

// "2026-11-25T12:00:00Z", with a fraction, with "+01:00" in place of "Z"; without either it is UTC.
// nullopt for anything else.
std::optional<std::chrono::system_clock::time_point> ParseIsoTime(std::string_view text);

}  // namespace hearth::aws
