// A TOML table as JSON, for what is handed on as it is.
#pragma once

#include <string>

#include "base/result.h"
#include "config/toml_parser.h"

namespace hearth::config {

// kInvalidArgument ("must …") for what JSON has not: dates, times, infinity, NaN; and NUL in texts.
Result<std::string> JsonOf(const toml::table& table);

}  // namespace hearth::config
