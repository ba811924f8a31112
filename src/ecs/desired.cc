#include "ecs/desired.h"

#include <algorithm>
#include <array>

#include "ecs/inputs.h"
#include "ecs/spare_policy.h"
#include "pool/schedule.h"

namespace hearth::ecs {
namespace {

namespace json = boost::json;

struct Row {
  KindFacts facts;
  std::string_view rendered;  // its member in what `render` prints
  bool many = false;
};

constexpr std::array<Row, 10> kRows = {
    Row{{Kind::kLogGroup, "log group", "logs", "CreateLogGroup"}, "logGroup"},
    Row{{Kind::kLogRetention, "log retention", "logs", "PutRetentionPolicy"}, "logRetention"},
    Row{{Kind::kTaskDefinition, "task definition", "ecs", "RegisterTaskDefinition"},
        "taskDefinition"},
    Row{{Kind::kTargetGroup, "target group", "elbv2", "CreateTargetGroup"}, "targetGroup"},
    Row{{Kind::kTargetGroupAttributes, "target group attributes", "elbv2",
         "ModifyTargetGroupAttributes"},
        "targetGroupAttributes"},
    Row{{Kind::kListenerRule, "listener rule", "elbv2", "CreateRule"}, "listenerRule"},
    Row{{Kind::kService, "service", "ecs", "CreateService"}, "service"},
    Row{{Kind::kScalableTarget, "scalable target", "application-autoscaling",
         "RegisterScalableTarget"},
        "scalableTarget"},
    Row{{Kind::kScalingPolicy, "scaling policy", "application-autoscaling", "PutScalingPolicy"},
        "scalingPolicies",
        true},
    Row{{Kind::kScheduledAction, "scheduled action", "application-autoscaling",
         "PutScheduledAction"},
        "scheduledActions",
        true},
};

const Row& RowOf(Kind kind) { return kRows[static_cast<size_t>(kind)]; }

// The floor of the schedule's entry in force; without one, the pool's.
Result<int> FloorAt(const EcsSpec& spec, std::chrono::system_clock::time_point now) {
  std::vector<pool::ScheduleRule> rules;
  for (const auto& entry : spec.schedule)
    rules.push_back({entry.cron, entry.timezone, entry.floor});
  auto schedule = pool::Schedule::Parse(rules);
  if (!schedule) return Forward(schedule);
  const auto since = std::chrono::floor<std::chrono::seconds>(now.time_since_epoch());
  const auto in_force = schedule->At(since.count());
  return in_force.rule < 0 ? spec.floor : in_force.floor;
}

int DesiredAtCreation(const EcsSpec& spec, int floor) {
  if (spec.desired != 0) return spec.desired;
  return std::min(std::max({floor, spec.spare, 1}), spec.max);
}

class Maker {
 public:
  explicit Maker(const EcsSpec& spec) : spec_(spec) {}

  void Add(Kind kind, std::string_view name, json::object input) {
    desired_.resources.push_back({kind, std::string(name), std::move(input)});
  }

  void AddLogs() {
    Add(Kind::kLogGroup, spec_.log_group, LogGroupInput(spec_));
    if (spec_.log_retention_days == 0) return;
    Add(Kind::kLogRetention, spec_.log_group, LogRetentionInput(spec_));
  }

  void AddBalancer() {
    if (!spec_.balancer) return;
    const std::string& name = spec_.balancer->target_group;
    Add(Kind::kTargetGroup, name, TargetGroupInput(spec_));
    Add(Kind::kTargetGroupAttributes, name, TargetGroupAttributesInput(spec_));
    Add(Kind::kListenerRule, name, ListenerRuleInput(spec_));
  }

  void AddScaling(int floor) {
    Add(Kind::kScalableTarget, spec_.service, ScalableTargetInput(spec_, floor));
    if (spec_.cpu_target > 0) AddPolicy(CpuPolicyInput(spec_));
    if (spec_.spare_policy) AddPolicy(SparePolicy(spec_));
    for (const ScaleTimes& times : spec_.times) {
      Add(Kind::kScheduledAction, times.name, ScheduledActionInput(spec_, times));
    }
  }

  Desired Done() { return std::move(desired_); }

 private:
  void AddPolicy(json::object input) {
    const std::string name(input.at("PolicyName").as_string());
    Add(Kind::kScalingPolicy, name, std::move(input));
  }

  const EcsSpec& spec_;
  Desired desired_;
};

}  // namespace

const KindFacts& FactsOf(Kind kind) { return RowOf(kind).facts; }

const Resource* Desired::Find(Kind kind, std::string_view name) const {
  const auto found = std::ranges::find_if(resources, [&](const Resource& one) {
    return one.kind == kind && (name.empty() || one.name == name);
  });
  return found == resources.end() ? nullptr : &*found;
}

Result<Desired> MakeDesired(const EcsSpec& spec, std::chrono::system_clock::time_point now) {
  const Result<int> floor = FloorAt(spec, now);
  if (!floor) return Fail(floor.error().code, "{}", floor.error().message);
  Result<json::object> task_definition = TaskDefinitionInput(spec);
  if (!task_definition) return Forward(task_definition);
  Result<json::object> service = ServiceInput(spec, DesiredAtCreation(spec, *floor));
  if (!service) return Forward(service);

  Maker maker(spec);
  maker.AddLogs();
  maker.Add(Kind::kTaskDefinition, spec.family, *std::move(task_definition));
  maker.AddBalancer();
  maker.Add(Kind::kService, spec.service, *std::move(service));
  maker.AddScaling(*floor);
  return maker.Done();
}

json::object Render(const Desired& desired) {
  json::object out;
  for (const Resource& resource : desired.resources) {
    const Row& row = RowOf(resource.kind);
    if (!row.many) {
      out[row.rendered] = resource.input;
      continue;
    }
    json::value& list = out[row.rendered];
    if (!list.is_array()) list.emplace_array();
    list.get_array().push_back(resource.input);
  }
  return out;
}

}  // namespace hearth::ecs
