// hearth serve: the composition root of one replica.
#include <fmt/format.h>
#include <pthread.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <ctime>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <utility>

#include "base/cpu_quota.h"
#include "base/memory_limit.h"
#include "cli/command.h"
#include "cli/ecs_duties.h"
#include "cli/serve_flags.h"
#include "http/server.h"
#include "serve/loader.h"
#include "serve/service.h"

namespace hearth::cli {
namespace {

using serve::Clock;
using serve::Phase;
using std::chrono::milliseconds;

// Answers that are being written when the work is done get this long.
constexpr milliseconds kLastAnswers{2'000};

double MillisecondsSince(Clock::time_point start) {
  return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
}

// CPU time that the process used before main: the kernel's exec and the dynamic linker. (The wall
// time of exec is known to the kernel only in clock ticks of 10 ms.)
double ExecMilliseconds() {
  std::timespec used{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
  return static_cast<double>(used.tv_sec) * 1e3 + static_cast<double>(used.tv_nsec) * 1e-6;
}

struct Replica {
  ServeFlags flags;
  Clock::time_point main_began;
  double exec_ms = 0;
  double bind_ms = 0;
  std::unique_ptr<Log> log;
  std::unique_ptr<serve::Service> service;
  std::unique_ptr<http::Server> server;
  EcsDuties ecs;
  // Set by the loader thread before it stops the server.
  std::atomic<bool> load_failed{false};
  std::atomic<bool> loading{true};
  Error load_error;
  std::thread drain;  // begins with the first signal, ends by stopping the server
};

void LogReady(const Replica& replica, const serve::StartTimes& times, kernels::Isa isa, int workers,
              const std::pair<int64_t, int64_t>& memory) {
  replica.log->Info("Model loaded and ready to serve",
                    {{"ready_ms", times.ready},
                     {"exec_ms", times.exec},
                     {"bind_ms", times.bind},
                     {"open_model_ms", times.open_model},
                     {"read_weights_ms", times.read_weights},
                     {"prepare_ms", times.prepare},
                     {"first_forward_ms", times.first_forward},
                     {"cpu_isa", kernels::NameOf(isa)},
                     {"workers", int64_t{workers}},
                     {"memory_needed_bytes", memory.first},
                     {"memory_limit_bytes", memory.second},
                     {"model", std::string_view(replica.flags.options.model_path)}});
}

// The loader thread: ends in ready, or stops the server with load_error set.
void LoadThenServe(Replica& replica) {
  const serve::ServeOptions& options = replica.flags.options;
  const int workers = options.workers > 0 ? options.workers : ThreadsFor(ReadCpuBudget());
  auto loaded = serve::Load(options, workers, ReadMemoryBudget().limit, *replica.log,
                            &replica.service->lifecycle());
  Status status;
  serve::StartTimes times;
  kernels::Isa isa{};
  std::pair<int64_t, int64_t> memory;  // needed, limit (0: none)
  if (loaded) {
    isa = loaded->isa;
    loaded->times.exec = replica.exec_ms;
    loaded->times.bind = replica.bind_ms;
    loaded->times.ready = replica.exec_ms + MillisecondsSince(replica.main_began);
    times = loaded->times;
    memory = {loaded->memory.needed, loaded->memory.limit.value_or(0)};
    status = replica.service->Loaded(std::move(*loaded));
  } else {
    status = Forward(loaded);
  }
  if (status) {
    LogReady(replica, times, isa, workers, memory);
  } else if (replica.service->lifecycle().phase() < Phase::kDraining) {
    replica.load_error = status.error();
    replica.load_failed = true;
    replica.server->Stop(Clock::now());
  }
  replica.loading = false;
}

// On the I/O thread. The first signal drains, the second ends the process at once.
void OnSignal(Replica& replica, int signal) {
  serve::Service& service = *replica.service;
  const Phase before = service.lifecycle().phase();
  if (before >= Phase::kDraining) std::_Exit(128 + signal);
  const milliseconds timeout = replica.flags.options.drain_timeout;
  replica.log->Info("Told to stop", {{"signal", int64_t{signal}},
                                     {"phase", serve::NameOf(before)},
                                     {"drain_timeout_ms", int64_t{timeout.count()}}});
  // /ready says 503 from here on; the server goes on answering until the work in hand is done or
  // the time is over.
  auto drained = std::make_shared<std::promise<void>>();
  service.BeginDrain([drained] { drained->set_value(); });
  replica.drain = std::thread([&replica, timeout, drained] {
    if (drained->get_future().wait_for(timeout) == std::future_status::timeout) {
      replica.log->Warn("The drain timeout is over: what is left is answered with 503");
      replica.service->Stop();
    }
    replica.server->Stop(Clock::now() + kLastAnswers);
  });
  pthread_setname_np(replica.drain.native_handle(), "drain");
}

int Serve(Replica& replica) {
  const serve::ServeOptions& options = replica.flags.options;
  // As the first process of a container it inherits the orphans of every exec: the kernel reaps
  // them.
  std::signal(SIGCHLD, SIG_IGN);
  replica.log =
      std::make_unique<Log>(STDERR_FILENO, FormatOf(replica.flags), LevelOf(replica.flags));
  for (const std::string& unused : UnusedTeiVariables()) replica.log->Warn(unused);
  replica.service = std::make_unique<serve::Service>(options, *replica.log);
  auto server = http::Server::Open(options.listen, options.http, replica.service->Handlers());
  if (!server) return Report(server.error());
  replica.server = std::move(*server);
  replica.service->Attach(*replica.server);
  replica.service->lifecycle().MoveTo(Phase::kLoading);
  replica.server->OnSignal([&replica](int signal) { OnSignal(replica, signal); });
  replica.bind_ms = MillisecondsSince(replica.main_began);
  const std::string line = fmt::format("listening on {}\n", replica.server->address());
  [[maybe_unused]] const ssize_t written = ::write(STDOUT_FILENO, line.data(), line.size());

  replica.ecs = StartEcsDuties(options, *replica.service, *replica.log);
  std::thread loader([&replica] { LoadThenServe(replica); });
  pthread_setname_np(loader.native_handle(), "loader");
  replica.server->Run();
  if (replica.drain.joinable()) replica.drain.join();
  if (replica.load_failed) {
    loader.join();
    return Report(replica.load_error);
  }
  if (replica.loading) {
    // Told to stop while loading: reading a file from a slow disk cannot be broken off, so the
    // process ends around it.
    loader.detach();
    std::_Exit(0);
  }
  loader.join();
  replica.service->Stop();
  replica.service->lifecycle().MoveTo(Phase::kGone);
  replica.log->Info("Stopped");
  return 0;
}

}  // namespace

void AddServeCommand(CLI::App& app, Run* run) {
  auto replica = std::make_shared<Replica>();
  replica->main_began = Clock::now();
  replica->exec_ms = ExecMilliseconds();
  CLI::App* command = app.add_subcommand("serve", "Serves a packed model over HTTP");
  AddServeFlags(*command, &replica->flags);
  command->callback([replica, run] {
    *run = [replica] {
      const Status status = FinishServeFlags(&replica->flags);
      return status ? Serve(*replica) : Report(status.error());
    };
  });
}

}  // namespace hearth::cli
