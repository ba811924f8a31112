// SignalWatch: SIGINT and SIGTERM as calls on an event loop. Loop thread.
#pragma once

#include <functional>
#include <memory>

#include "base/event_loop.h"
#include "base/result.h"
#include "base/unique_fd.h"

namespace hearth::cli {

// Keeps both from ending the process; threads started later inherit that, so before any starts.
// SIGPIPE is ignored: a connection that is gone is an error like others.
void HoldSignals();

class SignalWatch final : private EventLoop::Watcher {
 public:
  // HoldSignals has been called. `loop` outlives the watch.
  static Result<std::unique_ptr<SignalWatch>> Open(EventLoop& loop,
                                                   std::function<void(int signal)> on_signal);
  ~SignalWatch();
  SignalWatch(const SignalWatch&) = delete;
  SignalWatch& operator=(const SignalWatch&) = delete;

 private:
  SignalWatch(EventLoop& loop, UniqueFd fd, std::function<void(int)> on_signal);
  void OnEvents(uint32_t events) override;

  EventLoop& loop_;
  UniqueFd fd_;
  std::function<void(int)> on_signal_;
};

}  // namespace hearth::cli
