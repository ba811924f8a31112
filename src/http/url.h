// Where a server is: `http[s]://host[:port][/path][?query]` or `unix:/path/of.sock`.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace hearth::http {

struct Url {
  bool tls = false;          // https
  std::string host;          // without the brackets of an IPv6 address; empty for a unix socket
  uint16_t port = 80;        // ParseUrl: 443 for https
  std::string unix_path;     // non-empty: a unix socket
  std::string target = "/";  // path and query as sent on the request line
  std::string user_info;     // "user:password" of a proxy (proxy.h); never printed

  // The Host header, without the scheme's own port: "127.0.0.1:8000", "[::1]", "localhost" (unix).
  std::string Authority() const;
  std::string HostAndPort() const;  // with the port always, as CONNECT needs it
  std::string Origin() const;       // "https://host:8443", "unix:/run/x.sock": fit for a message
  std::string ToString() const;     // "http://127.0.0.1:8000/health", "unix:/run/x.sock"
};

// kInvalidArgument for what is not a URL (naming it and what is expected), kUnsupported for another
// scheme, user names and fragments. `host:port` and `:port` without a scheme are taken
// as http.
Result<Url> ParseUrl(std::string_view text);

}  // namespace hearth::http
