// What `hearth ecs status` shows: the pool on ECS as AWS tells it, beside what hearth.toml says.
#pragma once

#include <boost/json/object.hpp>
#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "aws/service_client.h"
#include "base/result.h"
#include "ecs/deployment.h"
#include "ecs/spec.h"
#include "ecs/task_view.h"

namespace hearth::ecs {

// A number in force on AWS, and where it comes from; nullopt: AWS has none.
struct NumberNow {
  std::optional<int> value;
  std::string origin;  // "hearth.toml", "its schedule", "set on AWS; hearth.toml says 4"
};

struct ServiceStatus {
  struct Event {
    double at_s = 0;
    std::string text;
  };
  std::string cluster, service, region, state;  // "ACTIVE", "DRAINING"
  std::string definition;                       // "hearth:7"
  int desired = 0, running = 0, pending = 0;
  NumberNow floor, spare, max;
  std::optional<DeploymentState> deployment;  // the newest
  std::map<std::string, int> targets;         // by state; empty: no target group, or not told
  std::vector<Event> events;                  // newest first
  std::vector<TaskView> tasks;                // running and starting, oldest first
  std::vector<std::string> notes;  // what AWS does not tell, what is not as it ought to be
};

// kNotFound: no such service. What AWS refuses to tell is a note; `now` says which floor of the
// schedule ought to be in force.
Result<ServiceStatus> ReadStatus(const aws::CallService& call, const EcsSpec& spec,
                                 std::chrono::system_clock::time_point now);

// Where a MinCapacity or MaxCapacity comes from. Pure.
NumberNow OriginOf(std::optional<int> on_aws, int in_file, bool by_schedule);
// The spare that a policy of DescribeScalingPolicies keeps; nullopt: it is not hearth's. Pure.
std::optional<int> SpareOf(const EcsSpec& spec, const boost::json::object& policy);

// For a terminal, ages as of `now_s` (since 1970).
std::string StatusText(const ServiceStatus& status, double now_s);
boost::json::object StatusJson(const ServiceStatus& status, double now_s);

}  // namespace hearth::ecs
