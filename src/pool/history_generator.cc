#include "pool/history_generator.h"

#include <algorithm>
#include <chrono>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <utility>

#include "pool/retry_budget.h"

namespace hearth::pool {

namespace {

constexpr int kAttemptsMax = 3;

struct Live {
  bool may_repeat = false;
  bool ended = false;  // has its outcome, still holds its slot
  bool open = false;   // holds a slot
  bool sent = false;   // the attempt that holds it
  bool has_token = false;
  int attempt = 0;
  int times_sent = 0;
  ReplicaId replica;
};

class Generator {
 public:
  // Some histories are of quiet times, in others most of what is sent fails.
  explicit Generator(uint64_t seed) : random_(seed), failing_percent_(Below(2) == 0 ? 15 : 60) {}

  std::vector<Event> Run(int steps) {
    for (int i = 0; i < 2; ++i) AddReplica();
    for (int i = 0; i < steps; ++i) {
      now_ += std::chrono::microseconds(Below(3) == 0 ? Below(900) : 0);
      Step();
      BindAll();
    }
    while (!live_.empty()) Finish(live_.begin()->first);
    return std::move(events_);
  }

 private:
  int Below(int end) { return static_cast<int>(random_() % static_cast<uint64_t>(end)); }

  void Write(EventKind kind, uint64_t request, int attempt, ReplicaId replica, int value,
             std::string words = {}) {
    events_.push_back({.microseconds = std::chrono::duration_cast<std::chrono::microseconds>(
                                           now_ - Time(std::chrono::hours(5)))
                                           .count(),
                       .kind = kind,
                       .request = RequestId{request},
                       .attempt = attempt,
                       .replica = replica,
                       .value = value,
                       .words = std::move(words)});
  }

  void Step() {
    const int dice = Below(100);
    if (dice < 45) return Arrive();
    if (dice < 46) return AddReplica();
    if (dice < 47) return DrainReplica();
    if (dice < 48) return RemoveReplica();
    if (dice < 49) return EjectOrReadmit();
    if (dice < 51) return Expire();
    if (live_.empty()) return;
    const auto chosen = std::next(live_.begin(), Below(static_cast<int>(live_.size())));
    Progress(chosen->first);
  }

  // --- Replicas

  void AddReplica() {
    const ReplicaId id{++last_replica_};
    const int slots = 1 + Below(4);
    Write(EventKind::kReplicaReady, 0, 0, id, slots);
    dispatcher_.Add(id, slots, now_);
    ready_.push_back(id);
  }

  void DrainReplica() {
    if (ready_.empty()) return;
    const ReplicaId id = TakeReplica(&ready_);
    draining_.push_back(id);
    dispatcher_.Drain(id);
    Write(EventKind::kReplicaDrain, 0, 0, id, 0);
    for (const uint64_t request : OpenAt(id)) {
      if (!live_[request].sent) Move(request);
    }
  }

  void RemoveReplica() {
    std::vector<ReplicaId>* const from = !draining_.empty() ? &draining_ : &ready_;
    if (from->empty()) return;
    const ReplicaId id = TakeReplica(from);
    dispatcher_.Remove(id, now_);
    Write(EventKind::kReplicaGone, 0, 0, id, 0);
    for (const uint64_t request : OpenAt(id)) {
      if (live_[request].sent) {
        Fail(request);
      } else {
        Move(request);
      }
    }
  }

  void EjectOrReadmit() {
    if (ready_.empty()) return;
    const ReplicaId id = ready_[static_cast<size_t>(Below(static_cast<int>(ready_.size())))];
    Below(2) == 0 ? dispatcher_.Eject(id) : dispatcher_.Readmit(id);
  }

  ReplicaId TakeReplica(std::vector<ReplicaId>* from) {
    const auto chosen = from->begin() + Below(static_cast<int>(from->size()));
    const ReplicaId id = *chosen;
    from->erase(chosen);
    return id;
  }

  std::vector<uint64_t> OpenAt(ReplicaId id) const {
    std::vector<uint64_t> open;
    for (const auto& [request, live] : live_) {
      if (live.open && live.replica == id) open.push_back(request);
    }
    return open;
  }

  // --- Requests

  void Arrive() {
    const uint64_t request = ++last_request_;
    Live& live = live_[request];
    live.may_repeat = Below(2) == 0;
    Write(EventKind::kArrived, request, 0, {}, 0,
          (live.may_repeat ? "get-" : "post-") + std::to_string(request));
    ++in_flight_;
    Ask(request, {}, false);
  }

  void Ask(uint64_t request, std::optional<ReplicaId> avoid, bool first) {
    const auto admission =
        dispatcher_.Admit({.request = RequestId{request},
                           .hold_until = now_ + std::chrono::milliseconds(1 + Below(20)),
                           .avoid = avoid,
                           .first = first},
                          now_);
    if (admission.outcome == Dispatcher::Outcome::kBound) Bound(request, admission.replica);
    if (admission.outcome == Dispatcher::Outcome::kRefused)
      End(request, EventKind::kAnswered, {}, 503);
  }

