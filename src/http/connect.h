// Opening the socket of a client. Plain POSIX.
#pragma once

#include "base/result.h"
#include "base/unique_fd.h"
#include "http/byte_stream.h"
#include "http/url.h"

namespace hearth::http {

// Connects: the addresses of a name one after the other, each with its share of the time.
// Non-blocking descriptor. kIo, kDeadlineExceeded (naming the URL), kCancelled. What speaks TLS is
// not its business.
Result<UniqueFd> Connect(const Url& url, const Patience& patience);

// For a client that waits for many at once: starts to connect, and the descriptor may still be
// connecting (it becomes writable when that has ended; ConnectOutcome then says how). Only the
// first address of a name is tried, IPv4 before IPv6, and a name that needs a look-up blocks for
// it. kIo, naming the URL; kUnsupported for https.
Result<UniqueFd> StartConnect(const Url& url);
Status ConnectOutcome(const Url& url, int fd);

}  // namespace hearth::http
