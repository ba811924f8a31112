// For tests of the controller: a world in which replicas are small HTTP servers of this process, a
// backend that starts and ends them, and a rig that runs a real controller on a real event loop.
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <functional>
#include <future>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/event_loop.h"
#include "base/mutex.h"
#include "http/test_support.h"
#include "pool/controller.h"

namespace hearth::pool::testing {

using http::testing::Eventually;
using namespace std::chrono_literals;

// How a replica behaves; may be changed while it runs.
struct Behaviour {
  std::atomic<int> ready{200};  // what GET /ready says
  std::atomic<int> health{200};
  std::atomic<bool> silent{false};   // takes requests, never answers
  std::atomic<bool> foreign{false};  // another server has its address
  std::atomic<int> health_asked{0};
  int slots = 0;             // X-Hearth-Slots; 0: none
  std::string cannot_start;  // set: Start fails with it
  bool exits_at_once = false;
  bool ignores_term = false;
  bool gone_unseen = false;  // Terminate and Kill say kNotFound, nobody tells of the exit
};

class Server {
 public:
  Server(std::shared_ptr<Behaviour> behaviour, std::string nonce)
      : behaviour_(std::move(behaviour)), nonce_(std::move(nonce)), server_(MakeHandlers()) {}
  uint16_t port() const { return server_.port(); }

 private:
  http::Handlers MakeHandlers() {
    http::Handlers handlers;
    handlers.on_request = [this](const http::Request& request, http::Responder responder) {
      if (behaviour_->silent) {
        held_.push_back(std::move(responder));
        return;
      }
      const bool health = request.path == "/health";
      if (health) ++behaviour_->health_asked;
      http::Response response;
      response.status = health ? behaviour_->health : behaviour_->ready;
      response.headers.emplace_back("X-Hearth-Nonce", behaviour_->foreign ? "another" : nonce_);
      if (behaviour_->slots > 0) {
        response.headers.emplace_back("X-Hearth-Slots", std::to_string(behaviour_->slots));
      }
      responder.Send(std::move(response));
    };
    return handlers;
  }

  const std::shared_ptr<Behaviour> behaviour_;
  const std::string nonce_;
  std::vector<http::Responder> held_;
  http::testing::TestServer server_;
};

// What runs, whoever started it: outlives controllers. Any thread.
class World {
 public:
  using Choose = std::function<std::shared_ptr<Behaviour>(const StartOrder&)>;

  void SetBehaviour(Choose choose) {
    const MutexLock lock(mutex_);
    choose_ = std::move(choose);
  }
  void SetOnExit(std::function<void(ReplicaExit)> on_exit) {
    const MutexLock lock(mutex_);
    on_exit_ = std::move(on_exit);
  }
  void FailFinds(int count) {
    const MutexLock lock(mutex_);
    finds_to_fail_ = count;
  }

  Result<ReplicaHandle> Start(const StartOrder& order) {
    Choose choose;
    {
      const MutexLock lock(mutex_);
      choose = choose_;
      ++starts_;
    }
    auto behaviour = choose ? choose(order) : std::make_shared<Behaviour>();
    if (!behaviour->cannot_start.empty()) return Fail(Code::kIo, behaviour->cannot_start);
    Running running{.handle = {},
                    .behaviour = behaviour,
                    .server = std::make_unique<Server>(behaviour, order.nonce)};
    running.handle.id = order.id;
    running.handle.nonce = order.nonce;
    running.handle.version = order.spec.Version();
    running.handle.url.host = "127.0.0.1";
    running.handle.url.port = running.server->port();
    running.handle.pid = 1000 + static_cast<int64_t>(order.id.value);
    ReplicaHandle handle = running.handle;
    {
      const MutexLock lock(mutex_);
      running_[order.id] = std::move(running);
    }
    if (behaviour->exits_at_once) Exit(order.id, EndReason::kExited, "exit 3");
    return handle;
  }

  // It ends. The backend's watcher tells.
  void Exit(ReplicaId id, EndReason reason, const std::string& words, bool tell = true) {
    std::function<void(ReplicaExit)> on_exit;
    std::unique_ptr<Server> server;  // ends its thread after the lock is gone
    {
      const MutexLock lock(mutex_);
      const auto found = running_.find(id);
      if (found == running_.end()) return;
      server = std::move(found->second.server);
      running_.erase(found);
      if (tell) on_exit = on_exit_;
    }
    server.reset();
    if (on_exit) on_exit({id, reason, words});
  }

