// One value of the TOML tree into its place.
#pragma once

#include <optional>
#include <string>

#include "config/keys.h"
#include "config/toml_parser.h"

namespace hearth::config {

// What is wrong with it, "must be …"; nothing when it was set.
std::optional<std::string> SetValue(const toml::node& node, const KeyFacts& facts,
                                    const Target& target);

// The value for a message, in one line of at most some 60 bytes: "\"2 GiB\"", "-1", "a list".
std::string Shown(const toml::node& node);
// A text in quotes, cut.
std::string Shown(std::string_view text);

}  // namespace hearth::config
