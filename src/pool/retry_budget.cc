#include "pool/retry_budget.h"

#include <algorithm>

namespace hearth::pool {

bool RetryBudget::TryTake(int in_flight) {
  // A hair more, so that a share such as 0.29 of 100 is 29 and not 28.999….
  const double share = share_ * in_flight + 1e-9;
  if (taken_ >= std::max(at_least_, static_cast<int>(share))) return false;
  ++taken_;
  return true;
}

void RetryBudget::GiveBack() { taken_ = std::max(taken_ - 1, 0); }

}  // namespace hearth::pool
