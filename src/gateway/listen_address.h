// Where to listen, as hearth.toml and the command line write it. Pure.
#pragma once

#include <string_view>

#include "base/result.h"
#include "http/server.h"

namespace hearth::gateway {

// "127.0.0.1:8000", "[::1]:8000", ":8000" (all addresses) or "unix:/path"; port 0 lets the kernel
// choose. kInvalidArgument for anything else.
Result<http::Listen> ParseListen(std::string_view text);

}  // namespace hearth::gateway
