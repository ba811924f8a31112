#include "pool/replica_table.h"

#include <algorithm>
#include <utility>

namespace hearth::pool {
namespace {

// The gateway sends it requests.
bool Works(const Replica& replica, const Ejection& ejection) {
  return replica.state == ReplicaState::kReady && !replica.paused && !ejection.ejected(replica.id);
}

}  // namespace

Replica& ReplicaTable::Add(ReplicaId id, std::string nonce, std::string version, Time now) {
  Replica& replica = live_[id];
  replica.id = id;
  replica.nonce = std::move(nonce);
  replica.version = std::move(version);
  replica.since = replica.started = now;
  return replica;
}

Replica* ReplicaTable::Find(ReplicaId id) {
  const auto found = live_.find(id);
  return found == live_.end() ? nullptr : &found->second;
}

void ReplicaTable::Move(Replica& replica, ReplicaState state, Time now) {
  if (replica.state == state) return;
  replica.state = state;
  replica.since = now;
  if (state == ReplicaState::kReady) replica.ready_at = now;
}

void ReplicaTable::End(Replica& replica, EndReason reason, std::string words, Time now) {
  auto node = live_.extract(replica.id);
  node.mapped().state = ReplicaState::kGone;
  gone_.push_front({std::move(node.mapped()), reason, std::move(words), now});
  ForgetGone(now);
}

void ReplicaTable::ForgetGone(Time now) {
  while (!gone_.empty() && (gone_.size() > kGoneMax || now - gone_.back().at > kGoneFor)) {
    gone_.pop_back();
  }
}

int ReplicaTable::Count(ReplicaState state) const {
  return static_cast<int>(std::ranges::count_if(
      live_, [state](const auto& entry) { return entry.second.state == state; }));
}

int ReplicaTable::Others(ReplicaId id, const Ejection& ejection) const {
  return static_cast<int>(std::ranges::count_if(live_, [&](const auto& entry) {
    return entry.first != id && Works(entry.second, ejection);
  }));
}

int ReplicaTable::OldLeft(std::string_view version) const {
  return static_cast<int>(std::ranges::count_if(live_, [&](const auto& entry) {
    const Replica& replica = entry.second;
    const bool alive =
        replica.state == ReplicaState::kStarting || replica.state == ReplicaState::kReady;
    return alive && replica.version != version;
  }));
}

int ReplicaTable::ReadyOf(std::string_view version) const {
  return static_cast<int>(std::ranges::count_if(live_, [&](const auto& entry) {
    return entry.second.state == ReplicaState::kReady && entry.second.version == version;
  }));
}

void ReplicaTable::FillViews(const Dispatcher& dispatcher, const Ejection& ejection,
                             std::string_view version, std::vector<ReplicaView>* views) const {
  views->clear();
  for (const auto& [id, replica] : live_) {
    ReplicaView& view = views->emplace_back();
    view.id = id;
    view.state = replica.state;
    view.since = replica.since;
    view.slots = replica.slots;
    view.busy = dispatcher.busy(id);
    view.idle_since = dispatcher.idle_since(id);
    // The last one that works gets requests in spite of its failures; a replacement is wanted
    // still.
    view.ejected =
        replica.state == ReplicaState::kReady &&
        (replica.paused || replica.checks_failed >= Ejection::kFailuresMax || ejection.ejected(id));
    view.hung = replica.unhealthy && !replica.answers;
    // An adopted one may well be at work: it is not taken for one that just starts, which a roll
    // ends at once.
    const bool unseen = replica.adopted && replica.state == ReplicaState::kStarting;
    const bool old = replica.version != version && !unseen;
    view.old_version = old || replica.drain_asked || replica.unhealthy;
  }
}

}  // namespace hearth::pool
