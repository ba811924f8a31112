// The Dispatcher against a naive model, step by step, on random sequences of operations.
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <optional>
#include <set>
#include <tuple>
#include <utility>
#include <vector>

#include "pool/dispatch.h"

namespace hearth::pool {
namespace {

constexpr Time kStart = Time(std::chrono::hours(5));

struct ModelReplica {
  int slots = 1;
  int bound = 0;
  int extra = 0;
  bool ejected = false;
  bool draining = false;
  Time idle_since;
  int64_t last_used = 0;

  int load() const { return bound + extra; }
};

struct ModelHeld {
  RequestId request{};
  Time until;
  std::optional<ReplicaId> avoid;
  bool first = false;
};

// Says what must be, by looking at everything each time.
struct Model {
  int hold_requests = 0;
  std::map<ReplicaId, ModelReplica> replicas;
  std::vector<ModelHeld> held;  // as they came
  int64_t uses = 0;
  Traffic counted;
  int64_t slot_nanoseconds = 0;

  int Ready() const {
    return static_cast<int>(std::count_if(replicas.begin(), replicas.end(), [](const auto& each) {
      return !each.second.ejected && !each.second.draining;
    }));
  }
  int Occupied() const {
    int sum = 0;
    for (const auto& [id, replica] : replicas) sum += replica.load();
    return sum;
  }
  // Those that a request may be bound to now; among equals (none was ever used) any.
  std::set<ReplicaId> Picks(const std::optional<ReplicaId>& avoid) const {
    std::vector<ReplicaId> free;
    for (const auto& [id, replica] : replicas) {
      if (replica.draining || replica.load() >= replica.slots) continue;
      if (replica.ejected == (Ready() == 0)) free.push_back(id);
    }
    if (avoid && free.size() > 1) std::erase(free, *avoid);
    std::set<ReplicaId> best;
    const auto rank = [&](ReplicaId id) {
      return std::pair(replicas.at(id).load(), -replicas.at(id).last_used);
    };
    for (const ReplicaId id : free) {
      const bool beaten = std::any_of(free.begin(), free.end(),
                                      [&](ReplicaId other) { return rank(other) < rank(id); });
      if (!beaten) best.insert(id);
    }
    return best;
  }
  // The next to be bound, among those not overdue.
  std::vector<ModelHeld>::iterator Next(Time now) {
    for (const bool first : {true, false}) {
      const auto found = std::find_if(held.begin(), held.end(), [&](const ModelHeld& each) {
        return each.first == first && each.until > now;
      });
      if (found != held.end()) return found;
    }
    return held.end();
  }
};

// One operation: which, and two numbers that say on what.
using Step = std::tuple<int, int, int>;

class Play {
 public:
  explicit Play(int hold_requests) : dispatcher_({.hold_requests = hold_requests}) {
    model_.hold_requests = hold_requests;
  }

  void Do(const Step& step) {
    const auto [operation, a, b] = step;
    switch (operation % 16) {
      case 0:
        return AddNew(1 + a % 4);
      case 1:
        return OnReplica(a, b);
      case 2:
        return Remove(a);
      case 3:
        return Pass(a % 50);
      case 4:
        return Leave(a);
      case 5:
        return Expire();
      case 6:
      case 7:
      case 8:
      case 9:
        return Release(a);
      default:
        return Admit(a, b);
    }
  }

  void BindAll() {
    while (const auto binding = dispatcher_.Bind(now_)) {
      const auto next = model_.Next(now_);
      RC_ASSERT(next != model_.held.end());
      RC_ASSERT(binding->request == next->request);
      const std::set<ReplicaId> picks = model_.Picks(next->avoid);
      RC_ASSERT(picks.contains(binding->replica));
      model_.held.erase(next);
      Take(binding->replica);
    }
    const auto next = model_.Next(now_);
    RC_ASSERT(next == model_.held.end() || model_.Picks(std::nullopt).empty());
  }

