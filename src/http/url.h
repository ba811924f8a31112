// Where a server is: `http://host[:port][/path][?query]` or `unix:/path/of.sock`.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace hearth::http {

struct Url {
  std::string host;  // without the brackets of an IPv6 address; empty for a unix socket
  uint16_t port = 80;
  std::string unix_path;     // non-empty: a unix socket
  std::string target = "/";  // path and query as sent on the request line

  std::string Authority()
      const;  // the Host header: "127.0.0.1:8000", "[::1]:80", "localhost" (unix)
  std::string ToString() const;  // "http://127.0.0.1:8000/health", "unix:/run/x.sock"
};

// kInvalidArgument for what is not a URL (naming it and what is expected), kUnsupported for another
// scheme (https too), user names and fragments. `host:port` and `:port` without a scheme are taken
// as http.
Result<Url> ParseUrl(std::string_view text);

}  // namespace hearth::http
