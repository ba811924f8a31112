// Tasks run, and /ready never says 200: a wrong path, a wrong port, a server that listens on
// loopback only, a security group that lets nobody in, a model or cache that is not where it is
// looked for.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "aws/document.h"
#include "doctor/checks.h"
#include "doctor/finding.h"
#include "doctor/load_time.h"
#include "doctor/log_scan.h"
#include "doctor/ready_signs.h"
#include "doctor/security_groups.h"
#include "doctor/setup.h"
#include "doctor/start_up_loop.h"

namespace hearth::doctor {
namespace {

namespace json = boost::json;
using Evidence = std::vector<std::string>;

Evidence With(const ReadySigns& signs, Evidence more) {
  more.insert(more.end(), signs.lines.begin(), signs.lines.end());
  return more;
}

std::optional<Finding> WrongPath(const Facts& facts, const ReadySigns& signs, const Setup& setup) {
  constexpr auto kNotFound = std::to_array<std::string_view>({"\" 404", " 404 Not Found"});
  const std::vector<LogHit> hits = FindInLog(*facts.live, kNotFound, 1);
  const bool refused = signs.codes.contains(404) || signs.codes.contains(405) ||
                       signs.codes.contains(401) || signs.codes.contains(403) ||
                       signs.codes.contains(301) || signs.codes.contains(307);
  if (!refused && (hits.empty() || !signs.codes.empty() || signs.timed_out)) return std::nullopt;
  const std::string_view asked = aws::TextOf(setup.target_group, "HealthCheckPath");
  const std::string ready = facts.file ? facts.file->config.replica.ready : "/ready";
  Evidence evidence = With(signs, Lines(hits));
  evidence.push_back(asked.empty()
                         ? fmt::format("the container check: {}", OneLine(setup.Check().command))
                         : fmt::format("the target group asks {}", asked));
  const bool same = asked == ready;
  return Ng("the server does not have the route that is asked for readiness", std::move(evidence),
            same ? fmt::format("set `[replica] ready = \"…\"` in hearth.toml to the route that the "
                               "server has, then run `hearth ecs apply`; {} is not one",
                               ready)
                 : fmt::format("run `hearth ecs apply`: hearth.toml says {}", ready));
}

// Of "Uvicorn running on http://0.0.0.0:8080 (…)" or "listening on http://…".
struct Listens {
  std::string line;
  int port = 0;
  bool loopback = false;
};

std::optional<Listens> ListensOf(const LiveFacts& live) {
  constexpr auto kSays =
      std::to_array<std::string_view>({"running on http://", "listening on http://",
                                       "Listening on http://", "Listening at: http://"});
  const std::vector<LogHit> hits = FindInLog(live, kSays, 1);
  if (hits.empty()) return std::nullopt;
  std::string_view url = hits[0].line;
  const size_t scheme = url.find("http://");
  if (scheme == std::string_view::npos) return std::nullopt;  // the line was cut
  url.remove_prefix(scheme + 7);
  Listens listens{
      hits[0].line, 0,
      url.starts_with("127.") || url.starts_with("localhost") || url.starts_with("[::1]")};
  url = url.substr(0, url.find_first_of(" /)"));
  const size_t colon = url.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  const std::string_view port = url.substr(colon + 1);
  std::from_chars(port.data(), port.data() + port.size(), listens.port);
  return listens;
}

int PortOf(const Setup& setup) {
  const json::array& balancers = aws::ListOf(setup.service, "loadBalancers");
  if (!balancers.empty()) {
    return WholeOf(aws::AsObject(balancers[0]), "containerPort").value_or(0);
  }
  const json::array& ports = aws::ListOf(setup.container, "portMappings");
  return ports.empty() ? 0 : WholeOf(aws::AsObject(ports[0]), "containerPort").value_or(0);
}

std::optional<Finding> WrongPort(const Facts& facts, const ReadySigns& signs, const Setup& setup) {
  const auto listens = ListensOf(*facts.live);
  const int port = PortOf(setup);
  if (!listens || port == 0) return std::nullopt;
  Evidence evidence = With(signs, {"log: " + listens->line});
  if (listens->loopback && setup.HasBalancer()) {
    return Ng("the server listens on loopback only: the load balancer cannot reach it",
              std::move(evidence), "start it with `--host 0.0.0.0` in `[replica] command`");
  }
  if (listens->port == 0 || listens->port == port) return std::nullopt;
  return Ng(fmt::format("the server listens on port {}, ECS was told {}", listens->port, port),
            std::move(evidence),
            fmt::format("use `{{port}}` in `[replica] command`, or set `[replica] port = {}` in "
                        "hearth.toml and run `hearth ecs apply`",
                        listens->port));
}

std::optional<Finding> ClosedPort(const Facts& facts, const ReadySigns& signs, const Setup& setup) {
  const int port = PortOf(setup);
  const PortRule rule = RuleFor(facts, port);
  if (!signs.timed_out || !rule.known || rule.open) return std::nullopt;
  const std::string group = rule.groups.empty() ? "" : rule.groups[0];
  return Ng(fmt::format("{} lets nothing in on port {}", fmt::join(rule.groups, ", "), port),
            With(signs, {}),
            fmt::format("`aws ec2 authorize-security-group-ingress --group-id {} --protocol tcp "
                        "--port {} --source-group GROUP_OF_THE_LOAD_BALANCER`",
                        group, port));
}

std::optional<Finding> NotLoaded(const Facts& facts, const ReadySigns& signs, const Setup& setup) {
  const std::vector<LogHit> errors = LoadErrors(facts);
  if (errors.empty()) return std::nullopt;
  bool has_home = false;
  for (const json::value& item : aws::ListOf(setup.container, "environment")) {
    has_home = has_home || aws::TextOf(aws::AsObject(item), "name") == "HF_HOME";
  }
  const std::string_view user = aws::TextOf(setup.container, "user");
  Evidence evidence = With(signs, Lines(errors));
  evidence.push_back(fmt::format("HF_HOME is {} in the task definition, the user is {}",
                                 has_home ? "set" : "not set",
                                 user.empty() ? "the image's" : user));
  return Ng(
      "the model or its cache is not where the server looks", std::move(evidence),
      "put `ENV HF_HOME=/app/.cache` into the Dockerfile before the model is downloaded, give "
      "the folder to the user that runs the server, and name the same path in `[replica] env`");
}

Finding NoCause(const Facts& facts, const ReadySigns& signs) {
  const bool named = facts.file && facts.file->spec;
  Evidence more;
  if (signs.codes.contains(503)) {
    more.push_back(
        fmt::format("503 is what a replica that loads answers, and no task has logged "
                    "\"{}\"",
                    kReadyLine));
  }
  return Ng(
      fmt::format("{} not ready, and nothing seen says why",
                  Count(std::max(signs.unhealthy, 1), "task")),
      With(signs, std::move(more)),
      fmt::format("read the log: `aws logs tail {} --since 1h`; when a wall of the network is "
                  "likely, ask /ready from inside with `aws ecs execute-command`",
                  named ? facts.file->spec->log_group : "LOG_GROUP"));
}

}  // namespace

std::vector<Finding> CheckNeverReady(const Facts& facts) {
  if (!facts.live) return {Skip(WhyNotLive(facts))};
  const std::vector<Setup> setups = SetupsOf(facts);
  if (setups.empty() || !setups.back().live) return {Skip("the service is not on AWS")};
  const ReadySigns signs = ReadySignsOf(facts);
  const std::string counts = fmt::format("{} ready, {} not, {} not judged yet", signs.healthy,
                                         signs.unhealthy, signs.starting);
  if (signs.lines.empty() && signs.unhealthy == 0) {
    if (signs.healthy > 0) return {Ok(counts)};
    return {Skip(fmt::format("no task to judge: {}", counts))};
  }
  // Old events of a pool that is well now.
  if (signs.healthy > 0 && signs.unhealthy == 0 && signs.ended == 0) {
    return {Ok(counts, signs.lines)};
  }
  const Setup& setup = setups.back();
  std::vector<Finding> findings;
  for (const auto look : {WrongPath, WrongPort, ClosedPort, NotLoaded}) {
    if (auto found = look(facts, signs, setup)) findings.push_back(*std::move(found));
  }
  if (!findings.empty()) return findings;
  const StartUpLoop loop = FindStartUpLoop(facts);
  if (loop.Matches() && !LoadedInTime(facts, loop)) {
    return {Skip("tasks are ended while they load: see start-up-loop")};
  }
  return {NoCause(facts, signs)};
}

}  // namespace hearth::doctor
