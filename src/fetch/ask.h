// Small questions to servers (listings, heads), asked again with back-off while that may help.
#pragma once

#include <functional>

#include "base/result.h"
#include "fetch/web.h"

namespace hearth::fetch {

// Calls `ask` until it answers with something else than 408, 429 or 5xx, within the deadline of
// `web` and the tries of retry_wait.h. `ask` makes its request anew each time (a signature has a
// date). The last failure, which names `what`, when it gives up; kCancelled.
using AskOnce = std::function<Result<http::Answer>()>;
Result<http::Answer> AskUntilAnswered(Web* web, std::string_view what, const AskOnce& ask);

// Runs `one(web, i)` for i in [0, count) on up to `threads` threads, each with its own Web. The
// first failure; the others end with what they are at.
Status ForEach(size_t count, int threads, const WebOptions& options,
               const std::function<Status(Web*, size_t)>& one);

}  // namespace hearth::fetch
