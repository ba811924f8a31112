// hearth up: the warm pool on this machine. Flags here; the wiring is in pool_run.cc.
#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <system_error>

#include "cli/command.h"
#include "cli/inherited_socket.h"
#include "cli/pool_flags.h"
#include "cli/pool_model.h"
#include "cli/pool_run.h"
#include "cli/signal_watch.h"

namespace hearth::cli {
namespace {

constexpr int kReplicasMax = 1000;  // as in hearth.toml
constexpr const char* kFooter = R"(
Without a hearth.toml the defaults hold: two replicas of hearth's own server and one spare, on
127.0.0.1:8000, with the page and the admin API on 127.0.0.1:8001. Any server works:
[replica] command = ["uvicorn", "app:app", "--port", "{port}"].

SIGINT and SIGTERM answer what is under way and end the replicas; a second one kills them. Replicas
outlive a killed `hearth up`: the next one takes them over.

Examples:
  hearth up --model models/all-MiniLM-L6-v2.hearth
  hearth up --model hf://sentence-transformers/all-MiniLM-L6-v2 --floor 2 --spare 1
  hearth up --config hearth.toml
  hearth status; hearth scale --floor 4; hearth roll --model new.hearth --wait; hearth down

docs/pool.md says how it works; docs/config.md has every key of hearth.toml.)";

struct UpFlags {
  PoolFlags pool;
  std::string listen;
  std::string admin_listen;
  std::string model;
  std::optional<int> floor, spare, max;
  std::string history;
  std::string log;
};

// What the command line says wins over the file.
Status Override(const UpFlags& flags, config::Config* config) {
  if (!flags.listen.empty()) config->gateway.listen = flags.listen;
  if (!flags.admin_listen.empty()) config->admin.listen = flags.admin_listen;
  if (flags.floor) config->pool.floor = *flags.floor;
  if (flags.spare) config->pool.spare = *flags.spare;
  if (flags.max) config->pool.max = *flags.max;
  if (config->pool.floor > config->pool.max) {
    return Fail(Code::kUsage, "the floor ({}) is above max ({}): change --floor or --max",
                config->pool.floor, config->pool.max);
  }
  const config::Replica& replica = config->replica;
  const bool docker = replica.backend == config::Backend::kDocker;
  const bool own = !docker && replica.command.empty();
  if (!own && !flags.model.empty()) {
    return Fail(Code::kUsage,
                "--model is for hearth's own server, and [replica] names {} in its place",
                docker ? "an image" : "a command");
  }
  if (!flags.model.empty()) config->model.source = flags.model;
  if (own && config->model.source.empty()) {
    return Fail(Code::kUsage,
                "there is nothing to run: give --model, or [model] source or [replica] command in "
                "hearth.toml");
  }
  return own ? CheckSource(config->model.source) : Status();
}

Result<PoolPlan> PlanOf(const UpFlags& flags) {
  PoolPlan plan;
  auto config = LoadPool(flags.pool);
  if (!config) return Forward(config);
  if (Status valid = Override(flags, &*config); !valid) return Forward(valid);
  plan.config = *std::move(config);
  plan.floor = flags.floor;
  plan.spare = flags.spare;
  plan.max = flags.max;
  plan.history_path = flags.history;
  std::error_code error;
  plan.program = std::filesystem::read_symlink("/proc/self/exe", error).string();
  if (error) return Fail(Code::kIo, "cannot read /proc/self/exe: {}", error.message());
  plan.terminal = flags.log.empty() && ::isatty(STDERR_FILENO) == 1;
  plan.log = plan.terminal || flags.log == "text" ? LogFormat::kText : LogFormat::kJson;
  return plan;
}

int RunUp(const UpFlags& flags, std::chrono::steady_clock::time_point began) {
  auto plan = PlanOf(flags);
  if (!plan) return Report(plan.error());
  plan->began = began;
  const auto inherited = TakeInheritedSocket();
  if (!inherited) return Report(inherited.error());
  plan->inherited_fd = *inherited;
  HoldSignals();
  const Log log(STDERR_FILENO, plan->log, LogLevel::kInfo);
  PoolRun pool(*std::move(plan), log);
  Status status = pool.Open();
  if (status) status = pool.Run();
  return status ? 0 : Report(status.error());
}

void AddNumberFlags(CLI::App* up, UpFlags* flags) {
  up->add_option("--floor", flags->floor, "never fewer replicas than this")
      ->check(CLI::Range(0, kReplicasMax))
      ->type_name("N");
  up->add_option("--spare", flags->spare, "ready replicas to keep above those in use")
      ->check(CLI::Range(0, kReplicasMax))
      ->type_name("N");
  up->add_option("--max", flags->max, "never more replicas than this")
      ->check(CLI::Range(1, kReplicasMax))
      ->type_name("N");
}

}  // namespace

void AddUpCommand(CLI::App& app, Run* run) {
  const auto began = std::chrono::steady_clock::now();
  auto flags = std::make_shared<UpFlags>();
  CLI::App* up = app.add_subcommand("up", "Runs the warm pool on this machine");
  up->footer(kFooter);
  AddPoolFlags(up, &flags->pool);
  up->add_option("--listen", flags->listen,
                 "the pool's address: host:port (port 0: a free one) or unix:/path")
      ->type_name("ADDRESS");
  up->add_option("--admin-listen", flags->admin_listen, "of the page and the admin API")
      ->type_name("ADDRESS");
  up->add_option("--model", flags->model,
                 "a packed file, a folder, hf://org/name[@revision] or s3://bucket/prefix")
      ->type_name("SOURCE");
  AddNumberFlags(up, flags.get());
  up->add_option("--history", flags->history,
                 "write what happens to every request into this file, for checking")
      ->type_name("FILE");
  up->add_option("--log", flags->log,
                 "form of the log lines on stderr: json or text [text on a terminal, else json]")
      ->check(CLI::IsMember({"json", "text"}))
      ->type_name("FORMAT");
  up->callback([flags, run, began] { *run = [flags, began] { return RunUp(*flags, began); }; });
}

}  // namespace hearth::cli
