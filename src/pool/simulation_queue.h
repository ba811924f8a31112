// What is due when, in a simulation: a heap of plain values. Equal times come in the order in which
// they were added, so that a run can be repeated.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "pool/policy.h"

namespace hearth::pool {

struct Due {
  enum class Kind : uint8_t {
    kFinish,          // request, attempt
    kAttemptTimeout,  // request, attempt
    kExpiry,
    kTick,
    kLook,
    kReady,    // replica
    kExit,     // replica
    kDeath,    // replica
    kHang,     // replica
    kRecover,  // replica
    kCheck,    // replica
    kScript,
  };
  Time at;
  uint64_t order = 0;
  uint64_t id = 0;  // request or replica
  Kind kind = Kind::kTick;
  uint8_t attempt = 0;
};

class DueQueue {
 public:
  void Push(Time at, Due::Kind kind, uint64_t id = 0, uint8_t attempt = 0) {
    heap_.push_back({at, ++order_, id, kind, attempt});
    std::push_heap(heap_.begin(), heap_.end(), Later);
  }
  bool empty() const { return heap_.empty(); }
  const Due& next() const { return heap_.front(); }
  Due Pop() {
    std::pop_heap(heap_.begin(), heap_.end(), Later);
    const Due due = heap_.back();
    heap_.pop_back();
    return due;
  }

 private:
  static bool Later(const Due& a, const Due& b) {
    return a.at != b.at ? a.at > b.at : a.order > b.order;
  }

  std::vector<Due> heap_;
  uint64_t order_ = 0;
};

}  // namespace hearth::pool
