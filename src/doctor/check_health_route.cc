// Which route each health check asks. With a load balancer the container check must ask for health
// (a replica that only drains or loads is not to be killed) and the target group for readiness.
// Without one the container check must ask for readiness: nothing else tells a rolling deployment
// that a new task is warm. Looks at: the container's healthCheck, the target group.
#include <fmt/format.h>

#include <cctype>

#include "aws/document.h"
#include "doctor/checks.h"
#include "doctor/finding.h"
#include "doctor/setup.h"

namespace hearth::doctor {
namespace {

struct Routes {
  std::string ready = "/ready", health = "/health";
};

Routes RoutesOf(const Facts& facts) {
  if (!facts.file) return {};
  return {facts.file->config.replica.ready, facts.file->config.replica.health};
}

// `path` as a whole word: "/health" is not in "/healthz".
bool Asks(std::string_view command, std::string_view path) {
  for (size_t at = command.find(path); !path.empty() && at != std::string_view::npos;
       at = command.find(path, at + 1)) {
    const size_t after = at + path.size();
    const char next = after < command.size() ? command[after] : ' ';
    if (std::isalnum(static_cast<unsigned char>(next)) == 0 && next != '-' && next != '_' &&
        next != '/') {
      return true;
    }
  }
  return false;
}

Finding JudgeTargetGroup(const Setup& setup, const Routes& routes, const std::string& command) {
  const std::string_view path = aws::TextOf(setup.target_group, "HealthCheckPath");
  const std::string_view codes =
      aws::TextOf(aws::ObjectOf(setup.target_group, "Matcher"), "HttpCode");
  if (setup.target_group.empty()) return Skip(fmt::format("{}: no target group seen", setup.where));
  if (path != routes.ready) {
    return Ng(fmt::format("{}: the target group asks {}, not {}", setup.where,
                          path.empty() ? "/" : path, routes.ready),
              {"requests go to a replica as soon as it answers that, warm or not"},
              fmt::format("run `hearth ecs apply`: it sets HealthCheckPath {}", routes.ready));
  }
  if (!codes.empty() && (codes.size() != 3 || codes[0] != '2')) {
    return Ng(fmt::format("{}: the target group takes {} for ready", setup.where, codes),
              {fmt::format("{} answers 200 when the model is loaded, and nothing else means so",
                           routes.ready)},
              "run `hearth ecs apply`: it sets Matcher 200");
  }
  return Ok(fmt::format("{}: container check {}, target group {}", setup.where,
                        command.empty() ? "none" : routes.health, routes.ready));
}

Finding Judge(const Setup& setup, const Facts& facts) {
  const Routes routes = RoutesOf(facts);
  const std::string command = setup.Check().command;
  const bool ready = Asks(command, routes.ready) || Asks(command, "probe ready");
  const bool health = Asks(command, routes.health) || Asks(command, "probe health");
  const std::vector<std::string> evidence = {fmt::format("its check: {}", OneLine(command))};
  if (setup.HasBalancer()) {
    if (!ready) return JudgeTargetGroup(setup, routes, command);
    return Ng(fmt::format("{}: the container check asks {} behind a load balancer", setup.where,
                          routes.ready),
              {evidence[0], "a replica that only drains or loads is killed by it"},
              fmt::format("let it ask {}: drop [ecs] health_command or change its path, then run "
                          "`hearth ecs apply`",
                          routes.health));
  }
  if (ready) {
    return Ok(fmt::format("{}: the container check asks {}", setup.where, routes.ready));
  }
  if (command.empty()) {
    return Ng(fmt::format("{}: nothing asks whether a task is ready", setup.where),
              {"without any check ECS takes a task as healthy 40 s after it runs, and a rolling "
               "deployment replaces warm tasks by cold ones"},
              "run `hearth ecs apply`: it sets a container check");
  }
  if (!health) {
    return Skip(fmt::format("{}: its check asks neither {} nor {}: {}", setup.where, routes.ready,
                            routes.health, OneLine(command)));
  }
  return Ng(fmt::format("{}: the container check asks {}, and no target group asks {}", setup.where,
                        routes.health, routes.ready),
            {evidence[0], "a rolling deployment replaces warm tasks by cold ones"},
            fmt::format("let it ask {}: drop [ecs] health_command or change its path, then run "
                        "`hearth ecs apply`",
                        routes.ready));
}

}  // namespace

std::vector<Finding> CheckHealthRoute(const Facts& facts) { return ForEachSetup(facts, Judge); }

}  // namespace hearth::doctor
