// RetryBudget: how many attempts beyond the first may be under way at once, as a share of all
// requests in flight (Envoy's rule: 20 %, at least 3). A bound on the whole gateway: what makes
// overload worse is many requests retrying, not one retrying often. Pure; one thread.
#pragma once

namespace hearth::pool {

class RetryBudget {
 public:
  RetryBudget(double share, int at_least) : share_(share), at_least_(at_least) {}

  // Takes one when `in_flight` requests allow it; give it back when the attempt has ended.
  bool TryTake(int in_flight);
  void GiveBack();
  int taken() const { return taken_; }

 private:
  double share_;
  int at_least_;
  int taken_ = 0;
};

}  // namespace hearth::pool
