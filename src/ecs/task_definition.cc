#include <algorithm>

#include "aws/document.h"
#include "ecs/inputs.h"
#include "ecs/merge.h"

namespace hearth::ecs {
namespace {

namespace json = boost::json;

constexpr std::string_view kPullContainer = "hearth-pull";
constexpr std::string_view kModelVolume = "model";

json::object LogConfiguration(const EcsSpec& spec) {
  return {{"logDriver", "awslogs"},
          {"options",
           {{"awslogs-group", spec.log_group},
            {"awslogs-region", spec.region},
            {"awslogs-stream-prefix", spec.log_prefix}}}};
}

json::array Environment(const std::map<std::string, std::string>& variables) {
  json::array list;
  for (const auto& [name, value] : variables) {
    list.push_back(json::object{{"name", name}, {"value", value}});
  }
  return list;
}

json::array ModelMount(const EcsSpec& spec, bool read_only) {
  return json::array{json::object{{"sourceVolume", kModelVolume},
                                  {"containerPath", spec.pull->folder},
                                  {"readOnly", read_only}}};
}

// Brings the model before the replica starts. Not essential: ECS takes SUCCESS as a condition of
// such a container only. Without startTimeout: it would end long downloads at 120 s. As root: a
// Fargate volume belongs to it.
json::object PullContainer(const EcsSpec& spec) {
  json::array command = {"pull", spec.pull->source};
  if (spec.hearth_inside) {
    for (const char* word : {"--pack", "-o"}) command.emplace_back(word);
    command.emplace_back(spec.pull->folder + "/model.hearth");
  } else {
    command.emplace_back("-o");
    command.emplace_back(spec.pull->folder);
  }
  return {{"name", kPullContainer},
          {"image", spec.pull->image},
          {"essential", false},
          {"user", "0"},
          {"command", std::move(command)},
          {"environment",
           Environment({{"AWS_REGION", spec.region}, {"HF_HOME", spec.pull->folder + "/.cache"}})},
          {"mountPoints", ModelMount(spec, false)},
          {"logConfiguration", LogConfiguration(spec)}};
}

json::object HealthCheckInput(const HealthCheck& check) {
  return {{"command", Texts(check.command)},
          {"interval", check.interval.count()},
          {"timeout", check.timeout.count()},
          {"retries", check.retries},
          {"startPeriod", check.start_period.count()}};
}

json::object ReplicaContainer(const EcsSpec& spec) {
  json::object container = {
      {"name", spec.container},
      {"image", spec.image},
      {"essential", true},
      {"portMappings", {json::object{{"containerPort", spec.port}, {"protocol", "tcp"}}}},
      {"healthCheck", HealthCheckInput(spec.check)},
      {"stopTimeout", spec.stop_timeout.count()},
      {"logConfiguration", LogConfiguration(spec)}};
  if (!spec.command.empty()) container["command"] = Texts(spec.command);
  if (!spec.env.empty()) container["environment"] = Environment(spec.env);
  if (spec.pull) {
    container["mountPoints"] = ModelMount(spec, true);
    container["dependsOn"] =
        json::array{json::object{{"containerName", kPullContainer}, {"condition", "SUCCESS"}}};
  }
  return container;
}

// The free table may empty or rename what the pool stands on.
Status CheckMerged(const EcsSpec& spec, const json::object& input) {
  const auto& containers = aws::ListOf(input, "containerDefinitions");
  const bool there = std::ranges::any_of(containers, [&](const json::value& container) {
    return aws::TextOf(aws::AsObject(container), "name") == spec.container;
  });
  if (there) return {};
  return Fail(Code::kUnprocessable,
              "ecs.task_definition.containerDefinitions leaves out the replica, \"{}\"",
              spec.container);
}

}  // namespace

Result<json::object> TaskDefinitionInput(const EcsSpec& spec) {
  json::object input = {
      {"family", spec.family},
      {"networkMode", "awsvpc"},
      {"requiresCompatibilities", {"FARGATE"}},
      {"cpu", std::to_string(spec.cpu_units)},
      {"memory", std::to_string(spec.memory_mib)},
      {"runtimePlatform", {{"cpuArchitecture", spec.arch}, {"operatingSystemFamily", "LINUX"}}},
      {"executionRoleArn", spec.execution_role}};
  if (!spec.task_role.empty()) input["taskRoleArn"] = spec.task_role;
  if (spec.ephemeral_gib != 0) input["ephemeralStorage"] = {{"sizeInGiB", spec.ephemeral_gib}};
  json::array containers;
  if (spec.pull) {
    input["volumes"] = json::array{json::object{{"name", kModelVolume}, {"host", json::object()}}};
    containers.push_back(PullContainer(spec));
  }
  containers.push_back(ReplicaContainer(spec));
  input["containerDefinitions"] = std::move(containers);
  input["tags"] = TagsInSmall(spec);
  if (Status merged = Merge(spec.task_definition_extra, "ecs.task_definition", &input); !merged) {
    return Forward(merged);
  }
  if (Status good = CheckMerged(spec, input); !good) return Forward(good);
  return input;
}

}  // namespace hearth::ecs
