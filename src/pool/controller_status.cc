#include <utility>

#include "pool/controller_impl.h"

namespace hearth::pool {
namespace {

double Seconds(Duration duration) { return std::chrono::duration<double>(duration).count(); }

}  // namespace

ReplicaStatus Controller::Impl::Describe(const Replica& replica, Time now) const {
  ReplicaStatus status;
  status.id = replica.id;
  status.state = replica.state;
  status.version = replica.version;
  status.current = replica.version == version();
  status.ejected =
      replica.state == ReplicaState::kReady && (replica.paused || ejection.ejected(replica.id));
  status.adopted = replica.adopted;
  status.slots = replica.slots;
  status.busy = dispatcher.busy(replica.id);
  status.age_seconds = Seconds(now - replica.started);
  // How long an adopted one took is not known.
  if (replica.ready_at && !replica.adopted) {
    status.start_seconds = Seconds(*replica.ready_at - replica.started);
  }
  status.memory_bytes = replica.memory_bytes;
  if (replica.handle) {
    status.pid = replica.handle->pid;
    status.container = replica.handle->container;
    status.url = replica.handle->url.Origin();
    status.log_path = replica.handle->log_path;
  }
  return status;
}

PoolStatus Controller::Impl::Describe() const {
  const Time now = this->now();
  PoolStatus status;
  status.name = config.pool.name;
  if (numbers) {
    status.floor = numbers->floor();
    status.spare = numbers->spare();
    status.max = numbers->max();
  }
  status.keep_warm_seconds = Seconds(config.pool.keep_warm);
  status.in_use = last.in_use;
  status.desired = last.desired;
  status.starting = table.Count(ReplicaState::kStarting);
  status.waiting = dispatcher.traffic(now).waiting;
  status.version = version();
  status.roll_state = roll.state();
  status.roll = roll.Words();
  status.counts = counts;
  for (const auto& [id, replica] : table.live()) {
    status.replicas.push_back(Describe(replica, now));
    if (replica.state == ReplicaState::kReady && !replica.paused) ++status.ready;
  }
  for (const GoneReplica& gone : table.gone()) {
    if (now - gone.at > ReplicaTable::kGoneFor) break;
    ReplicaStatus& last_seen = status.replicas.emplace_back(Describe(gone.replica, gone.at));
    last_seen.end_reason = std::string(ToString(gone.reason));
    if (!gone.words.empty()) last_seen.end_reason += ": " + gone.words;
    last_seen.gone_seconds = Seconds(now - gone.at);
  }
  status.decisions.assign(decisions.begin(), decisions.end());
  return status;
}

}  // namespace hearth::pool
