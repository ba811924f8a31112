#include "pool/roll.h"

#include <fmt/format.h>

#include <utility>

namespace hearth::pool {

void Roll::Begin(std::string from, std::string to) {
  *this = Roll();
  state_ = RollState::kRolling;
  from_ = std::move(from);
  to_ = std::move(to);
}

void Roll::Skip(std::string version) {
  *this = Roll();
  state_ = RollState::kDone;
  from_ = version;
  to_ = std::move(version);
}

bool Roll::OnStartFailed(EndReason reason, std::string_view words) {
  if (!on()) return false;
  ++failures_;
  if (reason != EndReason::kNeverReady && failures_ < kFailuresMax) return false;
  why_ = words;
  state_ = RollState::kFailed;
  return true;
}

bool Roll::OnCount(int old_left, int new_ready) {
  if (!on()) return false;
  old_left_ = old_left;
  new_ready_ = new_ready;
  if (old_left > 0 || new_ready == 0) return false;
  state_ = RollState::kDone;
  return true;
}

std::string Roll::Words() const {
  switch (state_) {
    case RollState::kNone:
    case RollState::kPreparing:
      return "";
    case RollState::kRolling:
      return fmt::format("rolling from {} to {}: {} new ready, {} old left", from_, to_, new_ready_,
                         old_left_);
    case RollState::kDone:
      if (from_ == to_) return fmt::format("done: {} runs already", to_);
      return fmt::format("done: {} has replaced {}", to_, from_);
    case RollState::kFailed:
      return fmt::format("stopped: {} never got ready ({}); back to {}", to_, why_, from_);
  }
  return "";
}

}  // namespace hearth::pool