  Status Signal(ReplicaId id, bool kill) {
    const auto behaviour = BehaviourOf(id);
    if (!behaviour) return {};
    {
      const MutexLock lock(mutex_);
      (kill ? killed_ : terminated_).push_back(id);
    }
    if (behaviour->gone_unseen) {
      Exit(id, EndReason::kExited, "", false);
      return Fail(Code::kNotFound, "there is no such process");
    }
    if (kill || !behaviour->ignores_term) {
      Exit(id, kill ? EndReason::kKilled : EndReason::kExited, kill ? "signal 9" : "exit 0");
    }
    return {};
  }

  Result<std::vector<ReplicaHandle>> Find() {
    const MutexLock lock(mutex_);
    if (finds_to_fail_-- > 0) return Fail(Code::kUnavailable, "the engine sleeps");
    std::vector<ReplicaHandle> handles;
    for (const auto& [id, running] : running_) handles.push_back(running.handle);
    return handles;
  }

  std::shared_ptr<Behaviour> BehaviourOf(ReplicaId id) {
    const MutexLock lock(mutex_);
    const auto found = running_.find(id);
    return found == running_.end() ? nullptr : found->second.behaviour;
  }
  std::vector<ReplicaId> Ids() {
    const MutexLock lock(mutex_);
    std::vector<ReplicaId> ids;
    for (const auto& [id, running] : running_) ids.push_back(id);
    return ids;
  }
  int starts() {
    const MutexLock lock(mutex_);
    return starts_;
  }
  std::vector<ReplicaId> killed() {
    const MutexLock lock(mutex_);
    return killed_;
  }
  std::vector<ReplicaId> terminated() {
    const MutexLock lock(mutex_);
    return terminated_;
  }

 private:
  struct Running {
    ReplicaHandle handle;
    std::shared_ptr<Behaviour> behaviour;
    std::unique_ptr<Server> server;
  };

  Mutex mutex_;
  Choose choose_ HEARTH_GUARDED_BY(mutex_);
  std::function<void(ReplicaExit)> on_exit_ HEARTH_GUARDED_BY(mutex_);
  std::map<ReplicaId, Running> running_ HEARTH_GUARDED_BY(mutex_);
  int starts_ HEARTH_GUARDED_BY(mutex_) = 0;
  int finds_to_fail_ HEARTH_GUARDED_BY(mutex_) = 0;
  std::vector<ReplicaId> killed_ HEARTH_GUARDED_BY(mutex_);
  std::vector<ReplicaId> terminated_ HEARTH_GUARDED_BY(mutex_);
};

class FakeBackend final : public ReplicaBackend {
 public:
  explicit FakeBackend(World& world) : world_(world) {}
  ~FakeBackend() override { world_.SetOnExit(nullptr); }

  Result<ReplicaHandle> Start(const StartOrder& order) override { return world_.Start(order); }
  Status Terminate(const ReplicaHandle& replica) override {
    return world_.Signal(replica.id, false);
  }
  Status Kill(const ReplicaHandle& replica) override { return world_.Signal(replica.id, true); }
  Result<std::vector<ReplicaHandle>> Find() override { return world_.Find(); }
  Result<int64_t> MemoryBytes(const ReplicaHandle&) override { return 4096; }
  void OnExit(std::function<void(ReplicaExit)> on_exit) override {
    world_.SetOnExit(std::move(on_exit));
  }

 private:
  World& world_;
};

inline ReplicaSpec Spec(const std::string& what) {
  ReplicaSpec spec;
  spec.command = {what};
  return spec;
}

// A controller on a loop of its own. What it tells the gateway goes to a real dispatcher, and is
// written down. Everything is looked at on the loop.
class Rig {
 public:
  Rig() : folder_(std::filesystem::temp_directory_path() / ("hearth-ctl-" + Unique())) {
    config.pool.floor = 2;
    config.pool.spare = 0;
    config.pool.max = 6;
    config.replica.start_time = 50ms;
    config.replica.start_timeout = 20s;
    config.replica.health_interval = 40ms;
    config.replica.health_timeout = 5s;
    config.gateway.hold_time = 100ms;
    state_ = std::make_unique<StateDir>(StateDir::Open(folder_.string()).value());
    loop_ = EventLoop::Create().value();
    thread_ = std::thread([this] { loop_->Run(); });
  }
  ~Rig() {
    Crash();
    loop_->Stop();
    thread_.join();
    for (const ReplicaId id : world.Ids()) world.Exit(id, EndReason::kExited, "", false);
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }
  Rig(const Rig&) = delete;
  Rig& operator=(const Rig&) = delete;