  void BindAll() {
    while (const auto binding = dispatcher_.Bind(now_)) {
      Bound(static_cast<uint64_t>(binding->request), binding->replica);
    }
  }

  void Expire() {
    for (const RequestId request : dispatcher_.Expire(now_)) {
      End(static_cast<uint64_t>(request), EventKind::kAnswered, {}, 503);
    }
  }

  void Bound(uint64_t request, ReplicaId replica) {
    Live& live = live_[request];
    live.open = true;
    live.sent = false;
    live.replica = replica;
    Write(EventKind::kBound, request, ++live.attempt, replica, 0);
  }

  void Release(uint64_t request, const char* how) {
    Live& live = live_[request];
    Write(EventKind::kReleased, request, live.attempt, live.replica, 0, how);
    dispatcher_.Release(live.replica, now_);
    live.open = false;
    if (live.has_token && (live.sent || live.ended)) GiveBack(&live);
    if (live.ended) live_.erase(request);
  }

  void GiveBack(Live* live) {
    live->has_token = false;
    budget_.GiveBack();
  }

  // The terminal event; its slot, when it has one, it keeps.
  void End(uint64_t request, EventKind kind, ReplicaId replica, int status) {
    Live& live = live_[request];
    Write(kind, request, 0, replica, status);
    --in_flight_;
    live.ended = true;
    if (live.open) return;
    if (live.has_token) GiveBack(&live);
    live_.erase(request);
  }

  // It was not sent: on to another replica, at no cost.
  void Move(uint64_t request) {
    if (live_[request].ended) return Release(request, "left");
    const ReplicaId from = live_[request].replica;
    Release(request, "refused");
    Ask(request, from, true);
  }

  // It was sent, and nothing came.
  void Fail(uint64_t request) {
    if (live_[request].ended) return Release(request, "reset");
    const ReplicaId from = live_[request].replica;
    Release(request, "reset");
    Live& live = live_[request];
    if (live.may_repeat && live.times_sent < kAttemptsMax && budget_.TryTake(in_flight_)) {
      live.has_token = true;
      return Ask(request, from, true);
    }
    End(request, EventKind::kAnswered, {}, 502);
  }

  void Answer(uint64_t request) {
    const ReplicaId replica = live_[request].replica;
    if (Below(2) == 0) {
      Release(request, "answered");
      End(request, EventKind::kAnswered, replica, 200);
    } else {
      End(request, EventKind::kAnswered, replica, Below(9) == 0 ? 500 : 200);
      Release(request, "answered");
    }
  }

  void Progress(uint64_t request) {
    Live& live = live_[request];
    if (live.ended) return Release(request, "closed");
    const int dice = Below(100);
    if (!live.open) {
      if (dice > 2) return;
      dispatcher_.Leave(RequestId{request});
      return End(request, EventKind::kClientGone, {}, 0);
    }
    if (!live.sent) {
      if (dice < 8) return Move(request);
      if (dice < 10) return End(request, EventKind::kClientGone, {}, 0);
      live.sent = true;
      ++live.times_sent;
      return Write(EventKind::kSent, request, live.attempt, live.replica, 0);
    }
    if (dice < failing_percent_) return Fail(request);
    if (dice < failing_percent_ + 4) return End(request, EventKind::kAnswered, {}, 504);
    if (dice < failing_percent_ + 7) return End(request, EventKind::kCut, {}, 0);
    if (dice < failing_percent_ + 10) return End(request, EventKind::kClientGone, {}, 0);
    Answer(request);
  }

  void Finish(uint64_t request) {
    if (live_[request].ended) return Release(request, "closed");
    dispatcher_.Leave(RequestId{request});
    End(request, EventKind::kAnswered, {}, 503);
  }

  std::mt19937_64 random_;
  int failing_percent_;
  Time now_ = Time(std::chrono::hours(5));
  Dispatcher dispatcher_{{.hold_requests = 20}};
  RetryBudget budget_{0.2, 3};
  std::map<uint64_t, Live> live_;
  std::vector<ReplicaId> ready_;
  std::vector<ReplicaId> draining_;
  uint64_t last_request_ = 0;
  uint64_t last_replica_ = 0;
  int in_flight_ = 0;
  std::vector<Event> events_;
};

}  // namespace

std::vector<Event> GenerateHistory(uint64_t seed, int steps) { return Generator(seed).Run(steps); }

HistoryRules GeneratorRules() {
  HistoryRules rules;
  rules.may_repeat = [](std::string_view words) { return words.starts_with("get-"); };
  return rules;
}

}  // namespace hearth::pool
