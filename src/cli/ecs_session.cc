#include "cli/ecs_session.h"

#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <array>
#include <chrono>
#include <cstdio>
#include <utility>

#include "base/duration.h"
#include "base/env.h"
#include "cli/cancel_on_signal.h"
#include "ecs/json_text.h"

namespace hearth::cli {

void AddEcsFlags(CLI::App* command, EcsFlags* flags) {
  command->add_option("--config", flags->config, "the pool's file (hearth.toml)")
      ->type_name("FILE");
  command->add_option("--profile", flags->profile, "of ~/.aws/config (AWS_PROFILE)")
      ->type_name("NAME");
  command->add_option("--region", flags->region, "in place of ecs.region")->type_name("REGION");
}

void AddJsonFlag(CLI::App* command, const char* help, EcsFlags* flags) {
  command->add_flag("--json", flags->json, help);
}

Result<std::unique_ptr<aws::ServiceClient>> OpenAws(const EcsFlags& flags,
                                                    const std::string& region,
                                                    const Cancel* cancel) {
  aws::ServiceClientOptions options;
  options.env = ProcessEnv();
  options.profile = flags.profile;
  options.region = flags.region.empty() ? region : flags.region;
  options.cancel = cancel;
  return aws::ServiceClient::Make(std::move(options));
}

Result<EcsSession> OpenEcs(const EcsFlags& flags, const Cancel* cancel) {
  EcsSession out;
  auto config = config::LoadConfig(flags.config);
  if (!config) return Forward(config);
  out.config = *std::move(config);
  if (!out.config.ecs.given) {
    return Fail(Code::kNotFound, "{} has no [ecs]; `hearth ecs init` writes one",
                out.config.path.empty() ? "there is no hearth.toml here, or it" : out.config.path);
  }
  auto client = OpenAws(flags, out.config.ecs.region, cancel);
  if (!client) return Forward(client);
  out.client = *std::move(client);
  out.config.ecs.region = out.client->region();
  auto spec = ecs::MakeSpec(out.config);
  if (!spec) return Forward(spec);
  out.spec = *std::move(spec);
  return out;
}

Result<ecs::Desired> DesiredNow(const ecs::EcsSpec& spec) {
  return ecs::MakeDesired(spec, std::chrono::system_clock::now());
}

ecs::ApplyProgress StepLines(const ecs::Plan& plan) {
  return [&plan, step = 0](const ecs::Action& action, bool done) mutable {
    if (done) return;
    fmt::print(stderr, "{}/{} {} \"{}\"\n", ++step, plan.actions.size(),
               ecs::FactsOf(action.kind).words, action.name);
  };
}

double NowSeconds() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

Status Confirm(bool yes, const std::string& question) {
  if (yes) return {};
  if (::isatty(STDIN_FILENO) != 1) {
    return Fail(Code::kUsage, "there is no terminal to ask on; say --yes when it is to be done");
  }
  fmt::print(stderr, "{} [y/N] ", question);
  std::array<char, 16> line{};
  // Interrupted by a signal it gives nothing, which is no yes.
  if (std::fgets(line.data(), line.size(), stdin) != nullptr) {
    const std::string_view answer(line.data());
    if (answer == "y\n" || answer == "Y\n" || answer == "yes\n") return {};
  }
  return Fail(Code::kCancelled, "nothing was done");
}

void AddFollowFlags(CLI::App* command, FollowFlags* flags) {
  command->add_option("--timeout", flags->timeout, "in place of ecs.wait_timeout")
      ->type_name("TIME");
  command->add_option("--poll", flags->poll, "between two looks at the deployment")
      ->capture_default_str()
      ->type_name("TIME");
}

Result<ecs::DeploymentState> FollowDeployment(const EcsSession& session, const FollowFlags& flags,
                                              ecs::FollowOptions options, const Cancel& cancel) {
  options.timeout = session.config.ecs.wait_timeout;
  if (!flags.timeout.empty()) {
    auto timeout = ParseDuration(flags.timeout);
    if (!timeout) return Fail(Code::kUsage, "--timeout: {}", timeout.error().message);
    options.timeout = *timeout;
  }
  auto poll = ParseDuration(flags.poll);
  if (!poll) return Fail(Code::kUsage, "--poll: {}", poll.error().message);
  options.poll = *poll;
  return ecs::Follow(session.call(), session.spec, options, cancel,
                     [](const std::string& line) { fmt::print(stderr, "{}\n", line); });
}

void PrintJson(const boost::json::object& json) { fmt::print("{}\n", ecs::JsonText(json)); }

int RunEcs(const std::function<Result<int>(Cancel& cancel)>& work) {
  Cancel cancel;
  CancelOnSignal(&cancel);
  auto done = work(cancel);
  if (done) return *done;
  const int code = Report(done.error());
  const int number = CancellingSignal();
  return number != 0 ? 128 + number : code;
}

}  // namespace hearth::cli
