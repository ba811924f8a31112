#include "pool/slot_order.h"

#include <algorithm>

namespace hearth::pool {

void SlotOrder::Insert(SlotReplica* replica) {
  const auto load = static_cast<size_t>(replica->load());
  if (load >= lists_.size()) lists_.resize(load + 1);
  // What was just used goes to the front at once. Only one that comes back for another reason (it
  // was readmitted, its slots have grown) has to look for its place.
  SlotReplica* before = nullptr;
  SlotReplica* after = lists_[load];
  while (after != nullptr && after->last_used >= replica->last_used) {
    before = after;
    after = after->next;
  }
  replica->prev = before;
  replica->next = after;
  (before != nullptr ? before->next : lists_[load]) = replica;
  if (after != nullptr) after->prev = replica;
  replica->listed_at = static_cast<int>(load);
  lowest_ = std::min(lowest_, load);
}

void SlotOrder::Remove(SlotReplica* replica) {
  SlotReplica*& head = lists_[static_cast<size_t>(replica->listed_at)];
  (replica->prev != nullptr ? replica->prev->next : head) = replica->next;
  if (replica->next != nullptr) replica->next->prev = replica->prev;
  replica->prev = replica->next = nullptr;
  replica->listed_at = -1;
}

SlotReplica* SlotOrder::First(const std::optional<ReplicaId>& avoid) {
  while (lowest_ < lists_.size() && lists_[lowest_] == nullptr) ++lowest_;
  if (lowest_ >= lists_.size()) return nullptr;
  SlotReplica* const best = lists_[lowest_];
  if (!avoid || best->id != *avoid) return best;
  if (best->next != nullptr) return best->next;
  for (size_t load = lowest_ + 1; load < lists_.size(); ++load) {
    if (lists_[load] != nullptr) return lists_[load];
  }
  return best;
}

}  // namespace hearth::pool
