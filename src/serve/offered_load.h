// OfferedLoad: how many replicas a replica's clients would keep busy, as an integral over slots of
// time that follow each other without a gap:
//
//   (slot-seconds in use + waiting-seconds + refused requests × mean service time)
//     ÷ (length × slots)
//
// Requests in hand are in use up to the replica's slots and wait beyond. It is exact: it changes
// with each arrival and each end, and is never sampled. With every slot in use it goes on growing
// with what waits and what is refused. Pure: now is an argument.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <vector>

#include "serve/batch_policy.h"

namespace hearth::serve {

class OfferedLoad {
 public:
  struct Closed {
    Clock::time_point begin;
    double load = 0;
  };

  // The first slot began at `begin`, which may be past.
  OfferedLoad(Clock::time_point begin, Clock::duration length) : begin_(begin), length_(length) {}

  // How many requests at a time the replica works on (≥ 1); 1 until it is known.
  void SetSlots(Clock::time_point now, int slots);

  // Times may step back a little, as those of threads do: what happened before the newest time
  // counts as happening then.
  void Arrive(Clock::time_point now);
  // `served` requests had their answer, `others` were given up: they say nothing of how long
  // service takes. All of them arrived before.
  void Leave(Clock::time_point now, int64_t served, int64_t others = 0);
  void Refuse(Clock::time_point now, int64_t requests);

  // Slots that have ended since the last call, oldest first; at most the last kKept.
  std::vector<Closed> TakeClosed(Clock::time_point now);

  static constexpr size_t kKept = 60;

 private:
  struct Parts {
    double in_use = 0, waiting = 0;  // seconds
    int64_t refused = 0, served = 0;
  };

  void Advance(Clock::time_point now);
  void Integrate(Clock::time_point until);
  void CloseSlot();
  double ServiceSeconds();

  Clock::time_point begin_;  // of the slot under way
  Clock::duration length_;
  Clock::time_point counted_until_ = begin_;
  int64_t slots_ = 1;
  int64_t in_hand_ = 0;
  Parts now_;
  std::deque<Parts> before_;  // the last few slots: what the mean service time is taken from
  double service_seconds_ = 0;
  std::deque<Closed> closed_;
};

}  // namespace hearth::serve
