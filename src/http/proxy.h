// Which proxy stands between this process and a server, by the environment's custom. Pure.
#pragma once

#include <optional>
#include <string_view>

#include "base/env.h"
#include "base/result.h"
#include "http/url.h"

namespace hearth::http {

// The proxy for `url`, or none. https: HTTPS_PROXY or https_proxy; http: http_proxy (lower case
// only: a CGI program's HTTP_PROXY is a header of its client); both: ALL_PROXY or all_proxy. The
// lower-case name wins; the first that is set decides, and set to nothing means no proxy. Unix
// sockets have none, nor what NO_PROXY/no_proxy names. kInvalidArgument or kUnsupported, naming the
// variable but not its password, for a proxy that is not an http:// one.
Result<std::optional<Url>> ProxyFor(const Url& url, const Env& env);

// Does the list `no_proxy` (commas or spaces between) name the server? "*": every one;
// "example.com" and ".example.com": it and what ends in ".example.com"; "host:port": only at that
// port; an address: itself; "10.0.0.0/8", "fd00::/8": addresses in that range, for URLs with an
// address in place of a name (names are not looked up). Any case; what is malformed matches
// nothing.
bool IsExcepted(const Url& url, std::string_view no_proxy);

// `http://[user[:password]@]host:port` or `host:port`; user and password, decoded, into
// Url::user_info. For a proxy given by a flag.
Result<Url> ParseProxyUrl(std::string_view text);

}  // namespace hearth::http
