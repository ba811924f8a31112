#include "cli/pool_run.h"

#include <algorithm>
#include <utility>

#include "base/env.h"
#include "base/secret.h"
#include "pool/docker_backend.h"
#include "pool/docker_engine.h"
#include "pool/process_backend.h"
#include "pool/replica_spec.h"

namespace hearth::cli {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::system_clock;

constexpr size_t kTokenBytes = 32;
constexpr milliseconds kProgressPeriod{50};

}  // namespace

PoolRun::PoolRun(PoolPlan plan, const Log& log)
    : plan_(std::move(plan)), log_(log), progress_(plan_.terminal, plan_.began, log) {}

PoolRun::~PoolRun() { cancel_.Fire(); }

Status PoolRun::Open() {
  auto loop = EventLoop::Create();
  if (!loop) return Forward(loop);
  loop_ = *std::move(loop);
  auto signals = SignalWatch::Open(*loop_, [this](int signal) { OnSignal(signal); });
  if (!signals) return Forward(signals);
  signals_ = *std::move(signals);
  auto state = pool::StateDir::Open(plan_.config.pool.state_dir, &log_);
  if (!state) return Forward(state);
  state_.emplace(*std::move(state));
  if (!plan_.history_path.empty()) {
    auto history = HistoryFile::Create(plan_.history_path, log_);
    if (!history) return Forward(history);
    history_ = *std::move(history);
  }
  auto backend = OpenBackend();
  if (!backend) return Forward(backend);
  if (Status opened = OpenGateway(); !opened) return opened;
  controller_ = std::make_unique<pool::Controller>(
      *loop_, plan_.config, *state_, *std::move(backend), *dispatcher_, Links(), log_);
  bringer_ = std::make_unique<ModelBringer>(*loop_, BringOptions{.source = {},
                                                                 .state_dir = state_->path(),
                                                                 .terminal = plan_.terminal,
                                                                 .log = plan_.log,
                                                                 .cancel = &cancel_});
  return OpenAdmin();
}

Result<std::unique_ptr<pool::ReplicaBackend>> PoolRun::OpenBackend() {
  if (plan_.config.replica.backend == config::Backend::kProcess) {
    auto processes = pool::ProcessBackend::Create(*state_, log_);
    if (!processes) return Forward(processes);
    return *std::move(processes);
  }
  auto socket = pool::DockerSocket(ProcessEnv());
  if (!socket) return Forward(socket);
  pool::DockerOptions options{.pool = plan_.config.pool.name, .socket = *std::move(socket)};
  options.stop_pulling = &cancel_;
  auto docker = pool::DockerBackend::Open(std::move(options), log_);
  if (!docker) return Forward(docker);
  return *std::move(docker);
}

Status PoolRun::OpenGateway() {
  dispatcher_.emplace(
      pool::Dispatcher::Limits{.hold_requests = plan_.config.gateway.hold_requests});
  gateway::GatewayEvents events;
  events.on_sign = [this](pool::ReplicaId replica, pool::Sign sign) {
    controller_->OnSign(replica, sign);
  };
  events.on_pressure = [this] {
    traffic_.OnWaiting(dispatcher_->traffic(loop_->now()).waiting);
    controller_->OnPressure();
  };
  events.on_idle = [this](pool::ReplicaId replica) { controller_->OnIdle(replica); };
  events.on_request_end = [this](double ms, int status) { traffic_.OnRequestEnd(ms, status); };
  std::function<void(const pool::Event&)> history;
  if (history_) history = [this](const pool::Event& event) { history_->Add(event); };
  auto gateway = gateway::Gateway::Open(*loop_,
                                        {.limits = plan_.config.gateway,
                                         .retry_safe = plan_.config.replica.retry_safe,
                                         .own_routes_retry_safe = OwnServer()},
                                        plan_.inherited_fd, *dispatcher_, std::move(events),
                                        std::move(history), log_);
  if (!gateway) return Forward(gateway);
  gateway_ = *std::move(gateway);
  return {};
}

Status PoolRun::OpenAdmin() {
  const std::string token = RandomHex(kTokenBytes);
  auto admin = gateway::Admin::Open(plan_.config.admin.listen, token, *loop_, Actions(), log_);
  if (!admin) return Forward(admin);
  admin_ = *std::move(admin);
  progress_.SetAddresses(gateway_->address(), admin_->address());
  return state_->SaveAdmin({.url = admin_->address(), .token = token});
}

