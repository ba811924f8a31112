// What checks and attempts say about replicas: ready, not ready, sick, ejected.
#include "pool/controller_impl.h"

namespace hearth::pool {
namespace {

constexpr int kUnhealthyIntervals = 3;  // failing for that long: replaced

}  // namespace

void Controller::Impl::OnCheck(ReplicaId id, const CheckResult& result) {
  Replica* const replica = table.Find(id);
  if (replica == nullptr) return;
  using Kind = CheckResult::Kind;
  if (result.kind != Kind::kReady) replica->check_words = result.words;
  if (replica->state == ReplicaState::kStarting) {
    if (result.kind == Kind::kReady) BecomeReady(*replica, result);
    if (result.kind == Kind::kForeign) {
      Kill(*replica, EndReason::kNeverReady, "its address is taken");
      Soon();
    }
    return;
  }
  if (replica->state != ReplicaState::kReady) return;
  switch (result.kind) {
    case Kind::kReady:
      return OnWell(*replica);
    case Kind::kNotReady:
      replica->checks_failed = 0;
      return Pause(*replica, result.words);
    case Kind::kForeign:
      Pause(*replica, result.words);
      return OnSick(*replica, result);
    case Kind::kFailed:
      return OnSick(*replica, result);
  }
}

void Controller::Impl::BecomeReady(Replica& replica, const CheckResult& result) {
  const int said = config.pool.slots > 0 ? config.pool.slots : result.slots;
  replica.slots = said > 0 ? said : 1;
  table.Move(replica, ReplicaState::kReady, now());
  failures.OnReady();
  if (replica.version == version()) {
    slots = replica.slots;
    roll.OnReady();
  }
  const double seconds = std::chrono::duration<double>(now() - replica.started).count();
  log.Info("a replica is ready", {{"replica", ToString(replica.id)},
                                  {"version", std::string_view(replica.version)},
                                  {"slots", int64_t{replica.slots}},
                                  {"seconds", seconds}});
  replica.linked = true;
  if (replica.load_unknown && now() < unknown_load_until) {
    // Before the gateway hears of it, which binds what it holds at once.
    dispatcher.Add(replica.id, replica.slots, now());
    dispatcher.SetOccupied(replica.id, replica.slots, now());
  }
  links.add(replica.id, replica.handle->url, replica.slots);
  Soon();
}

void Controller::Impl::ReleaseUnknownLoad(Time now) {
  if (now < unknown_load_until) return;
  for (auto& [id, replica] : table.live()) {
    if (!replica.load_unknown) continue;
    replica.load_unknown = false;
    if (!replica.linked) continue;
    dispatcher.SetOccupied(id, 0, now);
    const bool works = replica.state == ReplicaState::kReady && !replica.paused;
    if (works && !ejection.ejected(id)) links.readmit(id);
  }
}

void Controller::Impl::OnWell(Replica& replica) {
  const bool was_sick = replica.checks_failed > 0;
  replica.checks_failed = 0;
  replica.answers = true;
  if (replica.paused) {
    replica.may_resume = true;
    Resume(replica);
  }
  Judge(replica, Sign::kCheckPassed);
  if (was_sick) Soon();
}

void Controller::Impl::OnSick(Replica& replica, const CheckResult& result) {
  if (replica.checks_failed == 0) replica.failing_since = now();
  ++replica.checks_failed;
  replica.answers = result.answered;
  replica.may_resume = false;
  Judge(replica, Sign::kCheckFailed);
  if (replica.checks_failed >= Ejection::kFailuresMax) Soon();
}

// It drains at the gateway: no more requests, what it has it keeps. There it has no way back from
// that but as a new one, hence Resume.
void Controller::Impl::Pause(Replica& replica, const std::string& words) {
  replica.may_resume = false;
  if (replica.paused) return;
  replica.paused = true;
  replica.paused_since = now();
  links.drain(replica.id);
  log.Warn("a replica is not ready any more",
           {{"replica", ToString(replica.id)}, {"why", std::string_view(words)}});
  Soon();
}

void Controller::Impl::Resume(Replica& replica) {
  if (dispatcher.busy(replica.id) > 0) return;  // OnIdle, or the next tick
  replica.paused = replica.may_resume = false;
  links.remove(replica.id);
  links.add(replica.id, replica.handle->url, replica.slots);
  if (ejection.ejected(replica.id)) links.eject(replica.id);
  log.Info("a replica is ready again", {{"replica", ToString(replica.id)}});
  Soon();
}

void Controller::Impl::Judge(Replica& replica, Sign sign) {
  if (replica.state != ReplicaState::kReady) return;
  const bool good = sign == Sign::kSuccess || sign == Sign::kCheckPassed;
  // Counting them costs something, and a success does not ask.
  const int others = good ? 0 : table.Others(replica.id, ejection);
  const Ejection::Verdict verdict = ejection.Report(replica.id, sign, others, now());
  if (verdict.check_now) checks.CheckNow(replica.id);
  if (verdict.eject) {
    log.Warn("ejects a replica", {{"replica", ToString(replica.id)}});
    if (!replica.paused) links.eject(replica.id);
    checks.CheckNow(replica.id);
  }
  if (verdict.readmit) {
    log.Info("readmits a replica", {{"replica", ToString(replica.id)}});
    if (!replica.paused) links.readmit(replica.id);
  }
  if (verdict.eject || verdict.readmit) Soon();
}

void Controller::Impl::FindUnhealthy(Time now) {
  const Duration patience = kUnhealthyIntervals * config.replica.health_interval;
  for (auto& [id, replica] : table.live()) {
    if (replica.state != ReplicaState::kReady || replica.unhealthy) continue;
    const bool sick =
        replica.checks_failed >= Ejection::kFailuresMax && now - replica.failing_since >= patience;
    const bool never_again = replica.paused && now - replica.paused_since >= start_timeout;
    const auto ejected = ejection.ejected_since(id);
    const bool stays_out = ejected && now - *ejected >= patience;
    if (!sick && !never_again && !stays_out) continue;
    // The last one that works, however badly, is better than none.
    if (table.Others(id, ejection) == 0) continue;
    replica.unhealthy = true;
    if (stays_out && !sick) replica.check_words = "its work breaks, though its checks pass";
    log.Warn("replaces a replica",
             {{"replica", ToString(id)}, {"why", std::string_view(replica.check_words)}});
  }
}

}  // namespace hearth::pool
