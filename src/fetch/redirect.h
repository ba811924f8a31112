// Where a redirect leads, and what may go there. Pure.
#pragma once

#include <string_view>

#include "base/result.h"
#include "http/url.h"

namespace hearth::fetch {

inline constexpr int kRedirectsMax = 5;

// Absolute, or relative to `from` (RFC 3986 5.2, without dot segments). kCorrupt for an empty or
// malformed location, one of another scheme, and one that leaves https for http.
Result<http::Url> NextHop(const http::Url& from, std::string_view location);

// The same scheme, host and port: credentials for the one may be sent to the other.
bool SameServer(const http::Url& a, const http::Url& b);

}  // namespace hearth::fetch