pool::ControllerLinks PoolRun::Links() {
  pool::ControllerLinks links;
  links.add = [this](pool::ReplicaId replica, const http::Url& url, int slots) {
    gateway_->AddReplica(replica, url, slots);
    // In the next turn: by then it counts.
    if (!progress_.up()) loop_->Post([this] { progress_.Look(DescribePool()); });
  };
  links.eject = [this](pool::ReplicaId replica) { gateway_->EjectReplica(replica); };
  links.readmit = [this](pool::ReplicaId replica) { gateway_->ReadmitReplica(replica); };
  links.drain = [this](pool::ReplicaId replica) { gateway_->DrainReplica(replica); };
  links.remove = [this](pool::ReplicaId replica) { gateway_->RemoveReplica(replica); };
  return links;
}

gateway::AdminActions PoolRun::Actions() {
  const auto not_yet = []() -> Status {
    return Fail(Code::kUnavailable, "the pool has just begun; try again in a moment");
  };
  gateway::AdminActions actions;
  actions.status = [this] { return DescribePool(); };
  actions.traffic = [this]() -> const gateway::TrafficSeries& { return traffic_; };
  actions.scale = [this, not_yet](std::optional<int> floor, std::optional<int> spare,
                                  std::optional<int> max) -> Status {
    return started_ ? controller_->Scale(floor, spare, max) : not_yet();
  };
  actions.drain = [this, not_yet](pool::ReplicaId replica) -> Status {
    return started_ ? controller_->Drain(replica) : not_yet();
  };
  actions.roll = [this, not_yet](const auto& change) -> Status {
    return started_ ? Roll(change) : not_yet();
  };
  actions.down = [this] { loop_->Post([this] { Stop(); }); };
  actions.metrics = [this] { return PrintMetrics(); };
  actions.gateway_address = gateway_->address();
  return actions;
}

Status PoolRun::Run() {
  gateway_->Start();
  log_.Info("Listening", {{"gateway", gateway_->address()},
                          {"page", admin_->address()},
                          {"state_dir", std::string_view(state_->path())}});
  loop_->Post([this] { Begin(); });
  EachSecond();
  LookAtProgress();
  loop_->Run();
  if (history_) history_->Flush();
  if (outcome_) log_.Info("Down");
  return outcome_;
}

void PoolRun::Begin() {
  if (!OwnServer()) return StartPool(PackedModel{});
  preparing_ = plan_.config.model.source;
  bringer_->Bring(preparing_, [this](Result<PackedModel> model) { StartPool(std::move(model)); });
}

void PoolRun::StartPool(Result<PackedModel> model) {
  preparing_.clear();
  if (stopping_) return StopReplicas();
  if (model) {
    spec_of_file_ = OwnServer() ? OwnSpec(*model) : pool::SpecFromConfig(plan_.config, {});
    outcome_ = controller_->Start(spec_of_file_);
    started_ = outcome_.has_value();
  } else {
    outcome_ = Forward(model);
  }
  if (!outcome_) loop_->Stop();
}

void PoolRun::EachSecond() {
  const auto now = system_clock::now().time_since_epoch();
  const auto second = std::chrono::floor<seconds>(now);
  traffic_.Turn(second.count(), dispatcher_->traffic(loop_->now()), dispatcher_->ready());
  if (history_) history_->Flush();
  loop_->After(std::max<system_clock::duration>(second + seconds(1) - now, milliseconds(1)),
               [this] { EachSecond(); });
}

void PoolRun::LookAtProgress() {
  if (stopping_) return;
  progress_.Look(DescribePool());
  if (!progress_.up()) loop_->After(kProgressPeriod, [this] { LookAtProgress(); });
}

void PoolRun::OnSignal(int signal) {
  log_.Info("Told to stop", {{"signal", int64_t{signal}}, {"again", stopping_}});
  if (!stopping_) return Stop();
  StopReplicas();
  if (started_) controller_->Stop([] {});  // the second one kills
}

// First what is held and under way is answered, then the replicas end.
void PoolRun::Stop() {
  if (std::exchange(stopping_, true)) return;
  cancel_.Fire();
  const milliseconds patience = started_ ? plan_.config.replica.drain_time : milliseconds(0);
  gateway_->Stop(loop_->now() + patience, [this] { StopReplicas(); });
}

void PoolRun::StopReplicas() {
  if (std::exchange(replicas_stopping_, true)) return;
  if (!started_) return loop_->Stop();
  controller_->Stop([this] { loop_->Stop(); });
}

}  // namespace hearth::cli
