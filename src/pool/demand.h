// DemandWindow: the recent past that the policy looks at, from samples. Pure, bounded memory: the
// peak is kept per 1/60 of keep_warm, so it may last that much longer than exact; means are over
// the last 10 s.
#pragma once

#include <deque>

#include "pool/policy.h"

namespace hearth::pool {

// What the dispatcher has counted since it began; differences of two give means.
struct Traffic {
  int64_t arrivals = 0;
  int64_t finished = 0;     // slots given back
  double slot_seconds = 0;  // integral of occupied slots over time
  int occupied = 0;         // now
  int occupied_peak = 0;    // highest since the last TakePeak
  int waiting = 0;          // now
};

class DemandWindow {
 public:
  // `watched_since`: a controller that starts with an empty memory says now. `assumed_in_use`: what
  // it takes as the past's peak, so that a pool it has adopted is kept as it is (and stays so in a
  // roll): replicas found minus spare.
  DemandWindow(Duration keep_warm, Time watched_since, int assumed_in_use = 0);

  // When the policy's keep_warm changes: shorter takes effect at once; longer has to be watched.
  void SetKeepWarm(Duration keep_warm);
  // `in_use`: the highest since the last Add, that is InUse(traffic.occupied_peak, slots), or the
  // last decision's in_use when that is more (what a backlog asked for is kept for keep_warm, too).
  // Times never go back. After a gap of more than keep_warm and 10 s (a stopped process) watching
  // begins anew.
  void Add(const Traffic& traffic, int in_use, Time now);
  Demand Get(Time now) const;

 private:
  struct Bucket {
    Time begin, end;  // of the looks in it
    int in_use_peak = 0;
  };
  struct Sample {
    Time at;
    Traffic traffic;
  };

  void AddPeak(int in_use, Time now);
  void AddSample(const Traffic& traffic, Time now);

  Duration keep_warm_;
  Time watched_since_;
  Time last_add_;
  double recent_slot_seconds_ = 0;  // of about the last 50 requests that finished
  double recent_finished_ = 0;
  std::deque<Bucket> buckets_;  // over keep_warm
  std::deque<Sample> samples_;  // over the last seconds, for the means
};

}  // namespace hearth::pool