  void Compare() {
    const Traffic traffic = dispatcher_.traffic(now_);
    RC_ASSERT(traffic.arrivals == model_.counted.arrivals);
    RC_ASSERT(traffic.finished == model_.counted.finished);
    RC_ASSERT(traffic.occupied == model_.Occupied());
    RC_ASSERT(traffic.occupied_peak == model_.counted.occupied_peak);
    RC_ASSERT(traffic.waiting == static_cast<int>(model_.held.size()));
    RC_ASSERT(traffic.waiting <= model_.hold_requests);
    RC_ASSERT(traffic.slot_seconds == static_cast<double>(model_.slot_nanoseconds) * 1e-9);
    RC_ASSERT(dispatcher_.ready() == model_.Ready());
    for (const auto& [id, replica] : model_.replicas) {
      RC_ASSERT(dispatcher_.busy(id) == replica.load());
      RC_ASSERT(dispatcher_.idle_since(id) == replica.idle_since);
    }
    std::optional<Time> next;
    for (const ModelHeld& held : model_.held)
      next = std::min(next.value_or(held.until), held.until);
    RC_ASSERT(dispatcher_.next_expiry() == next);
  }

 private:
  ReplicaId Pick(int a) const {
    if (model_.replicas.empty()) return ReplicaId{99};
    return std::next(model_.replicas.begin(), a % std::ssize(model_.replicas))->first;
  }

  void AddNew(int slots) {
    const ReplicaId id{++last_replica_};
    dispatcher_.Add(id, slots, now_);
    model_.replicas[id] = {.slots = slots, .idle_since = now_};
  }

  void OnReplica(int a, int b) {
    const ReplicaId id = Pick(a);
    const auto found = model_.replicas.find(id);
    if (found == model_.replicas.end()) return;
    ModelReplica& replica = found->second;
    const int slots = 1 + b % 4;
    switch (b % 7) {
      case 0:
        dispatcher_.Drain(id);
        replica.draining = true;
        break;
      case 1:
        dispatcher_.Eject(id);
        replica.ejected = true;
        break;
      case 2:
        dispatcher_.Readmit(id);
        replica.ejected = false;
        break;
      case 3:
        dispatcher_.SetSlots(id, slots);
        replica.slots = slots;
        break;
      case 4:
        dispatcher_.Add(id, slots, now_);
        replica.slots = slots;
        if (!replica.draining) replica.ejected = false;
        break;
      default: {
        const int occupied = b % 7 == 5 ? 0 : b % 5;
        const int before = replica.load();
        dispatcher_.SetOccupied(id, occupied, now_);
        replica.extra = std::min(occupied, std::max(0, replica.slots - replica.bound));
        if (before > 0 && replica.load() == 0) replica.idle_since = now_;
        NotePeak();
      }
    }
  }

  void Remove(int a) {
    const ReplicaId id = Pick(a);
    dispatcher_.Remove(id, now_);
    if (!model_.replicas.contains(id)) return;
    model_.counted.finished += model_.replicas[id].bound;
    model_.replicas.erase(id);  // those in flight at it stay in in_flight_: late releases
  }

  void Pass(int milliseconds) {
    const auto step = std::chrono::nanoseconds(std::chrono::milliseconds(milliseconds)) +
                      std::chrono::nanoseconds(milliseconds % 7);
    now_ += step;
    model_.slot_nanoseconds += step.count() * model_.Occupied();
  }

  void Leave(int a) {
    if (model_.held.empty()) {
      RC_ASSERT(!dispatcher_.Leave(RequestId{last_request_ + 1}));
      return;
    }
    const auto leaver = model_.held.begin() + a % std::ssize(model_.held);
    RC_ASSERT(dispatcher_.Leave(leaver->request));
    RC_ASSERT(!dispatcher_.Leave(leaver->request));
    model_.held.erase(leaver);
  }

  void Expire() {
    std::vector<ModelHeld> late;
    std::copy_if(model_.held.begin(), model_.held.end(), std::back_inserter(late),
                 [&](const ModelHeld& held) { return held.until <= now_; });
    std::sort(late.begin(), late.end(), [](const ModelHeld& x, const ModelHeld& y) {
      return std::pair(x.until, x.request) < std::pair(y.until, y.request);
    });
    const std::vector<RequestId> expired = dispatcher_.Expire(now_);
    RC_ASSERT(expired.size() == late.size());
    for (size_t i = 0; i < late.size(); ++i) RC_ASSERT(expired[i] == late[i].request);
    std::erase_if(model_.held, [&](const ModelHeld& held) { return held.until <= now_; });
  }

