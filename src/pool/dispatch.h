// Dispatcher: which replica gets which request, and who waits. Late binding: a request is bound to
// a replica only when that one has a free slot; until then it is held here, bounded in number and
// time. Pure (no clock, no I/O): the gateway and the simulator use the same. One thread. `now`
// never goes back.
//
// Order: least outstanding first; among equals the one that was used last, that is, got a slot
// taken or given back (it is warmest, and what is idle stays idle so that it can be retired). Held
// requests go first come, first served.
//
// Cost: Admit, Bind and Release take constant time, holding and Leave the logarithm of the number
// held, whatever the number of replicas.
#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <map>
#include <optional>
#include <unordered_map>
#include <vector>

#include "pool/demand.h"
#include "pool/replica.h"
#include "pool/slot_order.h"

namespace hearth::pool {

// Of a request at the gateway; counts up from 1, never used again by one process.
enum class RequestId : uint64_t {};

struct Binding {
  RequestId request{};
  ReplicaId replica;
};

class Dispatcher {
 public:
  struct Limits {
    int hold_requests = 256;
  };
  enum class Outcome { kBound, kHeld, kRefused };
  struct Admission {
    Outcome outcome = Outcome::kRefused;
    ReplicaId replica;  // kBound
  };

  explicit Dispatcher(Limits limits) : limits_(limits) {}
  Dispatcher(const Dispatcher&) = delete;
  Dispatcher& operator=(const Dispatcher&) = delete;

  // Replicas. Binding of held requests follows from what changes: call Bind() after each of these,
  // and after Release. What names one that is not known does nothing.
  //
  // Ready. One that is known already gets `slots` and is readmitted; from draining there is no way
  // back.
  void Add(ReplicaId replica, int slots, Time now);
  void SetSlots(ReplicaId replica, int slots);  // fewer than are busy: the rest is worked off
  // Slots of an adopted replica that are taken by requests not known here: busy on top of what is
  // bound, at most up to its slots, until they are set back.
  void SetOccupied(ReplicaId replica, int occupied, Time now);
  // Gets nothing while there is another that may get requests (ready() > 0), even if that one is
  // busy now. When all are ejected, all may get requests.
  void Eject(ReplicaId replica);
  void Readmit(ReplicaId replica);
  void Drain(ReplicaId replica);  // gets nothing more, keeps what it has
  void Remove(ReplicaId replica,
              Time now);  // its slots are gone with it; a late Release is harmless

  // A request asks for a slot; it is not held yet. `hold_until`: when waiting ends; `avoid`: where
  // it has just failed (taken all the same when no other slot is free). A retry does not queue
  // behind newcomers and does not count as an arrival: `first`.
  struct Ask {
    RequestId request{};
    Time hold_until;
    std::optional<ReplicaId> avoid;
    bool first = false;
  };
  Admission Admit(const Ask& ask, Time now);
  // The next held request that can be bound now, if there is one: call until it returns none. Never
  // one whose hold_until has come: that one waits for Expire.
  std::optional<Binding> Bind(Time now);
  void Release(ReplicaId replica, Time now);  // a slot is free again
  bool Leave(RequestId request);              // a held one gives up; false: not held
  // Held ones whose hold_until has come: now let go, the earliest first.
  std::vector<RequestId> Expire(Time now);
  std::optional<Time> next_expiry() const;

  int busy(ReplicaId replica) const;  // 0 for one that is not known
  Time idle_since(ReplicaId replica) const;
  int ready() const { return ready_; }  // replicas that may get requests, not ejected
  Traffic traffic(Time now) const;      // counted since construction
  int TakeOccupiedPeak();               // since the last call

 private:
  struct Held;
  using Queue = std::list<Held>;
  using Expiries = std::multimap<Time, Queue::iterator>;
  struct Held {
    RequestId request{};
    std::optional<ReplicaId> avoid;
    Queue* queue = nullptr;  // in which it is
    Expiries::iterator expiry;
  };

  SlotReplica* Find(ReplicaId id);
  // Every change of a replica goes through here: `change` gets it while it is in no order.
  template <typename Function>
  void Change(SlotReplica* replica, Function change);
  SlotReplica* Pick(const std::optional<ReplicaId>& avoid);
  void TakeSlot(SlotReplica* replica, Time now);
  void Count(Time now);  // before occupied_ changes
  void Hold(const Ask& ask);
  RequestId LetGo(Queue::iterator held);
  void SetOverdueAside(Queue* queue, Time now);

  Limits limits_;
  std::unordered_map<uint64_t, SlotReplica> replicas_;  // their addresses stay
  SlotOrder healthy_;
  SlotOrder ejected_;
  int ready_ = 0;
  uint64_t uses_ = 0;

  Queue retries_;  // before newcomers_; each in the order in which they came
  Queue newcomers_;
  Queue overdue_;  // found past hold_until by Bind, not yet let go
  std::unordered_map<uint64_t, Queue::iterator> held_;  // of all three queues
  Expiries expiries_;                                   // of all three queues

  int64_t arrivals_ = 0;
  int64_t finished_ = 0;
  int occupied_ = 0;
  int occupied_peak_ = 0;
  double slot_nanoseconds_ = 0;  // whole numbers, hence exact up to 2^53: 104 days of one slot
  Time counted_at_{};
};

}  // namespace hearth::pool
