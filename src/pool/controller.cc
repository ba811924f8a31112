#include "pool/controller.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "pool/controller_impl.h"

namespace hearth::pool {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Duration kTick = milliseconds(250);
constexpr Duration kPressureGap = milliseconds(10);
constexpr Duration kFindAgainFirst = seconds(1);
constexpr Duration kFindAgainMax = seconds(10);
constexpr size_t kDecisionsMax = 50;

int64_t UnixMs() {
  const auto since = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<milliseconds>(since).count();
}

Duration StartTimeout(const config::Replica& replica) {
  if (replica.start_timeout > milliseconds::zero()) return replica.start_timeout;
  return std::max<Duration>(10 * replica.start_time, seconds(30));
}

CheckSettings Checks(const config::Replica& replica) {
  return {replica.ready, replica.health, replica.health_interval, replica.health_timeout,
          replica.start_time};
}

}  // namespace

// NOLINTNEXTLINE(readability-function-size): what it stands on, each once
Controller::Impl::Impl(EventLoop& event_loop, const config::Config& configuration,
                       StateDir& state_dir, std::unique_ptr<ReplicaBackend> backend_in,
                       Dispatcher& dispatcher_in, ControllerLinks links_in, const Log& log_in)
    : loop(event_loop),
      config(configuration),
      state(state_dir),
      dispatcher(dispatcher_in),
      links(std::move(links_in)),
      log(log_in),
      start_timeout(StartTimeout(configuration.replica)),
      checks(event_loop, Checks(configuration.replica),
             [this](ReplicaId id, const CheckResult& result) { OnCheck(id, result); }),
      backend(std::move(backend_in)) {}

Controller::Impl::~Impl() {
  for (const auto timer : {pressure_timer, look_timer, find_timer}) loop.Cancel(timer);
}

Status Controller::Impl::Start(const ReplicaSpec& of_file) {
  auto created = WarmNumbers::Create(config.pool);
  if (!created) return Forward(created);
  numbers = *std::move(created);
  auto loaded = state.Load();
  if (!loaded) return Forward(loaded);
  stored = *std::move(loaded);
  ChooseVersion(of_file);
  must_save = false;  // here, where a failure can still be told
  if (Status saved = state.Save(stored); !saved) return saved;
  // Nearly one hold_time: who came first with this controller must not be turned away at that
  // moment.
  unknown_load_until = now() + config.gateway.hold_time * 9 / 10;
  next_memory_look = now();
  backend.Do([this](ReplicaBackend& to) {
    to.OnExit([this](const ReplicaExit& exit) { Tell([this, exit] { OnExit(exit); }); });
  });
  FindRunning();
  return {};
}

void Controller::Impl::FindRunning() {
  backend.Do(
      [this](ReplicaBackend& from) { Tell([this, running = from.Find()] { OnFound(running); }); });
}

void Controller::Impl::OnFound(const Result<std::vector<ReplicaHandle>>& running) {
  if (!running && !stopping) {
    // Without knowing what runs, anything that is started could be a duplicate.
    find_again = std::clamp(2 * find_again, kFindAgainFirst, kFindAgainMax);
    log.Warn("cannot find out which replicas run: tries again", {{"why", running.error().message}});
    find_timer = loop.After(find_again, [this] { FindRunning(); });
    return;
  }
  if (!running) log.Error("replicas may be left running", {{"why", running.error().message}});
  found = true;
  const int count = running ? static_cast<int>(running->size()) : 0;
  for (int i = 0; i < count; ++i) {
    const ReplicaHandle& handle = (*running)[static_cast<size_t>(i)];
    Replica& replica = table.Add(handle.id, handle.nonce, handle.version, now());
    replica.adopted = replica.load_unknown = true;
    replica.started = now() - milliseconds(std::max<int64_t>(UnixMs() - handle.started_unix_ms, 0));
    replica.handle = std::make_shared<const ReplicaHandle>(handle);
    stored.next_replica = std::max(stored.next_replica, handle.id.value + 1);
    checks.Await(handle.id, handle.url, handle.nonce);
    log.Info("adopts a replica", {{"replica", ToString(handle.id)}, {"version", handle.version}});
  }
  counts.adopted += count;
  window.emplace(config.pool.keep_warm, now(), std::max(count - numbers->spare().value, 0));
  if (!stored.previous_version.empty()) {
    if (table.OldLeft(version()) > 0) {
      roll.Begin(stored.previous_version, version());
    } else {
      FinishRoll();
      roll.Forget();
    }
  }
  Soon();
}

