// ReplicaTable: what the controller knows of each replica, and the moves between states. Pure but
// for what its owner reads of the dispatcher; one thread.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "pool/backend.h"
#include "pool/dispatch.h"
#include "pool/ejection.h"
#include "pool/policy.h"
#include "pool/replica.h"

namespace hearth::pool {

struct Replica {
  ReplicaId id;
  std::string nonce;
  std::string version;
  ReplicaState state = ReplicaState::kStarting;
  Time since;    // when it came into `state`
  Time started;  // when its start was ordered; of an adopted one, as far as is known
  std::optional<Time> ready_at;
  std::shared_ptr<const ReplicaHandle> handle;  // null until the backend has started it
  bool adopted = false;
  bool load_unknown = false;  // adopted a moment ago: counts as full
  int slots = 1;
  int64_t memory_bytes = 0;

  bool linked = false;      // the gateway knows it
  bool paused = false;      // lives, but says it is not ready: drains at the gateway
  bool may_resume = false;  // … and says it is ready again
  Time paused_since;
  int checks_failed = 0;  // in a row
  Time failing_since;
  bool answers = true;      // what the failed checks got was an answer, be it a bad one
  std::string check_words;  // of the last check that was not good

  bool drain_asked = false;      // by hand
  bool unhealthy = false;        // to be replaced for its checks
  std::optional<EndReason> end;  // why we end it
  std::string end_words;
  std::optional<Time> killed_at;  // the last SIGKILL
};

struct GoneReplica {
  Replica replica;
  EndReason reason = EndReason::kExited;
  std::string words;
  Time at;
};

class ReplicaTable {
 public:
  static constexpr size_t kGoneMax = 50;
  static constexpr Duration kGoneFor = std::chrono::minutes(5);

  Replica& Add(ReplicaId id, std::string nonce, std::string version, Time now);
  Replica* Find(ReplicaId id);
  void Move(Replica& replica, ReplicaState state, Time now);
  // It has ended: no longer live. The reference is void afterwards.
  void End(Replica& replica, EndReason reason, std::string words, Time now);

  std::map<ReplicaId, Replica>& live() { return live_; }
  const std::map<ReplicaId, Replica>& live() const { return live_; }
  const std::deque<GoneReplica>& gone() const { return gone_; }  // the last to end first
  void ForgetGone(Time now);

  int Count(ReplicaState state) const;
  // Ready and getting requests, besides `id`.
  int Others(ReplicaId id, const Ejection& ejection) const;
  // Of versions other than `version`, starting or ready.
  int OldLeft(std::string_view version) const;
  int ReadyOf(std::string_view version) const;

  void FillViews(const Dispatcher& dispatcher, const Ejection& ejection, std::string_view version,
                 std::vector<ReplicaView>* views) const;

 private:
  std::map<ReplicaId, Replica> live_;
  std::deque<GoneReplica> gone_;
};

}  // namespace hearth::pool
