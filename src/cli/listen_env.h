// Where `hearth serve` listens when only the environment says so. `hearth probe` asks there, so
// that the health check of an image follows the variables of its container. Pure.
#pragma once

#include <string>

#include "base/env.h"
#include "base/result.h"
#include "http/url.h"

namespace hearth::cli {

// TEI's HOSTNAME, only where it is an address (or localhost): container runtimes and shells set it
// to the machine's name, and listening on that would leave out the loopback address that health
// checks ask. Empty otherwise.
std::string HostFromTei(const Env& env);

// The server that UDS_PATH, else HEARTH_HOST or HOSTNAME and PORT describe, with serve's defaults,
// as seen from the same machine: an address that means "all" becomes loopback. kUsage naming PORT
// when it is no port.
Result<http::Url> WhereServeListens(const Env& env);

// 127.0.0.1 for 0.0.0.0, ::1 for ::, any other host as it is.
std::string ReachableHost(const std::string& host);

}  // namespace hearth::cli
