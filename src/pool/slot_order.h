// SlotOrder: the replicas that have a free slot, in the order in which they are picked: least
// loaded first; among equals the one that was used last. A part of the Dispatcher.
//
// One list per load, each sorted by last use; a replica moves between neighbouring lists when a
// slot is taken or given back, and is then the one used last: insertion and the pick take constant
// time (amortised), whatever the number of replicas.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "pool/policy.h"

namespace hearth::pool {

// A replica to the Dispatcher, which owns it; `prev`, `next` and `listed_at` are SlotOrder's.
struct SlotReplica {
  ReplicaId id;
  int slots = 1;
  int bound = 0;  // slots held by requests of the Dispatcher
  int extra = 0;  // and by requests that it does not know
  bool ejected = false;
  bool draining = false;
  Time idle_since;
  uint64_t last_used = 0;  // 0: never

  SlotReplica* prev = nullptr;
  SlotReplica* next = nullptr;
  int listed_at = -1;  // the load under which it is listed; -1: it is not

  int load() const { return bound + extra; }
  bool has_free_slot() const { return load() < slots; }
};

class SlotOrder {
 public:
  void Insert(SlotReplica* replica);  // not listed so far; under its load
  void Remove(SlotReplica* replica);  // listed here
  // The best that is not `avoid`, or else `avoid`, or null when nothing is listed.
  SlotReplica* First(const std::optional<ReplicaId>& avoid);

 private:
  std::vector<SlotReplica*> lists_;  // by load
  size_t lowest_ = 0;                // no list below it has an entry
};

}  // namespace hearth::pool