  // Runs `call` on the loop and returns what it returns.
  template <typename Call>
  auto OnLoop(Call call) {
    std::promise<decltype(call())> promise;
    auto answer = promise.get_future();
    loop_->Post([&] {
      if constexpr (std::is_void_v<decltype(call())>) {
        call();
        promise.set_value();
      } else {
        promise.set_value(call());
      }
    });
    return answer.get();
  }
  template <typename Call>
  auto With(Call call) {
    return OnLoop([&] { return call(*controller_, *dispatcher_); });
  }
  Status Start(const ReplicaSpec& spec = Spec("v1")) {
    return OnLoop([&] {
      dispatcher_ = std::make_unique<Dispatcher>(Dispatcher::Limits{});
      least_working_ = -1;
      controller_ = std::make_unique<Controller>(*loop_, config, *state_,
                                                 std::make_unique<FakeBackend>(world), *dispatcher_,
                                                 Links(), log_);
      return controller_->Start(spec);
    });
  }
  // As kill -9 does: what runs goes on.
  void Crash() {
    OnLoop([&] { controller_.reset(); });
  }

  PoolStatus status() {
    return OnLoop([&] { return controller_->status(); });
  }
  std::vector<std::string> links() {
    return OnLoop([&] { return links_; });
  }
  bool Linked(const std::string& what) {
    const auto all = links();
    return std::ranges::find(all, what) != all.end();
  }
  // Fewest replicas that could get requests, since the floor was reached first.
  int least_working() {
    return OnLoop([&] { return least_working_; });
  }

  bool Ready(int count) {
    return Eventually([&] {
      const PoolStatus now = status();
      return now.ready == count && now.starting == 0;
    });
  }
  bool Is(ReplicaId id, ReplicaState state) { return Of(id).state == state; }
  ReplicaStatus Of(ReplicaId id) {
    for (ReplicaStatus& replica : status().replicas) {
      if (replica.id == id) return std::move(replica);
    }
    return {};
  }
  // Of those that are not gone, in the given version.
  std::vector<ReplicaId> Live(const std::string& version = "") {
    std::vector<ReplicaId> ids;
    for (const ReplicaStatus& replica : status().replicas) {
      if (replica.state == ReplicaState::kGone) continue;
      if (version.empty() || replica.version == version) ids.push_back(replica.id);
    }
    return ids;
  }
  // After the controller has looked at the pool `looks` times more.
  bool After(int looks) {
    const int64_t begin = status().counts.decisions;
    return Eventually([&] { return status().counts.decisions >= begin + looks; });
  }
  // A gateway's request, which stays at its replica; held ones too.
  void Ask(int requests) {
    With([&](Controller& controller, Dispatcher& dispatcher) {
      for (int i = 0; i < requests; ++i) {
        Dispatcher::Ask ask;
        ask.request = RequestId{++asked_};
        ask.hold_until = loop_->now() + 1h;
        dispatcher.Admit(ask, loop_->now());
      }
      controller.OnPressure();
    });
  }
  void Release(ReplicaId id) {
    With([&](Controller& controller, Dispatcher& dispatcher) {
      dispatcher.Release(id, loop_->now());
      if (dispatcher.busy(id) == 0) controller.OnIdle(id);
    });
  }

  World world;
  config::Config config;

 private:
  static std::string Unique() {
    static std::atomic<int> count{0};
    return std::to_string(::getpid()) + "-" + std::to_string(++count);
  }

  ControllerLinks Links() {
    const auto note = [this](std::string what, ReplicaId id) {
      links_.push_back(what + " " + ToString(id));
      // Counted from when the floor was reached first.
      const int working = dispatcher_->ready();
      if (least_working_ >= 0) least_working_ = std::min(least_working_, working);
      if (least_working_ < 0 && working >= config.pool.floor) least_working_ = working;
    };
    ControllerLinks links;
    links.add = [this, note](ReplicaId id, const http::Url&, int slots) {
      dispatcher_->Add(id, slots, loop_->now());
      note("add", id);
    };
    links.eject = [this, note](ReplicaId id) {
      dispatcher_->Eject(id);
      note("eject", id);
    };
    links.readmit = [this, note](ReplicaId id) {
      dispatcher_->Readmit(id);
      note("readmit", id);
    };
    links.drain = [this, note](ReplicaId id) {
      dispatcher_->Drain(id);
      note("drain", id);
    };
    links.remove = [this, note](ReplicaId id) {
      dispatcher_->Remove(id, loop_->now());
      note("remove", id);
    };
    return links;
  }

  const std::filesystem::path folder_;
  const Log log_{-1, LogFormat::kText, LogLevel::kError};
  std::unique_ptr<StateDir> state_;
  std::unique_ptr<EventLoop> loop_;
  std::thread thread_;
  // Of the loop's thread, from here on.
  std::unique_ptr<Dispatcher> dispatcher_;
  std::unique_ptr<Controller> controller_;
  std::vector<std::string> links_;
  int least_working_ = -1;
  uint64_t asked_ = 0;
};

}  // namespace hearth::pool::testing
