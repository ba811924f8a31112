// hearth.toml as ECS needs it: every value decided, derived ones filled in, refused where AWS or
// the pool would not do what the file says. Values only; made once per command. Pure.
#pragma once

#include <boost/json/object.hpp>
#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "config/config.h"

namespace hearth::ecs {

using std::chrono::seconds;

struct HealthCheck {
  std::vector<std::string> command;  // "CMD" or "CMD-SHELL" first
  seconds interval{15};
  seconds timeout{5};
  int retries = 3;
  seconds start_period{90};
};

struct LoadBalancer {
  std::string listener;      // ARN, exists
  std::string target_group;  // name, at most 32 characters
  std::string path;          // of its health check: /ready
  std::vector<std::string> rule_paths, rule_hosts;
  int rule_priority = 0;  // 0: a free one is taken and kept
  seconds deregistration_delay{0};
};

// What is pulled before the replica starts (a model on S3).
struct ModelPull {
  std::string source;  // s3://…
  std::string image;   // with hearth inside
  std::string folder;  // where the volume is mounted
};

struct ScaleTimes {
  std::string cron;      // AWS's six fields, without cron(): "0 8 ? * MON-FRI *"
  std::string timezone;  // IANA
  std::string name;      // of the scheduled action
  int floor = 0;
};

struct EcsSpec {
  std::string region, cluster, service, family, container, image;
  bool hearth_inside = true;  // the replica is hearth's own server
  std::vector<std::string> command;
  std::map<std::string, std::string> env;
  std::string arch, capacity;               // X86_64 | ARM64; FARGATE | FARGATE_SPOT
  int cpu_units = 1024, memory_mib = 2048;  // a valid Fargate pair
  int port = 8000;
  std::string execution_role, task_role;  // names or ARNs; empty: none
  std::vector<std::string> subnets, security_groups;
  bool public_ip = false, exec = false, rebalancing = false;
  HealthCheck check;
  seconds grace{0};  // healthCheckGracePeriodSeconds
  seconds stop_timeout{30};
  std::string log_group, log_prefix;
  int log_retention_days = 0;  // 0: kept for ever
  int ephemeral_gib = 0;       // 0: AWS's default of 20
  std::optional<LoadBalancer> balancer;
  std::optional<ModelPull> pull;
  int floor = 2, spare = 1, max = 12, slots = 0;
  int desired = 0;  // at creation only; 0: the floor then in force, at least spare and 1
  std::vector<config::ScheduleEntry> schedule;  // as the file says
  std::vector<ScaleTimes> times;                // the same for AWS
  double cpu_target = 60;                       // percent; 0: no such policy
  seconds scale_out_cooldown{60}, scale_in_cooldown{300};
  bool spare_policy = true;  // needs hearth inside
  std::string metric_namespace = "hearth";
  seconds spare_out_cooldown{0};
  std::optional<seconds> protect_after;
  std::map<std::string, std::string> tags;                   // the user's; hearth's own are added
  boost::json::object task_definition_extra, service_extra;  // merged in as they are
};

// hearth's mark on all that it makes: tag hearth:pool = "<cluster>/<service>".
inline constexpr std::string_view kPoolTag = "hearth:pool";
std::string PoolTagValue(const EcsSpec& spec);

// kInvalidArgument / kUnprocessable, in one line: the file, the key, its value, what is wanted and
// why. A cpu and memory pair that Fargate has not names the nearest valid one.
Result<EcsSpec> MakeSpec(const config::Config& config);

}  // namespace hearth::ecs