void Controller::Impl::Soon() {
  if (soon) return;
  soon = true;
  loop.Post([this, life = std::weak_ptr<const bool>(alive)] {
    if (!life.expired()) Look();
  });
}

void Controller::Impl::Pressure() {
  if (soon || pressure_timer != EventLoop::TimerId::kNone) return;
  const Time next = looked_at + kPressureGap;
  if (next <= now()) return Soon();
  pressure_timer = loop.At(next, [this] {
    pressure_timer = EventLoop::TimerId::kNone;
    Soon();
  });
}

void Controller::Impl::Look() {
  soon = false;
  looked_at = now();
  Decision decision;
  if (found) {
    Settle(looked_at);
    decision = Decide(looked_at);
    Desired desired{.decision = decision,
                    .floor = numbers->floor().value,
                    .max = numbers->max().value,
                    .surge = config.pool.surge,
                    .stopping = stopping,
                    .drain = {},
                    .start_timeout = start_timeout,
                    .drain_time = config.replica.drain_time};
    const auto actions = Reconcile(desired, observation.replicas, looked_at);
    Record(decision);
    if (Act(actions)) Soon();
    last = std::move(decision);
    LookAtMemory();
  }
  if (must_save) Save();
  ArmTimer(last);
  if (stopping && found && table.live().empty()) FinishStop();
}

void Controller::Impl::Settle(Time now) {
  numbers->Look(UnixMs() / 1000);
  table.ForgetGone(now);
  ReleaseUnknownLoad(now);
  FindUnhealthy(now);
  for (auto& [id, replica] : table.live()) {
    if (replica.may_resume) Resume(replica);
    if (killing) Kill(replica, EndReason::kRetired, "the pool goes down at once");
    if (replica.state == ReplicaState::kReady && replica.ready_at) {
      failures.OnReadySince(*replica.ready_at, now);
    }
  }
  if (roll.OnCount(table.OldLeft(version()), table.ReadyOf(version()))) {
    log.Info("the roll is done", {{"version", version()}});
    FinishRoll();
  }
}

Decision Controller::Impl::Decide(Time now) {
  table.FillViews(dispatcher, ejection, version(), &observation.replicas);
  Traffic traffic = dispatcher.traffic(now);
  traffic.occupied_peak = std::max(dispatcher.TakeOccupiedPeak(), traffic.occupied);
  window->Add(traffic, std::max(InUse(traffic.occupied_peak, slots), last.in_use), now);
  observation.waiting = traffic.waiting;
  observation.demand = window->Get(now);
  observation.start_failures = failures.count();
  observation.last_start_failure = failures.last();
  if (stopping) {
    Decision down;
    down.reason = "the pool goes down";
    return down;
  }
  Policy policy;
  policy.floor = numbers->floor().value;
  policy.spare = numbers->spare().value;
  policy.max = numbers->max().value;
  policy.keep_warm = config.pool.keep_warm;
  policy.slots = slots;
  policy.start_time = config.replica.start_time;
  ++counts.decisions;
  return Step(observation, policy, now);
}

// Only what changes something, or says why nothing happens.
void Controller::Impl::Record(const Decision& decision) {
  const bool news = decision.start > 0 || !decision.retire.empty() ||
                    decision.desired != recorded_desired || failures.count() != recorded_failures;
  if (!news) return;
  recorded_desired = decision.desired;
  recorded_failures = failures.count();
  decisions.push_front({UnixMs(), decision.desired, decision.in_use, decision.reason});
  if (decisions.size() > kDecisionsMax) decisions.pop_back();
  log.Info("decision", {{"desired", int64_t{decision.desired}},
                        {"in_use", int64_t{decision.in_use}},
                        {"reason", std::string_view(decision.reason)}});
}

