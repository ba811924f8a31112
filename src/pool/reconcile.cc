#include "pool/reconcile.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <tuple>

namespace hearth::pool {
namespace {

using Kind = Action::Kind;

bool Alive(const ReplicaView& replica) {
  return replica.state == ReplicaState::kStarting || replica.state == ReplicaState::kReady;
}

// What the replicas are to this plan.
struct Census {
  int working = 0;  // ready, neither ejected nor hung
  int fresh = 0;    // start or work, and stay
  int present = 0;  // start, are ready, or are leavers on their way out
  std::vector<const ReplicaView*> leavers;
};

class Plan {
 public:
  Plan(const Desired& desired, const std::vector<ReplicaView>& actual, Time now)
      : desired_(desired), actual_(actual), now_(now) {}

  std::vector<Action> Make() {
    for (const ReplicaView& replica : actual_) EndWhatIsDue(replica);
    if (desired_.stopping) {
      for (const ReplicaView& replica : actual_) Leave(replica, "the pool goes down");
      return std::move(actions_);
    }
    const Census census = Count();
    if (census.leavers.empty()) {
      Retire();
      Start(desired_.decision.start, desired_.decision.reason);
    } else {
      Roll(census);
    }
    return std::move(actions_);
  }

 private:
  bool Leaving(const ReplicaView& replica) const {
    return replica.old_version || std::find(desired_.drain.begin(), desired_.drain.end(),
                                            replica.id) != desired_.drain.end();
  }

  void Add(Kind kind, const ReplicaView& replica, EndReason end, std::string reason) {
    actions_.push_back({kind, replica.id, end, std::move(reason)});
  }

  bool Acted(const ReplicaView& replica) const {
    return std::any_of(actions_.begin(), actions_.end(), [&](const Action& action) {
      return action.kind != Kind::kStart && action.replica == replica.id;
    });
  }

  EndReason WhyGone(const ReplicaView& replica) const {
    return replica.old_version ? EndReason::kReplaced : EndReason::kRetired;
  }

  bool Past(const ReplicaView& replica, Duration limit) const {
    return now_ - replica.since >= limit;
  }

  static std::string Late(std::string_view what, Duration limit) {
    return fmt::format("{} after {:g} s", what, std::chrono::duration<double>(limit).count());
  }

  // What its own state and clock ask for, whatever the pool wants.
  void EndWhatIsDue(const ReplicaView& replica) {
    switch (replica.state) {
      case ReplicaState::kStarting:
        if (Past(replica, desired_.start_timeout)) {
          Add(Kind::kKill, replica, EndReason::kNeverReady,
              Late("not ready", desired_.start_timeout));
        }
        return;
      case ReplicaState::kReady:
        if (replica.hung) Add(Kind::kKill, replica, EndReason::kUnhealthy, "fails its checks");
        return;
      case ReplicaState::kDraining:
        if (replica.busy == 0) {
          Add(Kind::kTerminate, replica, WhyGone(replica), "drained");
        } else if (Past(replica, desired_.drain_time)) {
          Add(Kind::kTerminate, replica, WhyGone(replica),
              Late(fmt::format("{} requests still run", replica.busy), desired_.drain_time));
        }
        return;
      case ReplicaState::kStopping:
        if (Past(replica, desired_.stop_time)) {
          Add(Kind::kKill, replica, WhyGone(replica), Late("still there", desired_.stop_time));
        }
        return;
      case ReplicaState::kGone:
        return;
    }
  }

  // A starting one has no requests: it can be told to end at once.
  void Leave(const ReplicaView& replica, std::string reason) {
    if (!Alive(replica) || Acted(replica)) return;
    Add(replica.state == ReplicaState::kStarting ? Kind::kTerminate : Kind::kDrain, replica,
        WhyGone(replica), std::move(reason));
  }

  void Start(int count, const std::string& reason) {
    for (int i = 0; i < count; ++i) {
      actions_.push_back({Kind::kStart, {}, EndReason::kRetired, reason});
    }
  }

  void Retire() {
    for (const ReplicaId id : desired_.decision.retire) {
      const auto found = std::find_if(actual_.begin(), actual_.end(),
                                      [&](const ReplicaView& replica) { return replica.id == id; });
      if (found != actual_.end()) Leave(*found, desired_.decision.reason);
    }
  }

  Census Count() const {
    Census census;
    for (const ReplicaView& replica : actual_) {
      if (replica.state == ReplicaState::kGone) continue;
      const bool leaving = Leaving(replica);
      if (Alive(replica) || leaving) ++census.present;
      if (!Alive(replica) || Acted(replica)) continue;
      const bool ready = replica.state == ReplicaState::kReady;
      const bool works = ready && !replica.ejected;
      if (works) ++census.working;
      if (leaving) census.leavers.push_back(&replica);
      if (!leaving && (works || !ready)) ++census.fresh;
    }
    return census;
  }

  // Make before break. Step counts old and new as the same capacity, so what it starts is what is
  // lacking; the roll adds up to `surge`, and takes old ones away as far as enough others work.
  void Roll(const Census& census) {
    const Decision& decision = desired_.decision;
    const int needed = std::max(decision.desired, desired_.floor);
    Start(decision.start, decision.reason);
    const int surge = std::max(desired_.surge, 1);
    const int replace =
        std::min({needed - census.fresh, needed + surge - census.present, decision.may_start}) -
        decision.start;
    Start(replace, fmt::format("{} to be replaced", census.leavers.size()));

    int working = census.working;
    for (const ReplicaView* replica : InLeavingOrder(census.leavers)) {
      if (replica->state == ReplicaState::kStarting) {
        Leave(*replica, "an older version that is not ready yet");
      } else if (replica->ejected) {
        if (working > 0) Leave(*replica, "to be replaced, and failing");
      } else if (working > needed) {
        Leave(*replica, fmt::format("{} others work, {} are needed", working - 1, needed));
        --working;
      }
    }
  }

  // The longest idle first, then the least busy.
  static std::vector<const ReplicaView*> InLeavingOrder(std::vector<const ReplicaView*> leavers) {
    std::sort(leavers.begin(), leavers.end(), [](const ReplicaView* a, const ReplicaView* b) {
      return std::tie(a->busy, a->idle_since, a->id) < std::tie(b->busy, b->idle_since, b->id);
    });
    return leavers;
  }

  const Desired& desired_;
  const std::vector<ReplicaView>& actual_;
  Time now_;
  std::vector<Action> actions_;
};

}  // namespace

std::string_view ToString(Action::Kind kind) {
  switch (kind) {
    case Kind::kStart:
      return "start";
    case Kind::kDrain:
      return "drain";
    case Kind::kTerminate:
      return "terminate";
    case Kind::kKill:
      return "kill";
  }
  return "unknown";
}

std::vector<Action> Reconcile(const Desired& desired, const std::vector<ReplicaView>& actual,
                              Time now) {
  return Plan(desired, actual, now).Make();
}

}  // namespace hearth::pool
