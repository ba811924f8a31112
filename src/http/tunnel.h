// Reaching a server through a proxy's CONNECT.
#pragma once

#include <string>

#include "base/result.h"
#include "http/byte_stream.h"
#include "http/url.h"

namespace hearth::http {

// Asks the proxy behind the connected socket `fd` for a way to `url`'s host and port; after it the
// socket speaks with the server. kUnauthorized (407), kUnavailable (5xx and other refusals),
// kCorrupt, kIo, kDeadlineExceeded, kCancelled; messages name the proxy, never its password.
Status OpenTunnel(int fd, const Url& proxy, const Url& url, const Patience& patience);

// The value of Proxy-Authorization for the proxy's user_info; empty when it has none.
std::string ProxyAuthorization(const Url& proxy);

}  // namespace hearth::http
