// A live service as hearth.toml. Keys that say hearth's default are left out; what no key can say
// goes into [ecs.task_definition] as it is, or is named in a comment.
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "aws/document.h"
#include "config/config.h"
#include "ecs/live_schedule.h"
#include "ecs/live_service.h"
#include "ecs/service_status.h"
#include "ecs/spec.h"
#include "ecs/toml_write.h"

namespace hearth::ecs {
namespace {

using boost::json::array;
using boost::json::object;
using boost::json::value;

int IntOf(const object& in, std::string_view name, int otherwise = 0) {
  return static_cast<int>(aws::NumberOf(in, name).value_or(otherwise));
}

std::vector<std::string> TextsOf(const array& list) {
  std::vector<std::string> out;
  for (const value& item : list) out.emplace_back(aws::AsText(item));
  return out;
}

// How hearth tells a replica ecs.protect_after (spec_server.cc).
constexpr std::string_view kProtectVariable = "HEARTH_PROTECT_AFTER";

std::string Seconds(int seconds) { return fmt::format("{}s", seconds); }

std::string ServiceOf(const LiveService& live) {
  return std::string(aws::TextOf(live.service, "serviceName"));
}

std::string AttributeOf(const LiveService& live, std::string_view key) {
  for (const value& item : live.target_group_attributes) {
    const object& attribute = aws::AsObject(item);
    if (aws::TextOf(attribute, "Key") == key) return std::string(aws::TextOf(attribute, "Value"));
  }
  return "";
}

bool IsNothing(const value& item) {
  if (item.is_null()) return true;
  if (const auto* list = item.if_array()) return list->empty();
  if (const auto* map = item.if_object()) return map->empty();
  if (const auto* flag = item.if_bool()) return !*flag;
  return false;
}

// What `from` has beyond `known`.
object Beyond(const object& from, std::initializer_list<std::string_view> known) {
  object out;
  for (const auto& entry : from) {
    if (IsNothing(entry.value())) continue;
    const std::string_view key = entry.key();
    if (std::find(known.begin(), known.end(), key) == known.end()) out[key] = entry.value();
  }
  return out;
}

void WriteNames(const LiveService& live, TomlWriter* out) {
  const object& definition = live.task_definition;
  const object& network =
      aws::ObjectOf(aws::ObjectOf(live.service, "networkConfiguration"), "awsvpcConfiguration");
  const object& container = ReplicaContainer(live);
  const std::string service = ServiceOf(live);
  out->Text("region", live.region);
  out->Text("cluster", live.cluster);
  out->Text("service", service);
  out->Text("image", aws::TextOf(container, "image"));
  out->Texts("subnets", TextsOf(aws::ListOf(network, "subnets")));
  out->Texts("security_groups", TextsOf(aws::ListOf(network, "securityGroups")));
  const std::string_view family = aws::TextOf(definition, "family");
  if (family != service) out->Text("family", family);
  const std::string_view name = aws::TextOf(container, "name");
  if (name != config::Ecs().container) out->Text("container", name);
  for (const auto& [key, from] :
       {std::pair("execution_role", "executionRoleArn"), std::pair("task_role", "taskRoleArn")}) {
    const std::string_view role = aws::TextOf(definition, from);
    if (!role.empty()) out->Text(key, role);
  }
  if (aws::TextOf(definition, "executionRoleArn").empty()) {
    out->Comment("execution_role is needed: this task definition has none");
  }
  const std::string_view arch =
      aws::TextOf(aws::ObjectOf(definition, "runtimePlatform"), "cpuArchitecture");
  if (arch == "ARM64") out->Text("arch", arch);
  for (const value& item : aws::ListOf(live.service, "capacityProviderStrategy")) {
    if (aws::TextOf(aws::AsObject(item), "capacityProvider") == "FARGATE_SPOT") {
      out->Text("capacity", "FARGATE_SPOT");
      break;
    }
  }
  if (aws::TextOf(network, "assignPublicIp") == "ENABLED") out->Flag("public_ip", true);
  if (aws::BoolOf(live.service, "enableExecuteCommand").value_or(false)) out->Flag("exec", true);
  if (aws::TextOf(live.service, "availabilityZoneRebalancing") == "ENABLED") {
    out->Flag("rebalancing", true);
  }
  for (const value& item : aws::ListOf(container, "environment")) {
    const object& variable = aws::AsObject(item);
    if (aws::TextOf(variable, "name") != kProtectVariable) continue;
    out->Text("protect_after", aws::TextOf(variable, "value"));
  }
  const int storage = IntOf(aws::ObjectOf(definition, "ephemeralStorage"), "sizeInGiB");
  if (storage > 0) out->Text("ephemeral_storage", fmt::format("{}GiB", storage));
}

void WriteCheck(const LiveService& live, TomlWriter* out) {
  const object& container = ReplicaContainer(live);
  const object& check = aws::ObjectOf(container, "healthCheck");
  const std::vector<std::string> command = TextsOf(aws::ListOf(check, "command"));
  const config::Ecs usual;
  if (command.empty()) {
    out->Comment("the container has no health check: hearth gives it one");
    out->Text("server", "other");
  } else {
    if (HearthInside(live)) {
      out->Text("server", "hearth");
    } else {
      out->Texts("health_command", command);
    }
    const auto time = [&](std::string_view key, std::string_view name, int usual_s) {
      const int found = IntOf(check, name, usual_s);
      if (found != usual_s && found != 0) out->Text(key, Seconds(found));
    };
    time("health_interval", "interval", static_cast<int>(usual.health_interval.count() / 1000));
    time("health_timeout", "timeout", static_cast<int>(usual.health_timeout.count() / 1000));
    time("start_period", "startPeriod", 0);
    const int retries = IntOf(check, "retries", usual.health_retries);
    if (retries != usual.health_retries) out->Number("health_retries", retries);
  }
  const int grace = IntOf(live.service, "healthCheckGracePeriodSeconds");
  if (grace > 0) out->Text("grace", Seconds(grace));
  out->Text("stop_timeout", Seconds(IntOf(container, "stopTimeout", 30)));
}

void WriteLog(const LiveService& live, TomlWriter* out) {
  const object& log = aws::ObjectOf(ReplicaContainer(live), "logConfiguration");
  if (aws::TextOf(log, "logDriver") != "awslogs") {
    out->Comment("the container's log is not awslogs: hearth sets that");
    return;
  }
  const object& options = aws::ObjectOf(log, "options");
  out->Text("log_group", aws::TextOf(options, "awslogs-group"));
  const std::string_view prefix = aws::TextOf(options, "awslogs-stream-prefix");
  if (!prefix.empty() && prefix != config::Ecs().log_prefix) out->Text("log_prefix", prefix);
}

void WriteBalancer(const LiveService& live, TomlWriter* out) {
  if (!live.target_group) return;
  if (live.listener.empty()) {
    out->Comment(
        "listener is needed for the load balancer: no rule that forwards to the target "
        "group was found");
    return;
  }
  out->Text("listener", live.listener);
  out->Text("target_group", aws::TextOf(*live.target_group, "TargetGroupName"));
  std::vector<std::string> paths, hosts;
  for (const value& item : aws::ListOf(*live.rule, "Conditions")) {
    const object& condition = aws::AsObject(item);
    const std::string_view field = aws::TextOf(condition, "Field");
    std::vector<std::string> values = TextsOf(aws::ListOf(condition, "Values"));
    if (values.empty()) {
      const bool path = field == "path-pattern";
      values = TextsOf(aws::ListOf(
          aws::ObjectOf(condition, path ? "PathPatternConfig" : "HostHeaderConfig"), "Values"));
    }
    if (field == "path-pattern") paths = values;
    if (field == "host-header") hosts = values;
    if (field != "path-pattern" && field != "host-header") {
      out->Comment(fmt::format("the listener's rule also has a condition on {}", field));
    }
  }
  if (!paths.empty() || !hosts.empty()) out->Texts("rule_paths", paths);
  if (!hosts.empty()) out->Texts("rule_hosts", hosts);
  const int priority = IntOf(*live.rule, "Priority");
  if (priority > 0) out->Number("rule_priority", priority);
  const std::string delay = AttributeOf(live, "deregistration_delay.timeout_seconds");
  const int stop = IntOf(ReplicaContainer(live), "stopTimeout", 30);
  if (delay.empty()) return;
  if (std::atoi(delay.c_str()) <= stop && delay != "0") {
    out->Text("deregistration_delay", delay + "s");
  } else {
    out->Comment(fmt::format(
        "deregistration_delay was {}s; a task ends after its stop_timeout, {}s", delay, stop));
  }
}

void WriteTags(const LiveService& live, TomlWriter* out) {
  bool begun = false;
  for (const value& item : aws::ListOf(live.service, "tags")) {
    const object& tag = aws::AsObject(item);
    const std::string_view key = aws::TextOf(tag, "key");
    if (key == kPoolTag || key.starts_with("aws:")) continue;
    if (!std::exchange(begun, true)) out->Table("ecs.tags");
    out->Text(TomlQuoted(key), aws::TextOf(tag, "value"));
  }
}

struct ScalingKeys {
  double cpu_target = 0;
  bool spare_policy = false;
  // As the file has them by default; what a policy says nothing of is AWS's default.
  int out_s = 60, in_s = 300, spare_out_s = 0;
  std::string metric_namespace = config::Ecs().metric_namespace;
};

constexpr int kAwsCooldown = 300;

std::string NamespaceOf(const object& tracking) {
  const object& custom = aws::ObjectOf(tracking, "CustomizedMetricSpecification");
  for (const value& item : aws::ListOf(custom, "Metrics")) {
    const object& metric =
        aws::ObjectOf(aws::ObjectOf(aws::AsObject(item), "MetricStat"), "Metric");
    if (const auto name = aws::TextOf(metric, "Namespace"); !name.empty()) return std::string(name);
  }
  return config::Ecs().metric_namespace;
}

ScalingKeys ReadScaling(const LiveService& live, TomlWriter* out) {
  ScalingKeys keys;
  for (const value& item : live.policies) {
    const object& policy = aws::AsObject(item);
    const object& tracking = aws::ObjectOf(policy, "TargetTrackingScalingPolicyConfiguration");
    const object& metric = aws::ObjectOf(tracking, "PredefinedMetricSpecification");
    if (aws::TextOf(metric, "PredefinedMetricType") == "ECSServiceAverageCPUUtilization") {
      keys.cpu_target = aws::NumberOf(tracking, "TargetValue").value_or(0);
      keys.out_s = IntOf(tracking, "ScaleOutCooldown", kAwsCooldown);
      keys.in_s = IntOf(tracking, "ScaleInCooldown", kAwsCooldown);
    } else if (SpareOf({}, policy)) {
      keys.spare_policy = true;
      keys.spare_out_s = IntOf(tracking, "ScaleOutCooldown", kAwsCooldown);
      keys.metric_namespace = NamespaceOf(tracking);
    } else {
      out->Comment(fmt::format("the scaling policy \"{}\" is not hearth's and stays as it is",
                               aws::TextOf(policy, "PolicyName")));
    }
  }
  return keys;
}

void WriteScaling(const LiveService& live, TomlWriter* out) {
  const ScalingKeys usual;
  const ScalingKeys keys = ReadScaling(live, out);
  out->Table("ecs.scaling");
  out->Number("cpu_target", keys.cpu_target);
  if (keys.out_s != usual.out_s) out->Text("scale_out_cooldown", Seconds(keys.out_s));
  if (keys.in_s != usual.in_s) out->Text("scale_in_cooldown", Seconds(keys.in_s));
  if (!keys.spare_policy) {
    out->Flag("spare_policy", false);
    return;
  }
  if (keys.spare_out_s > 0) out->Text("spare_out_cooldown", Seconds(keys.spare_out_s));
  if (keys.metric_namespace != usual.metric_namespace) {
    out->Text("metric_namespace", keys.metric_namespace);
  }
}

// In API shape: what there is no key for.
void WriteExtras(const LiveService& live, TomlWriter* out) {
  object extra =
      Beyond(live.task_definition,
             {"taskDefinitionArn", "family", "taskRoleArn", "executionRoleArn", "networkMode",
              "revision", "status", "requiresAttributes", "compatibilities",
              "requiresCompatibilities", "cpu", "memory", "registeredAt", "registeredBy",
              "deregisteredAt", "runtimePlatform", "ephemeralStorage", "containerDefinitions"});
  const std::string_view replica = aws::TextOf(ReplicaContainer(live), "name");
  array containers;
  for (const value& item : aws::ListOf(live.task_definition, "containerDefinitions")) {
    const object& container = aws::AsObject(item);
    if (aws::TextOf(container, "name") != replica) {
      object other = Beyond(container, {});
      // The one flag whose default is true.
      other["essential"] = aws::BoolOf(container, "essential").value_or(true);
      containers.push_back(std::move(other));
      continue;
    }
    object more =
        Beyond(container, {"name", "image", "cpu", "memory", "essential", "command", "environment",
                           "portMappings", "healthCheck", "stopTimeout", "logConfiguration"});
    if (more.empty()) continue;
    more["name"] = replica;
    containers.push_back(std::move(more));
  }
  if (!containers.empty()) extra["containerDefinitions"] = std::move(containers);
  if (extra.empty()) return;
  out->Table("ecs.task_definition");
  for (const auto& entry : extra) out->Json(entry.key(), entry.value());
}

}  // namespace

std::string EcsSectionOf(const LiveService& live) {
  TomlWriter out;
  out.Table("ecs");
  for (const std::string& note : live.notes) out.Comment(fmt::format("not told by AWS: {}", note));
  WriteNames(live, &out);
  WriteCheck(live, &out);
  WriteLog(live, &out);
  WriteBalancer(live, &out);
  for (const char* name : {"serviceRegistries", "serviceConnectConfiguration",
                           "volumeConfigurations", "placementConstraints"}) {
    if (const auto* found = live.service.if_contains(name); found && !IsNothing(*found)) {
      out.Comment(fmt::format("the service has {}: put it into [ecs.service_definition]", name));
    }
  }
  WriteScaling(live, &out);
  WriteTags(live, &out);
  WriteExtras(live, &out);
  return out.text();
}

}  // namespace hearth::ecs
