// What the controller does to replicas, and what becomes of it.
#include <sys/random.h>

#include <array>
#include <span>
#include <utility>

#include "base/sha256.h"
#include "pool/controller_impl.h"

namespace hearth::pool {
namespace {

constexpr Duration kKillAgain = std::chrono::seconds(1);
constexpr Duration kMemoryEvery = std::chrono::seconds(5);
constexpr size_t kMemoryAtOnce = 32;  // so that a start waits for few of them

std::string MakeNonce() {
  std::array<std::byte, 16> bytes{};
  // 16 bytes are never cut short, and the pool is ready long before a controller runs.
  [[maybe_unused]] const ssize_t got = ::getrandom(bytes.data(), bytes.size(), 0);
  return Hex(bytes);
}

}  // namespace

void Controller::Impl::Tell(std::function<void()> call) const {
  loop.Post([life = std::weak_ptr<const bool>(alive), call = std::move(call)] {
    if (!life.expired()) call();
  });
}

bool Controller::Impl::Act(const std::vector<Action>& actions) {
  bool changed = false;
  const std::string decided_for = version();
  for (const Action& action : actions) {
    if (version() != decided_for) return true;  // a roll was stopped just now: decide anew
    if (action.kind == Action::Kind::kStart) {
      changed |= StartOne(action.reason);
      continue;
    }
    Replica* const replica = table.Find(action.replica);
    if (replica == nullptr) continue;
    switch (action.kind) {
      case Action::Kind::kStart:
        break;
      case Action::Kind::kDrain:
        changed |= Drain(*replica, action);
        break;
      case Action::Kind::kTerminate:
        changed |= Terminate(*replica, action);
        break;
      case Action::Kind::kKill:
        changed |= Kill(*replica, action.end, action.reason);
        break;
    }
  }
  return changed;
}

bool Controller::Impl::StartOne(const std::string& reason) {
  const ReplicaId id{stored.next_replica};
  StartOrder order{id, MakeNonce(), spec};
  const std::string nonce = order.nonce;
  const bool queued = backend.Do([this, order = std::move(order)](ReplicaBackend& with) {
    Tell([this, id = order.id, started = with.Start(order)] { OnStarted(id, started); });
  });
  if (!queued) return false;
  ++stored.next_replica;
  must_save = true;
  table.Add(id, nonce, version(), now());
  log.Info("starts a replica", {{"replica", ToString(id)}, {"reason", std::string_view(reason)}});
  return true;
}

void Controller::Impl::OnStarted(ReplicaId id, const Result<ReplicaHandle>& started) {
  if (started) ++counts.starts;
  Replica* const replica = table.Find(id);
  if (replica == nullptr) return;  // its end was told first
  if (!started) {
    CountStartFailure(*replica, EndReason::kExited, started.error().message);
    return End(*replica, EndReason::kExited, started.error().message);
  }
  replica->handle = std::make_shared<const ReplicaHandle>(*started);
  if (replica->state == ReplicaState::kStopping) return SendEnd(*replica);
  checks.Await(id, started->url, replica->nonce);
}

void Controller::Impl::SetEnd(Replica& replica, EndReason reason, std::string words) const {
  if (replica.end) return;  // the first reason stands
  if (stopping) reason = EndReason::kRetired;
  if (replica.unhealthy) reason = EndReason::kUnhealthy;
  if (replica.drain_asked && reason == EndReason::kReplaced && replica.version == version()) {
    reason = EndReason::kRetired;
    words = "drained by hand";
  }
  replica.end = reason;
  replica.end_words = replica.unhealthy || reason == EndReason::kNeverReady
                          ? fmt::format("{}; {}", words, replica.check_words)
                          : std::move(words);
}

bool Controller::Impl::Drain(Replica& replica, const Action& action) {
  SetEnd(replica, action.end, action.reason);
  table.Move(replica, ReplicaState::kDraining, now());
  checks.Forget(replica.id);
  replica.paused = replica.may_resume = false;
  if (replica.linked) links.drain(replica.id);
  log.Info("drains a replica",
           {{"replica", ToString(replica.id)}, {"reason", std::string_view(action.reason)}});
  return true;
}

bool Controller::Impl::Terminate(Replica& replica, const Action& action) {
  SetEnd(replica, action.end, action.reason);
  checks.Forget(replica.id);
  table.Move(replica, ReplicaState::kStopping, now());
  if (replica.linked && dispatcher.busy(replica.id) == 0) {
    // Its idle connections are closed, for servers that wait for them before they end.
    links.remove(replica.id);
    replica.linked = false;
  }
  SendEnd(replica);
  return true;
}

bool Controller::Impl::Kill(Replica& replica, EndReason reason, std::string words) {
  if (replica.killed_at && now() - *replica.killed_at < kKillAgain) return false;
  const bool first = !replica.killed_at;
  const bool starting = replica.state == ReplicaState::kStarting;
  replica.killed_at = now();
  SetEnd(replica, reason, std::move(words));
  checks.Forget(replica.id);
  if (replica.linked && replica.state == ReplicaState::kReady) links.drain(replica.id);
  replica.paused = replica.may_resume = false;
  table.Move(replica, ReplicaState::kStopping, now());
  SendEnd(replica);
  if (first) {
    log.Warn("kills a replica",
             {{"replica", ToString(replica.id)}, {"reason", std::string_view(replica.end_words)}});
  }
  if (starting && reason == EndReason::kNeverReady) {
    CountStartFailure(replica, reason, replica.end_words);
  }
  return first;
}

void Controller::Impl::SendEnd(const Replica& replica) {
  if (!replica.handle) return;  // OnStarted will
  const bool kill = replica.killed_at.has_value();
  backend.Do([this, kill, handle = replica.handle](ReplicaBackend& to) {
    Status sent = kill ? to.Kill(*handle) : to.Terminate(*handle);
    if (!sent) Tell([this, id = handle->id, sent = std::move(sent)] { OnEndSent(id, sent); });
  });
}

void Controller::Impl::OnEndSent(ReplicaId id, const Status& sent) {
  Replica* const replica = table.Find(id);
  if (replica == nullptr) return;
  if (sent.error().code == Code::kNotFound) {  // ended, and nobody was told
    return End(*replica, replica->end.value_or(EndReason::kExited), replica->end_words);
  }
  log.Warn("cannot end a replica",
           {{"replica", ToString(id)}, {"why", std::string_view(sent.error().message)}});
}

void Controller::Impl::OnExit(const ReplicaExit& exit) {
  Replica* const replica = table.Find(exit.id);
  if (replica == nullptr) return;
  const bool ours = replica->state == ReplicaState::kStopping && replica->end;
  if (ours) return End(*replica, *replica->end, replica->end_words);
  if (replica->state == ReplicaState::kStarting) {
    CountStartFailure(*replica, exit.reason, exit.words);
  } else if (replica->state == ReplicaState::kReady && exit.reason != EndReason::kKilled) {
    failures.OnExit(now() - *replica->ready_at, now());
  }
  End(*replica, exit.reason, exit.words);
}

void Controller::Impl::End(Replica& replica, EndReason reason, std::string words) {
  const ReplicaId id = replica.id;
  const bool wanted = replica.end.has_value();
  checks.Forget(id);
  ejection.Forget(id);
  if (replica.linked) links.remove(id);
  replica.linked = false;
  const std::string name = ToString(id);
  const Log::Fields fields = {{"replica", std::string_view(name)},
                              {"reason", ToString(reason)},
                              {"words", std::string_view(words)}};
  wanted ? log.Info("a replica is gone", fields) : log.Warn("a replica has ended", fields);
  ++counts.ends[reason];
  table.End(replica, reason, std::move(words), now());
  Soon();
}

void Controller::Impl::CountStartFailure(const Replica& replica, EndReason reason,
                                         std::string_view words) {
  ++counts.start_failures;
  if (replica.adopted || stopping) return;
  failures.OnFailed(now());
  if (replica.version == version() && roll.OnStartFailed(reason, words)) ReturnFromRoll();
}

void Controller::Impl::LookAtMemory() {
  if (memory_looks > 0 || now() < *next_memory_look) return;
  next_memory_look = now() + kMemoryEvery;
  std::vector<std::shared_ptr<const ReplicaHandle>> some;
  const auto send = [this, &some] {
    if (some.empty()) return;
    memory_looks += backend.Do([this, some = std::exchange(some, {})](ReplicaBackend& of) {
      std::vector<std::pair<ReplicaId, int64_t>> seen;
      seen.reserve(some.size());
      for (const auto& handle : some)
        seen.emplace_back(handle->id, of.MemoryBytes(*handle).value_or(0));
      Tell([this, seen = std::move(seen)] {
        --memory_looks;
        for (const auto& [id, bytes] : seen) {
          if (Replica* const replica = table.Find(id)) replica->memory_bytes = bytes;
        }
      });
    });
  };
  for (const auto& [id, replica] : table.live()) {
    if (replica.handle) some.push_back(replica.handle);
    if (some.size() == kMemoryAtOnce) send();
  }
  send();
}

}  // namespace hearth::pool
