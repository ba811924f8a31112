// EventLoop: one thread that waits for descriptors, timers and messages of other threads, and never
// blocks on anything else. Linux epoll, level-triggered.
//
// Everything runs on the thread that calls Run, except Post and Stop, which any thread may call. A
// watcher or timer may be forgotten from inside any callback, its own too: it is not called again,
// also when the kernel had already reported it in the same turn. What a callback throws stops at a
// fence that logs nothing and goes on: callbacks must not throw.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>

#include "base/result.h"

namespace hearth {

class EventLoop {
 public:
  using Clock = std::chrono::steady_clock;

  // Whoever is told about a descriptor.
  class Watcher {
   public:
    virtual void OnEvents(uint32_t events) = 0;  // EPOLLIN, EPOLLOUT, EPOLLHUP, EPOLLERR, …

   protected:
    ~Watcher() = default;
  };

  // A timer that has not come yet; 0 is none.
  enum class TimerId : uint64_t { kNone = 0 };

  static Result<std::unique_ptr<EventLoop>> Create();  // kIo: no descriptor left
  ~EventLoop();

  // `watcher` outlives the watch. One watcher per descriptor. Watch fails (kIo) when the kernel has
  // no room; Change and Forget are of a descriptor that is watched and still open.
  Status Watch(int fd, uint32_t events, Watcher* watcher);
  void Change(int fd, uint32_t events, Watcher* watcher);
  void Forget(int fd, Watcher* watcher);  // before the descriptor is closed

  TimerId At(Clock::time_point when, std::function<void()> call);
  TimerId After(Clock::duration delay, std::function<void()> call) {
    return At(now() + delay, std::move(call));
  }
  void Cancel(TimerId timer);  // kNone and one that has fired: nothing happens

  // When this turn of the loop began (cheap; right to within a turn). Outside Run: the clock.
  Clock::time_point now() const;

  void Run();                             // until Stop
  void Stop();                            // any thread: Run returns after the turn
  void Post(std::function<void()> call);  // any thread: called in a later turn, in order

 private:
  struct Impl;
  explicit EventLoop(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace hearth
