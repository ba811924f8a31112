// AsyncGet: one GET on an event loop, for health checks: connects, asks, reads a short answer,
// closes. Never blocks (the URL is an address or a unix socket, not a name). Loop thread only.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/event_loop.h"
#include "base/result.h"
#include "http/client.h"
#include "http/url.h"

namespace hearth::http {

// `done` is called once, in a later turn, with the answer (any status; at most 64 KiB of body) or
// kIo (refused, reset, not HTTP) or kDeadlineExceeded. Destroying the object forgets the question:
// `done` is not called. It may be destroyed from inside `done`.
class AsyncGet {
 public:
  AsyncGet(EventLoop& loop, const Url& url, EventLoop::Clock::time_point deadline,
           std::function<void(Result<Answer>)> done);
  ~AsyncGet();

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace hearth::http
