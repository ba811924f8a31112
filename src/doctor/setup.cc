#include "doctor/setup.h"

#include <fmt/format.h>

#include <algorithm>

#include "aws/document.h"
#include "doctor/finding.h"

namespace hearth::doctor {
namespace {

namespace json = boost::json;

constexpr int64_t kMib = 1 << 20;
constexpr int64_t kGib = 1 << 30;
constexpr double kStopTimeoutDefault = 30;

const json::object kNoObject;
const json::array kNoArray;

const json::object& Or(const std::optional<json::object>& object) {
  return object ? *object : kNoObject;
}

const json::object& InputOf(const ecs::Desired& desired, ecs::Kind kind) {
  const ecs::Resource* resource = desired.Find(kind);
  return resource != nullptr ? resource->input : kNoObject;
}

Setup FileSetup(const StaticFacts& file) {
  const ecs::Desired& desired = *file.desired;
  const json::object& task_definition = InputOf(desired, ecs::Kind::kTaskDefinition);
  const json::object& service = InputOf(desired, ecs::Kind::kService);
  const std::string_view name = file.spec ? std::string_view(file.spec->container) : "";
  json::array policies;
  for (const ecs::Resource& resource : desired.resources) {
    if (resource.kind == ecs::Kind::kScalingPolicy) policies.emplace_back(resource.input);
  }
  return {
      .live = false,
      .where = "hearth.toml",
      .task_definition = task_definition,
      .container = ReplicaOf(task_definition, service, name),
      .service = service,
      .target_group = InputOf(desired, ecs::Kind::kTargetGroup),
      .scalable_target = InputOf(desired, ecs::Kind::kScalableTarget),
      .attributes = aws::ListOf(InputOf(desired, ecs::Kind::kTargetGroupAttributes), "Attributes"),
      .policies = std::move(policies)};
}

Setup LiveSetup(const Facts& facts) {
  const ecs::Observed& seen = facts.live->observed;
  const json::object& task_definition =
      seen.service_task_definition ? *seen.service_task_definition : Or(seen.task_definition);
  const bool named = facts.file && facts.file->spec;
  const std::string_view name = named ? std::string_view(facts.file->spec->container) : "";
  return {.live = true,
          .where = "on AWS",
          .task_definition = task_definition,
          .container = ReplicaOf(task_definition, Or(seen.service), name),
          .service = Or(seen.service),
          .target_group = Or(seen.target_group),
          .scalable_target = Or(seen.scalable_target),
          .attributes = seen.target_group_attributes,
          .policies = seen.policies};
}

}  // namespace

const json::object& ReplicaOf(const json::object& task_definition, const json::object& service,
                              std::string_view name) {
  const json::array& balancers = aws::ListOf(service, "loadBalancers");
  if (!balancers.empty()) name = aws::TextOf(aws::AsObject(balancers[0]), "containerName");
  const json::object* first = &kNoObject;
  for (const json::value& item : aws::ListOf(task_definition, "containerDefinitions")) {
    const json::object& container = aws::AsObject(item);
    if (!name.empty() && aws::TextOf(container, "name") == name) return container;
    if (first->empty() && aws::BoolOf(container, "essential").value_or(true)) first = &container;
  }
  return *first;
}

bool Setup::HasBalancer() const {
  return !target_group.empty() || !aws::ListOf(service, "loadBalancers").empty();
}

std::string_view Setup::Attribute(std::string_view key) const {
  for (const json::value& item : attributes) {
    const json::object& attribute = aws::AsObject(item);
    if (aws::TextOf(attribute, "Key") == key) return aws::TextOf(attribute, "Value");
  }
  return {};
}

Setup::ContainerCheck Setup::Check() const {
  const json::object& check = aws::ObjectOf(container, "healthCheck");
  ContainerCheck made;
  if (check.empty()) return made;
  made.interval = aws::NumberOf(check, "interval").value_or(made.interval);
  made.timeout = aws::NumberOf(check, "timeout").value_or(made.timeout);
  made.start_period = aws::NumberOf(check, "startPeriod").value_or(0);
  made.retries = static_cast<int>(std::clamp(aws::NumberOf(check, "retries").value_or(3), 1., 1e3));
  for (const json::value& word : aws::ListOf(check, "command")) {
    if (!made.command.empty()) made.command += ' ';
    made.command += aws::AsText(word);
  }
  return made;
}

double Setup::Grace() const {
  return aws::NumberOf(service, "healthCheckGracePeriodSeconds").value_or(0);
}

double Setup::StopTimeout() const {
  return aws::NumberOf(container, "stopTimeout").value_or(kStopTimeoutDefault);
}

int64_t Setup::MemoryBytes() const {
  const double task = aws::NumberOf(task_definition, "memory").value_or(0);
  const double own = aws::NumberOf(container, "memory").value_or(0);
  const double least = own > 0 && (task <= 0 || own < task) ? own : task;
  return static_cast<int64_t>(std::clamp(least, 0., 1e9)) * kMib;
}

std::optional<int> WholeOf(const json::object& in, std::string_view name) {
  constexpr double kMost = 1e9;
  const auto number = aws::NumberOf(in, name);
  if (!number || !(*number >= -1 && *number <= kMost)) return std::nullopt;
  return static_cast<int>(*number);
}

std::vector<Setup> SetupsOf(const Facts& facts) {
  std::vector<Setup> setups;
  if (facts.file && facts.file->desired) setups.push_back(FileSetup(*facts.file));
  if (!facts.live) return setups;
  const ecs::Observed& seen = facts.live->observed;
  if (seen.service || seen.task_definition || seen.service_task_definition) {
    setups.push_back(LiveSetup(facts));
  }
  return setups;
}

const json::object& LiveService(const Facts& facts) {
  return facts.live ? Or(facts.live->observed.service) : kNoObject;
}

std::vector<Finding> ForEachSetup(const Facts& facts, JudgeSetup judge) {
  std::vector<Finding> findings;
  for (const Setup& setup : SetupsOf(facts)) findings.push_back(judge(setup, facts));
  if (findings.size() == 2 && findings[0].verdict == Verdict::kOk &&
      findings[1].verdict == Verdict::kNg && findings[1].fix.starts_with("set `[")) {
    findings[1].fix = "run `hearth ecs apply`: hearth.toml has it right";
  }
  if (!findings.empty()) return findings;
  std::string reason = facts.live ? "the service is not on AWS" : WhyNotLive(facts);
  if (!facts.file_problem.empty()) reason = "hearth.toml was not read";
  if (facts.file && !facts.file->spec_problem.empty()) reason = facts.file->spec_problem;
  return {Skip(std::move(reason))};
}

std::string WhyNotLive(const Facts& facts) {
  if (facts.live) return "";
  return facts.live_problem.empty() ? "AWS was not asked" : facts.live_problem;
}

std::string WhyNotSeen(const Facts& facts, std::string_view what) {
  if (!facts.live) return WhyNotLive(facts);
  for (const std::string& line : facts.live->not_seen) {
    if (line.starts_with(what)) return line;
  }
  return "";
}

std::string SetKey(std::string_view table, std::string_view key, std::string_view value) {
  return fmt::format("set `[{}] {} = {}` in hearth.toml, then run `hearth ecs apply`", table, key,
                     value);
}

std::string TomlSize(int64_t bytes) {
  if (bytes % kGib == 0) return fmt::format("\"{}GiB\"", bytes / kGib);
  return fmt::format("\"{}MiB\"", (bytes + kMib - 1) / kMib);
}

bool HearthInside(const Facts& facts) {
  if (!facts.file) return false;
  if (facts.file->spec) return facts.file->spec->hearth_inside;
  const config::Config& config = facts.file->config;
  return config.ecs.server == "hearth" ||
         (config.ecs.server == "auto" && config.replica.command.empty());
}

}  // namespace hearth::doctor