  void Release(int a) {
    if (in_flight_.empty()) return;
    const auto chosen = in_flight_.begin() + a % std::ssize(in_flight_);
    const ReplicaId id = *chosen;
    in_flight_.erase(chosen);
    dispatcher_.Release(id, now_);
    const auto found = model_.replicas.find(id);
    if (found == model_.replicas.end()) return;
    --found->second.bound;
    found->second.last_used = ++model_.uses;
    if (found->second.load() == 0) found->second.idle_since = now_;
    ++model_.counted.finished;
  }

  void Admit(int a, int b) {
    const RequestId request{++last_request_};
    const bool first = a % 5 == 0;
    std::optional<ReplicaId> avoid;
    if (b % 3 == 0) avoid = Pick(b);
    const Time until = now_ + std::chrono::milliseconds(a % 90);
    const bool someone_ahead =
        std::any_of(model_.held.begin(), model_.held.end(),
                    [&](const ModelHeld& held) { return held.first || !first; });
    const std::set<ReplicaId> picks = someone_ahead ? std::set<ReplicaId>() : model_.Picks(avoid);
    if (!first) ++model_.counted.arrivals;

    const auto admission = dispatcher_.Admit(
        {.request = request, .hold_until = until, .avoid = avoid, .first = first}, now_);
    // Who is ahead may be overdue already and set aside by Bind: then a free slot may be taken.
    if (admission.outcome == Dispatcher::Outcome::kBound) {
      RC_ASSERT(model_.Picks(avoid).contains(admission.replica));
      RC_ASSERT(!picks.empty() || OnlyOverdueAhead(first));
      return Take(admission.replica);
    }
    RC_ASSERT(picks.empty());
    const bool room = std::ssize(model_.held) < model_.hold_requests;
    RC_ASSERT((admission.outcome == Dispatcher::Outcome::kHeld) == room);
    if (room) model_.held.push_back({request, until, avoid, first});
  }

  bool OnlyOverdueAhead(bool first) const {
    return std::all_of(model_.held.begin(), model_.held.end(), [&](const ModelHeld& held) {
      return held.until <= now_ || (first && !held.first);
    });
  }

  void Take(ReplicaId id) {
    ModelReplica& replica = model_.replicas.at(id);
    RC_ASSERT(replica.load() < replica.slots);
    RC_ASSERT(!replica.draining);
    ++replica.bound;
    replica.last_used = ++model_.uses;
    in_flight_.push_back(id);
    NotePeak();
  }

  void NotePeak() {
    model_.counted.occupied_peak = std::max(model_.counted.occupied_peak, model_.Occupied());
  }

  Dispatcher dispatcher_;
  Model model_;
  Time now_ = kStart;
  uint64_t last_replica_ = 0;
  uint64_t last_request_ = 0;
  std::vector<ReplicaId> in_flight_;
};

void PlayAll(int hold_requests, const std::vector<Step>& steps, int bind_every) {
  Play play(hold_requests);
  play.Compare();
  int count = 0;
  for (const Step& step : steps) {
    play.Do(step);
    if (++count % bind_every == 0) play.BindAll();
    play.Compare();
  }
}

std::vector<Step> ArbitrarySteps() {
  const auto number = rc::gen::inRange(0, 1000);
  return *rc::gen::scale(
      6.0, rc::gen::container<std::vector<Step>>(rc::gen::tuple(number, number, number)));
}

TEST(DispatcherModel, DoesWhatTheModelSaysWhenBindFollowsEveryChange) {
  EXPECT_TRUE(
      rc::check("bind after each", [] { PlayAll(*rc::gen::inRange(0, 12), ArbitrarySteps(), 1); }));
}

TEST(DispatcherModel, DoesWhatTheModelSaysWhenBindComesLate) {
  EXPECT_TRUE(rc::check("bind now and then", [] {
    PlayAll(*rc::gen::inRange(0, 12), ArbitrarySteps(), *rc::gen::inRange(2, 9));
  }));
}

}  // namespace
}  // namespace hearth::pool