void Controller::Impl::ArmTimer(const Decision& decision) {
  loop.Cancel(look_timer);
  Time next = now() + kTick;
  if (decision.look_again && *decision.look_again > now()) {
    next = std::min(next, *decision.look_again);
  }
  if (unknown_load_until > now()) next = std::min(next, unknown_load_until);
  look_timer = loop.At(next, [this] {
    look_timer = EventLoop::TimerId::kNone;
    if (!soon) Look();
  });
}

void Controller::Impl::FinishStop() {
  for (auto& done : std::exchange(on_stopped, {})) {
    // In a later turn: it may destroy us.
    loop.Post(std::move(done));
  }
}

// Written by `backend`, after what it was told before: the loop does not wait for the disk.
void Controller::Impl::Save() {
  stored.policy = numbers->stored();
  stored.config_digest = numbers->ConfigText() + "|" + file_version;
  const bool queued = backend.Do([this, copy = stored](ReplicaBackend&) {
    if (const Status saved = state.Save(copy); !saved) {
      log.Error("cannot save the pool's state", {{"why", saved.error().message}});
    }
  });
  must_save = !queued;
}

Controller::Controller(EventLoop& loop, const config::Config& config, StateDir& state,
                       std::unique_ptr<ReplicaBackend> backend, Dispatcher& dispatcher,
                       ControllerLinks links, const Log& log)
    : impl_(std::make_unique<Impl>(loop, config, state, std::move(backend), dispatcher,
                                   std::move(links), log)) {}
Controller::~Controller() = default;

Status Controller::Start(const ReplicaSpec& spec) { return impl_->Start(spec); }

void Controller::Stop(std::function<void()> done) {
  impl_->killing = impl_->stopping;
  impl_->stopping = true;
  impl_->unknown_load_until = impl_->now();  // those clients went with the controller before
  impl_->on_stopped.push_back(std::move(done));
  impl_->Soon();
}

Status Controller::Scale(std::optional<int> floor, std::optional<int> spare,
                         std::optional<int> max) {
  if (Status scaled = impl_->numbers->Scale(floor, spare, max); !scaled) return scaled;
  impl_->must_save = true;
  impl_->Soon();
  return {};
}

Status Controller::Drain(ReplicaId replica) {
  Replica* const found = impl_->table.Find(replica);
  if (found == nullptr) {
    return Fail(Code::kNotFound, "there is no replica {}: `hearth status` lists them",
                ToString(replica));
  }
  found->drain_asked = true;
  impl_->Soon();
  return {};
}

Status Controller::Roll(const ReplicaSpec& spec) {
  if (impl_->stopping) return Fail(Code::kUnavailable, "cannot roll: the pool goes down");
  if (!impl_->found) {
    return Fail(Code::kUnavailable, "cannot roll: the pool has just begun; try again in a moment");
  }
  if (impl_->roll.on()) {
    return Fail(Code::kUnavailable, "cannot roll to {}: the roll to {} is on; wait for its end",
                spec.Version(), impl_->roll.to());
  }
  if (spec.Version() == impl_->version()) {
    impl_->roll.Skip(impl_->version());
    return {};
  }
  impl_->BeginRoll(spec);
  return {};
}

void Controller::OnSign(ReplicaId replica, Sign sign) {
  if (Replica* const found = impl_->table.Find(replica)) impl_->Judge(*found, sign);
}

void Controller::OnPressure() { impl_->Pressure(); }

void Controller::OnIdle(ReplicaId replica) {
  const Replica* const found = impl_->table.Find(replica);
  if (found != nullptr && (found->may_resume || found->state == ReplicaState::kDraining)) {
    impl_->Soon();
  }
}

PoolStatus Controller::status() const { return impl_->Describe(); }

}  // namespace hearth::pool
