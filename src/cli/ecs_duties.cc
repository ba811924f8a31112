#include "cli/ecs_duties.h"

#include <fmt/format.h>
#include <unistd.h>

#include <chrono>
#include <utility>

#include "base/duration.h"
#include "ecs/spare_policy.h"
#include "http/url.h"

namespace hearth::cli {
namespace {

using std::chrono::milliseconds;

// The policy scales on what replicas print; the two rooms do not know each other.
static_assert(serve::kOfferedLoadName == ecs::kLoadMetric);

std::unique_ptr<serve::LoadPrinter> StartPrinter(const serve::LoadMetric& metric,
                                                 serve::Service& service) {
  const auto wall = std::chrono::system_clock::now().time_since_epoch();
  const auto began =
      serve::LoadSlotBegin(serve::Clock::now(), std::chrono::duration_cast<milliseconds>(wall));
  service.WatchLoad(began);
  return std::make_unique<serve::LoadPrinter>(
      metric, STDOUT_FILENO, began,
      [&service](serve::Clock::time_point now) { return service.TakeLoad(now); });
}

std::unique_ptr<serve::Protector> StartProtector(const serve::ServeOptions& options,
                                                 serve::Service& service, const Log& log) {
  if (options.ecs_agent_uri.empty()) {
    log.Warn("--protect-after does nothing: ECS_AGENT_URI is not set, so this is no task of ECS");
    return nullptr;
  }
  auto agent = http::ParseUrl(options.ecs_agent_uri);
  if (!agent) {
    log.Warn("--protect-after does nothing: ECS_AGENT_URI is not usable",
             {{"error", std::string_view(agent.error().message)}});
    return nullptr;
  }
  if (options.protect_after >= options.request_timeout) {
    log.Warn(fmt::format(
        "--protect-after {} protects nothing: no request runs longer than "
        "--request-timeout {}",
        FormatDuration(options.protect_after), FormatDuration(options.request_timeout)));
  }
  service.WatchRunning();
  serve::ProtectorOptions protector;
  protector.agent = *std::move(agent);
  protector.after = options.protect_after;
  return std::make_unique<serve::Protector>(
      std::move(protector),
      [&service](serve::Clock::time_point before) { return service.LatestDeadline(before); }, log);
}

}  // namespace

EcsDuties StartEcsDuties(const serve::ServeOptions& options, serve::Service& service,
                         const Log& log) {
  EcsDuties duties;
  if (!options.load_metric.name_space.empty()) {
    duties.printer = StartPrinter(options.load_metric, service);
  }
  if (options.protect_after > milliseconds(0)) {
    duties.protector = StartProtector(options, service, log);
  }
  return duties;
}

}  // namespace hearth::cli
