// The request target: what stands between the method and `HTTP/1.1`.
//
// Accepted: origin form (`/path?query`) and absolute form (`http://host/path?query`, the host is
// ignored: Host decides). The path is percent-decoded once and otherwise left alone: `//`, `/./`
// and `/../` have no meaning here, a route matches the whole path byte by byte, so `/a/../embed` is
// simply a path that no route has. `%2F` becomes `/`. A `+` stays a `+`. Refused: `%` without two
// hex digits, `%00`, `#`, `*`, and the authority form of CONNECT.
#pragma once

#include <string>
#include <string_view>

namespace hearth::http {

// Returns null, or in words why `target` is refused (a literal).
const char* SplitTarget(std::string_view target, std::string* path, std::string* query);

// `target`, which SplitTarget has taken, as it is to be asked of a server behind a gateway: path
// and query byte by byte, without scheme and host.
std::string OriginForm(std::string_view target);

}  // namespace hearth::http
