#include "pool/dispatch.h"

#include <algorithm>
#include <cassert>
#include <utility>

namespace hearth::pool {

namespace {

uint64_t Key(RequestId request) { return static_cast<uint64_t>(request); }

bool CountsAsReady(const SlotReplica& replica) { return !replica.ejected && !replica.draining; }

}  // namespace

// --- Replicas

SlotReplica* Dispatcher::Find(ReplicaId id) {
  const auto found = replicas_.find(id.value);
  return found == replicas_.end() ? nullptr : &found->second;
}

template <typename Function>
void Dispatcher::Change(SlotReplica* replica, Function change) {
  if (replica->listed_at >= 0) (replica->ejected ? ejected_ : healthy_).Remove(replica);
  ready_ -= CountsAsReady(*replica) ? 1 : 0;
  change(*replica);
  ready_ += CountsAsReady(*replica) ? 1 : 0;
  if (!replica->draining && replica->has_free_slot()) {
    (replica->ejected ? ejected_ : healthy_).Insert(replica);
  }
}

void Dispatcher::Add(ReplicaId replica, int slots, Time now) {
  const auto [entry, is_new] = replicas_.try_emplace(replica.value);
  SlotReplica* const added = &entry->second;
  if (is_new) {
    added->id = replica;
    added->idle_since = now;
    added->draining = true;  // Change counts it from when it is not
  } else if (added->draining) {
    return SetSlots(replica, slots);
  }
  Change(added, [slots](SlotReplica& to) {
    to.slots = std::max(slots, 1);
    to.ejected = to.draining = false;
  });
}

void Dispatcher::SetSlots(ReplicaId replica, int slots) {
  if (SlotReplica* const found = Find(replica)) {
    Change(found, [slots](SlotReplica& to) { to.slots = std::max(slots, 1); });
  }
}

void Dispatcher::SetOccupied(ReplicaId replica, int occupied, Time now) {
  SlotReplica* const found = Find(replica);
  if (found == nullptr) return;
  Count(now);
  const int before = found->load();
  Change(found, [occupied](SlotReplica& to) {
    to.extra = std::clamp(occupied, 0, std::max(to.slots - to.bound, 0));
  });
  occupied_ += found->load() - before;
  occupied_peak_ = std::max(occupied_peak_, occupied_);
  if (before > 0 && found->load() == 0) found->idle_since = now;
}

void Dispatcher::Eject(ReplicaId replica) {
  if (SlotReplica* const found = Find(replica)) {
    Change(found, [](SlotReplica& to) { to.ejected = true; });
  }
}

void Dispatcher::Readmit(ReplicaId replica) {
  if (SlotReplica* const found = Find(replica)) {
    Change(found, [](SlotReplica& to) { to.ejected = false; });
  }
}

void Dispatcher::Drain(ReplicaId replica) {
  if (SlotReplica* const found = Find(replica)) {
    Change(found, [](SlotReplica& to) { to.draining = true; });
  }
}

void Dispatcher::Remove(ReplicaId replica, Time now) {
  SlotReplica* const found = Find(replica);
  if (found == nullptr) return;
  Count(now);
  Change(found, [](SlotReplica& to) { to.draining = true; });
  occupied_ -= found->load();
  finished_ += found->bound;
  replicas_.erase(replica.value);
}

// --- Requests

SlotReplica* Dispatcher::Pick(const std::optional<ReplicaId>& avoid) {
  return (ready_ > 0 ? healthy_ : ejected_).First(avoid);
}

Dispatcher::Admission Dispatcher::Admit(const Ask& ask, Time now) {
  if (!ask.first) ++arrivals_;
  // Who comes while others wait goes behind them, even if a slot is free that Bind has not given
  // out yet.
  const bool must_wait = !retries_.empty() || (!ask.first && !newcomers_.empty());
  if (SlotReplica* const free = must_wait ? nullptr : Pick(ask.avoid)) {
    TakeSlot(free, now);
    return {.outcome = Outcome::kBound, .replica = free->id};
  }
  if (held_.size() >= static_cast<size_t>(std::max(limits_.hold_requests, 0))) return {};
  Hold(ask);
  return {.outcome = Outcome::kHeld, .replica = {}};
}

std::optional<Binding> Dispatcher::Bind(Time now) {
  for (Queue* const queue : {&retries_, &newcomers_}) {
    SetOverdueAside(queue, now);
    if (queue->empty()) continue;
    SlotReplica* const free = Pick(queue->front().avoid);
    if (free == nullptr) return std::nullopt;
    TakeSlot(free, now);
    return Binding{.request = LetGo(queue->begin()), .replica = free->id};
  }
  return std::nullopt;
}

void Dispatcher::TakeSlot(SlotReplica* replica, Time now) {
  Count(now);
  Change(replica, [this](SlotReplica& to) {
    ++to.bound;
    to.last_used = ++uses_;
  });
  occupied_peak_ = std::max(occupied_peak_, ++occupied_);
}

void Dispatcher::Release(ReplicaId replica, Time now) {
  SlotReplica* const found = Find(replica);
  if (found == nullptr || found->bound == 0) return;
  Count(now);
  Change(found, [this](SlotReplica& to) {
    --to.bound;
    to.last_used = ++uses_;
  });
  --occupied_;
  ++finished_;
  if (found->load() == 0) found->idle_since = now;
}

// --- Who waits

void Dispatcher::Hold(const Ask& ask) {
  Queue* const queue = ask.first ? &retries_ : &newcomers_;
  const auto held = queue->insert(queue->end(), Held{ask.request, ask.avoid, queue, {}});
  // Most wait equally long: then the new end is the last, and the hint makes insertion constant.
  held->expiry = expiries_.emplace_hint(expiries_.end(), ask.hold_until, held);
  const bool is_new = held_.emplace(Key(ask.request), held).second;
  assert(is_new);
  static_cast<void>(is_new);
}

RequestId Dispatcher::LetGo(Queue::iterator held) {
  const RequestId request = held->request;
  expiries_.erase(held->expiry);
  held_.erase(Key(request));
  held->queue->erase(held);
  return request;
}

// Only from the front: each is looked at once here, and Bind stays cheap.
void Dispatcher::SetOverdueAside(Queue* queue, Time now) {
  while (!queue->empty() && queue->front().expiry->first <= now) {
    queue->front().queue = &overdue_;
    overdue_.splice(overdue_.end(), *queue, queue->begin());
  }
}

bool Dispatcher::Leave(RequestId request) {
  const auto found = held_.find(Key(request));
  if (found == held_.end()) return false;
  LetGo(found->second);
  return true;
}

std::vector<RequestId> Dispatcher::Expire(Time now) {
  std::vector<RequestId> expired;
  while (!expiries_.empty() && expiries_.begin()->first <= now) {
    expired.push_back(LetGo(expiries_.begin()->second));
  }
  return expired;
}

std::optional<Time> Dispatcher::next_expiry() const {
  if (expiries_.empty()) return std::nullopt;
  return expiries_.begin()->first;
}

// --- What is counted

void Dispatcher::Count(Time now) {
  if (now <= counted_at_) return;
  slot_nanoseconds_ += static_cast<double>((now - counted_at_).count()) * occupied_;
  counted_at_ = now;
}

int Dispatcher::busy(ReplicaId replica) const {
  const auto found = replicas_.find(replica.value);
  return found == replicas_.end() ? 0 : found->second.load();
}

Time Dispatcher::idle_since(ReplicaId replica) const {
  const auto found = replicas_.find(replica.value);
  return found == replicas_.end() ? Time{} : found->second.idle_since;
}

Traffic Dispatcher::traffic(Time now) const {
  const Duration uncounted = std::max(now - counted_at_, Duration{});
  const double nanoseconds = slot_nanoseconds_ + static_cast<double>(uncounted.count()) * occupied_;
  return {.arrivals = arrivals_,
          .finished = finished_,
          .slot_seconds = nanoseconds * 1e-9,
          .occupied = occupied_,
          .occupied_peak = occupied_peak_,
          .waiting = static_cast<int>(held_.size())};
}

int Dispatcher::TakeOccupiedPeak() { return std::exchange(occupied_peak_, occupied_); }

}  // namespace hearth::pool
