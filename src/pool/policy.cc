#include "pool/policy.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <tuple>

namespace hearth::pool {
namespace {

// A mean of exactly 3 slots may come out of floating point a little above 3.
constexpr double kRounding = 1e-6;

double Seconds(Duration duration) { return std::chrono::duration<double>(duration).count(); }

int CeilReplicas(double occupied_slots, int slots) {
  return static_cast<int>(std::ceil(occupied_slots / std::max(slots, 1) - kRounding));
}

struct Have {
  int ready = 0;  // that work
  int starting = 0;
  int ejected = 0;
  int occupied = 0;
  bool rolling = false;
  int coming() const { return ready + starting; }
};

Have Count(const std::vector<ReplicaView>& replicas) {
  Have have;
  for (const ReplicaView& replica : replicas) {
    const bool ready = replica.state == ReplicaState::kReady;
    const bool starting = replica.state == ReplicaState::kStarting;
    if (!ready && !starting) continue;
    have.rolling |= replica.old_version;
    have.starting += starting;
    // What an ejected one still works on is load all the same: it would be somewhere else.
    have.occupied += replica.busy;
    if (ready) (replica.ejected || replica.hung ? have.ejected : have.ready) += 1;
  }
  return have;
}

struct Load {
  int in_use = 0;   // replicas, with those for the backlog
  int backlog = 0;  // of them, for what waits
};

// Load is what occupies slots, now and in the mean of the last seconds. What waits is not load:
// read as load, a queue that grows while replicas start asks for ten times what is needed. While
// something waits, occupied slots are no measure either: all are taken, whether for the load or for
// the queue. So then the load is what arrives (λ·S, Little's law), and the backlog adds what works
// it off in drain_backlog, or in start_time when that is longer (what is started now helps only
// then). Bounds: the backlog at most doubles the load, and never is there more in use than occupied
// and waiting.
Load LoadOf(const Observation& observation, const Policy& policy, int occupied) {
  const Demand& demand = observation.demand;
  const int slots = std::max(policy.slots, 1);
  const double load = std::max<double>(occupied, demand.offered_slots);
  Load result;
  result.in_use = CeilReplicas(load, slots);
  if (observation.waiting <= 0) return result;
  double need = occupied + slots;  // how long a request takes is not known: one replica will tell
  if (demand.service_seconds > 0) {
    const double period =
        std::max(Seconds(std::max(policy.drain_backlog, policy.start_time)), 1e-3);
    const double drain = observation.waiting * demand.service_seconds / period;
    need = demand.arriving_slots +
           std::min(drain, std::max({demand.arriving_slots, load, static_cast<double>(slots)}));
  }
  need = std::min(need, static_cast<double>(occupied) + observation.waiting);
  const int with_backlog = std::max(CeilReplicas(need, slots), result.in_use);
  result.backlog = with_backlog - result.in_use;
  result.in_use = with_backlog;
  return result;
}

struct Pace {
  int may_start = 0;
  std::optional<Duration> backoff;  // set: the next start comes so long after the last failure
};

// Doubling up to backoff_max; then one at a time until one succeeds, so that a version that cannot
// start costs one process a minute.
Pace PaceOf(const Observation& observation, const Policy& policy, int starting, Time now) {
  if (observation.start_failures <= 0) return {std::max(policy.starts_at_once - starting, 0), {}};
  Duration wait = std::min(policy.backoff_first, policy.backoff_max);
  for (int i = 1; i < observation.start_failures && wait < policy.backoff_max; ++i) {
    wait = std::min(2 * wait, policy.backoff_max);
  }
  if (now < observation.last_start_failure + wait) return {0, wait};
  return {std::max(1 - starting, 0), {}};
}

// Starting before idle before busy. The youngest of those that start, the longest idle of those
// that idle, the least busy of the rest.
std::vector<ReplicaId> Surplus(const std::vector<ReplicaView>& replicas, int surplus) {
  using Key = std::tuple<int, int64_t, ReplicaId>;
  std::vector<Key> order;
  for (const ReplicaView& replica : replicas) {
    if (replica.state == ReplicaState::kStarting) {
      order.emplace_back(0, -replica.since.time_since_epoch().count(), replica.id);
    } else if (replica.state == ReplicaState::kReady && !replica.ejected && !replica.hung) {
      if (replica.busy > 0) {
        order.emplace_back(2, replica.busy, replica.id);
      } else {
        order.emplace_back(1, replica.idle_since.time_since_epoch().count(), replica.id);
      }
    }
  }
  std::sort(order.begin(), order.end());
  std::vector<ReplicaId> retire;
  for (const Key& key : order) {
    if (static_cast<int>(retire.size()) == surplus) break;
    retire.push_back(std::get<2>(key));
  }
  return retire;
}

std::string WantedWords(const Decision& decision, const Load& load, const Observation& observation,
                        const Policy& policy) {
  std::string words = fmt::format("{} in use", load.in_use);
  if (load.backlog > 0) {
    words += fmt::format(" ({} of them for {} waiting)", load.backlog, observation.waiting);
  }
  if (observation.demand.in_use_peak > load.in_use) {
    words += fmt::format(" (peak {})", observation.demand.in_use_peak);
  }
  words += fmt::format(" and {} spare", policy.spare);
  const int wanted = std::max(load.in_use, observation.demand.in_use_peak) + policy.spare;
  if (decision.desired > wanted) words += fmt::format(", floor {}", policy.floor);
  if (decision.desired < wanted) words += fmt::format(", max {}", policy.max);
  return words;
}

std::string HaveWords(const Have& have) {
  std::string words = fmt::format("{} ready or starting", have.coming());
  if (have.ejected > 0) words += fmt::format(", {} ejected", have.ejected);
  return words;
}

std::string StartWords(int start, int lacking, const Have& have, const Pace& pace,
                       const Observation& observation) {
  if (start == lacking) return fmt::format("start {}", start);
  if (start > 0) return fmt::format("start {} now, {} later", start, lacking - start);
  if (pace.backoff) {
    return fmt::format("{} starts failed in a row, the next comes {:g} s after the last",
                       observation.start_failures, Seconds(*pace.backoff));
  }
  if (pace.may_start > 0) return "no more than max may run";
  return fmt::format("{} more when those that start ({}) are ready", lacking, have.starting);
}

}  // namespace

int InUse(int occupied_slots, int slots) {
  slots = std::max(slots, 1);
  return occupied_slots <= 0 ? 0 : (occupied_slots - 1) / slots + 1;
}

Decision Step(const Observation& observation, const Policy& policy, Time now) {
  const Have have = Count(observation.replicas);
  const Load load = LoadOf(observation, policy, have.occupied);
  const Pace pace = PaceOf(observation, policy, have.starting, now);
  const int wanted = std::max(load.in_use, observation.demand.in_use_peak) + policy.spare;

  Decision decision;
  decision.in_use = load.in_use;
  decision.desired = std::min(std::max(wanted, policy.floor), policy.max);
  decision.may_start = pace.may_start;
  if (pace.backoff) decision.look_again = observation.last_start_failure + *pace.backoff;

  const int lacking = decision.desired - have.coming();
  const Time window_full = observation.demand.watched_since + policy.keep_warm;
  std::string what = "enough";
  if (lacking > 0) {
    const int room = policy.max - have.coming() - have.ejected;
    decision.start = std::max(std::min({lacking, pace.may_start, room}), 0);
    what = StartWords(decision.start, lacking, have, pace, observation);
  } else if (lacking < 0 && have.rolling) {
    what = fmt::format("{} more until the replacement is done", -lacking);
  } else if (lacking < 0 && now < window_full) {
    what =
        fmt::format("{} more stay until {:g} s were watched", -lacking, Seconds(policy.keep_warm));
    decision.look_again = std::min(decision.look_again.value_or(window_full), window_full);
  } else if (lacking < 0) {
    decision.retire = Surplus(observation.replicas, -lacking);
    what = fmt::format("retire {}", decision.retire.size());
  }
  decision.reason = fmt::format("{}, {}: {}", WantedWords(decision, load, observation, policy),
                                HaveWords(have), what);
  return decision;
}

}  // namespace hearth::pool
