// Cancel: "stop what you are doing", said once, from any thread or from a signal handler, to
// whoever waits in poll. It stays fired.
#pragma once

#include <atomic>
#include <chrono>

#include "base/unique_fd.h"

namespace hearth {

class Cancel {
 public:
  Cancel();  // without a descriptor left for it, fd() is -1: fired() still works
  Cancel(const Cancel&) = delete;
  Cancel& operator=(const Cancel&) = delete;

  void Fire() noexcept;  // any thread; async-signal-safe; errno is kept
  bool fired() const noexcept { return fired_.load(std::memory_order_acquire); }
  int fd() const { return fd_.get(); }  // readable once fired; not to be read from

 private:
  static_assert(std::atomic<bool>::is_always_lock_free);
  std::atomic<bool> fired_ = false;
  UniqueFd fd_;  // an eventfd
};

// Sleeps, or until `cancel` fires: then false.
bool SleepUnless(const Cancel& cancel, std::chrono::milliseconds wait);

}  // namespace hearth
