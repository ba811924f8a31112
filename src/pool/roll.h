// Roll: where a rolling update stands, and when it has failed. Pure. The replacing itself is
// Reconcile's, which sees old and new replicas.
//
// A roll is stopped, and the version before it is current again, when two starts of the new version
// in a row fail, or one is not ready within its start_timeout. It is done when the last old replica
// drains and a new one is ready.
#pragma once

#include <string>
#include <string_view>

#include "pool/replica.h"

namespace hearth::pool {

// Of the last roll. kPreparing (the new model is being brought) is set by whoever calls Roll.
enum class RollState {
  kNone,
  kPreparing,
  kRolling,
  kDone,
  kFailed,  // the pool runs, or goes back to, what it ran before
};

class Roll {
 public:
  static constexpr int kFailuresMax = 2;

  void Begin(std::string from, std::string to);
  // Asked to roll to what runs already: done at once.
  void Skip(std::string version);
  // For a roll that turned out to be none: nothing of the old version runs.
  void Forget() { *this = Roll(); }

  RollState state() const { return state_; }
  bool on() const { return state_ == RollState::kRolling; }
  const std::string& from() const { return from_; }
  const std::string& to() const { return to_; }

  // Of replicas of the new version, while the roll is on.
  void OnReady() { failures_ = 0; }
  // True: the roll is over; `from` is to be current again.
  bool OnStartFailed(EndReason reason, std::string_view words);
  // `old_left`: old replicas that start or are ready. True, once: the roll is done.
  bool OnCount(int old_left, int new_ready);

  // For people: empty, or what it is doing, or how the last one ended.
  std::string Words() const;

 private:
  RollState state_ = RollState::kNone;
  std::string from_;
  std::string to_;
  std::string why_;   // of a roll that was stopped
  int failures_ = 0;  // in a row
  int old_left_ = 0;
  int new_ready_ = 0;
};

}  // namespace hearth::pool
