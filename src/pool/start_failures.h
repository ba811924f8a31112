// StartFailures: how many starts have failed since one succeeded: what the policy's back-off
// counts. Pure.
//
// A replica that gets ready and exits by itself within seconds, again and again, is a crash loop
// too: beyond the first two such exits each one counts as a start that failed, until a replica
// lasts.
#pragma once

#include <chrono>

#include "pool/policy.h"

namespace hearth::pool {

class StartFailures {
 public:
  static constexpr Duration kLasting = std::chrono::seconds(5);
  static constexpr int kEarlyExitsFree = 2;

  void OnFailed(Time now) {
    ++count_;
    last_ = now;
  }
  void OnReady() { count_ = 0; }
  // A replica that was ready for `ready_for` has exited by itself.
  void OnExit(Duration ready_for, Time now) {
    if (ready_for >= kLasting) return;
    last_exit_ = now;
    ++early_exits_;
    if (early_exits_ <= kEarlyExitsFree) return;
    count_ = early_exits_ - kEarlyExitsFree;
    last_ = now;
  }
  // Of any replica that is ready: only one that came after the last such exit proves something.
  void OnReadySince(Time ready_at, Time now) {
    if (ready_at > last_exit_ && now - ready_at >= kLasting) early_exits_ = 0;
  }
  void Reset() { *this = StartFailures(); }

  int count() const { return count_; }
  Time last() const { return last_; }

 private:
  int count_ = 0;
  int early_exits_ = 0;
  Time last_{};
  Time last_exit_{};  // of the early ones
};

}  // namespace hearth::pool
