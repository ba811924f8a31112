// What `hearth ecs init` writes: an [ecs] section with placeholders and a word on each key. Pure.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace hearth::ecs {

// `region` may be empty: a placeholder stands for it.
std::string EcsSection(std::string_view region);

// Has the file's text an [ecs] already, also one that does not parse?
bool HasEcs(std::string_view toml);

// `toml` (empty: a new file) with `section` at its end. kUnprocessable: it has an [ecs] already;
// what is there is never written over.
Result<std::string> WithEcs(std::string_view toml, std::string_view section,
                            const std::string& name);

}  // namespace hearth::ecs
