// Opening the socket of a client. Plain POSIX.
#pragma once

#include <chrono>
#include <string>

#include "base/result.h"
#include "base/unique_fd.h"
#include "http/url.h"

namespace hearth::http {

// Starts to connect: the descriptor is non-blocking and may still be connecting (it becomes
// writable when that has ended; ConnectOutcome then says how). A name that needs a look-up blocks
// for it. kIo, naming the URL.
Result<UniqueFd> StartConnect(const Url& url);
Status ConnectOutcome(const Url& url, int fd);

// Waits until `fd` has one of poll's `events`, or an error. kDeadlineExceeded at `deadline`.
Status WaitFor(int fd, short events, std::chrono::steady_clock::time_point deadline);

}  // namespace hearth::http
