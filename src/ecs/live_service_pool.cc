// [pool], [[pool.schedule]] and [replica] of a live service.
#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "aws/document.h"
#include "config/size.h"
#include "ecs/live_schedule.h"
#include "ecs/live_service.h"
#include "ecs/service_status.h"
#include "ecs/toml_write.h"

namespace hearth::ecs {
namespace {

using boost::json::object;
using boost::json::value;

int IntOf(const object& in, std::string_view name, int otherwise = 0) {
  return static_cast<int>(aws::NumberOf(in, name).value_or(otherwise));
}

// What hearth tells its replicas by itself (spec_server.cc): no line of the file.
std::map<std::string, std::string, std::less<>> OwnVariables(const LiveService& live, int port) {
  if (!HearthInside(live)) return {};
  const int cpu = IntOf(live.task_definition, "cpu", 1024);
  const int stop = IntOf(ReplicaContainer(live), "stopTimeout", 30);
  std::map<std::string, std::string, std::less<>> out = {
      {"HEARTH_HOST", "0.0.0.0"},
      {"PORT", std::to_string(port)},
      {"HEARTH_WORKERS", std::to_string(std::max(1, (cpu + 1023) / 1024))},
      {"HEARTH_DRAIN_TIMEOUT", fmt::format("{}s", std::max(1, stop - 5))}};
  out.emplace("HEARTH_METRIC_CLUSTER", live.cluster);
  out.emplace("HEARTH_METRIC_SERVICE", aws::TextOf(live.service, "serviceName"));
  return out;
}

bool IsOwn(const std::map<std::string, std::string, std::less<>>& own, std::string_view name,
           std::string_view is) {
  // These have keys of their own.
  if (!own.empty() && (name == "HEARTH_METRIC_NAMESPACE" || name == "HEARTH_PROTECT_AFTER")) {
    return true;
  }
  const auto found = own.find(name);
  return found != own.end() && found->second == is;
}

void WritePool(const LiveService& live, TomlWriter* out) {
  const int wanted = IntOf(live.service, "desiredCount", 1);
  const object none;
  const object& target = live.scalable_target ? *live.scalable_target : none;
  out->Table("pool");
  if (!live.scalable_target) {
    out->Comment("the service does not scale: the numbers are how many tasks it wants now");
  }
  out->Number("floor", std::max(IntOf(target, "MinCapacity", wanted), 1));
  out->Number("max", std::max(IntOf(target, "MaxCapacity", wanted), 1));
  EcsSpec spec;
  spec.cluster = live.cluster;
  spec.service = aws::TextOf(live.service, "serviceName");
  for (const value& item : live.policies) {
    if (const auto spare = SpareOf(spec, aws::AsObject(item))) out->Number("spare", *spare);
  }
}

void WriteSchedule(const LiveService& live, TomlWriter* out) {
  for (const value& item : live.scheduled_actions) {
    const object& action = aws::AsObject(item);
    const std::string_view schedule = aws::TextOf(action, "Schedule");
    const auto floor = aws::NumberOf(aws::ObjectOf(action, "ScalableTargetAction"), "MinCapacity");
    const auto cron = CrontabOf(schedule);
    if (!cron || !floor) {
      out->Comment(fmt::format("the scheduled action \"{}\", {}, has no form here; it stays",
                               aws::TextOf(action, "ScheduledActionName"), schedule));
      continue;
    }
    out->ListTable("pool.schedule");
    out->Text("cron", *cron);
    const std::string_view zone = aws::TextOf(action, "Timezone");
    if (!zone.empty() && zone != "UTC") out->Text("timezone", zone);
    out->Number("floor", *floor);
  }
}

void WriteReplica(const LiveService& live, TomlWriter* out) {
  const object& container = ReplicaContainer(live);
  out->Table("replica");
  const double cpu = aws::NumberOf(live.task_definition, "cpu").value_or(1024);
  const double memory = aws::NumberOf(live.task_definition, "memory").value_or(2048);
  out->Number("cpu", cpu / 1024);
  out->Text("memory", config::FormatSize(static_cast<int64_t>(memory) * 1024 * 1024));
  const auto& ports = aws::ListOf(container, "portMappings");
  const int port = ports.empty() ? 0 : IntOf(aws::AsObject(ports.front()), "containerPort");
  if (port > 0 && port != 8000) out->Number("port", port);
  const auto& command = aws::ListOf(container, "command");
  if (!command.empty()) out->Json("command", command);
  const auto own = OwnVariables(live, port > 0 ? port : 8000);
  object env;
  for (const value& item : aws::ListOf(container, "environment")) {
    const std::string_view name = aws::TextOf(aws::AsObject(item), "name");
    const std::string_view text = aws::TextOf(aws::AsObject(item), "value");
    if (!IsOwn(own, name, text)) env[name] = text;
  }
  if (!env.empty()) out->Json("env", env);
  if (live.target_group) {
    const std::string_view path = aws::TextOf(*live.target_group, "HealthCheckPath");
    if (!path.empty() && path != "/ready") out->Text("ready", path);
  }
}

}  // namespace

std::string PoolSectionsOf(const LiveService& live) {
  TomlWriter out;
  WritePool(live, &out);
  WriteSchedule(live, &out);
  WriteReplica(live, &out);
  return out.text();
}

}  // namespace hearth::ecs
