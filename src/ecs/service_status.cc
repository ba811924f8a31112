#include "ecs/service_status.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "aws/document.h"
#include "ecs/desired.h"
#include "ecs/failure_kind.h"
#include "ecs/scaling_ask.h"
#include "ecs/service_ask.h"
#include "ecs/spare_policy.h"

namespace hearth::ecs {
namespace {

using boost::json::object;

constexpr size_t kEvents = 10;
constexpr int kSpareMost = 1000;  // [pool] spare ends there

int IntOf(const object& in, std::string_view name) {
  return static_cast<int>(aws::NumberOf(in, name).value_or(0));
}

std::optional<int> IntIn(const object& in, std::string_view name) {
  const auto number = aws::NumberOf(in, name);
  return number ? std::optional(static_cast<int>(*number)) : std::nullopt;
}

const object& ConfigurationOf(const object& policy) {
  return aws::ObjectOf(policy, "TargetTrackingScalingPolicyConfiguration");
}

// The formula of a policy with metric math; empty for others.
std::string_view ExpressionOf(const object& policy) {
  const object& custom = aws::ObjectOf(ConfigurationOf(policy), "CustomizedMetricSpecification");
  for (const auto& metric : aws::ListOf(custom, "Metrics")) {
    const std::string_view found = aws::TextOf(aws::AsObject(metric), "Expression");
    if (!found.empty()) return found;
  }
  return "";
}

class StatusReader {
 public:
  StatusReader(const aws::CallService& call, const EcsSpec& spec,
               std::chrono::system_clock::time_point now)
      : call_(call), spec_(spec), now_(now) {}

  Result<ServiceStatus> Read() {
    auto service = AskService(call_, spec_);
    if (!service) return tl::unexpected(std::move(service.error().error));
    if (!*service) {
      return Fail(Code::kNotFound,
                  "there is no service {} in cluster {} ({}); `hearth ecs apply` makes it",
                  spec_.service, spec_.cluster, spec_.region);
    }
    Service(**service);
    Scaling();
    Spare();
    Deployment(**service);
    if (auto targets = AskTargets(call_, **service)) {
      out_.targets = *std::move(targets);
    } else {
      Note("target health", targets.error());
    }
    Tasks();
    return std::move(out_);
  }

 private:
  void Note(std::string_view what, const aws::ServiceFailure& failure) {
    out_.notes.push_back(fmt::format("{}: not told: {}", what, failure.error.message));
  }

  void Service(const object& service) {
    out_.cluster = spec_.cluster;
    out_.service = spec_.service;
    out_.region = spec_.region;
    out_.state = aws::TextOf(service, "status");
    const std::string_view definition = aws::TextOf(service, "taskDefinition");
    out_.definition = definition.substr(definition.rfind('/') + 1);
    out_.desired = IntOf(service, "desiredCount");
    out_.running = IntOf(service, "runningCount");
    out_.pending = IntOf(service, "pendingCount");
    for (const auto& item : aws::ListOf(service, "events")) {
      const object& event = aws::AsObject(item);
      if (out_.events.size() == kEvents) break;
      out_.events.push_back({aws::NumberOf(event, "createdAt").value_or(0),
                             aws::Printable(aws::TextOf(event, "message"), 300)});
    }
  }

  void Scaling() {
    auto target = AskScalableTarget(call_, spec_);
    if (!target) return Note("floor and max", target.error());
    int floor = spec_.floor;
    if (auto desired = MakeDesired(spec_, now_)) {
      const Resource* ought = desired->Find(Kind::kScalableTarget);
      if (ought != nullptr) floor = IntIn(ought->input, "MinCapacity").value_or(floor);
    }
    const object none;
    const object& is = *target ? **target : none;
    out_.floor = OriginOf(IntIn(is, "MinCapacity"), floor, !spec_.schedule.empty());
    out_.max = OriginOf(IntIn(is, "MaxCapacity"), spec_.max, false);
    if (out_.floor.value && out_.desired < *out_.floor.value) {
      out_.notes.push_back(fmt::format(
          "{} tasks are wanted, below the floor of {}: someone set the count by hand, and AWS "
          "raises it only when it scales next; `hearth ecs scale --floor {}` does so now",
          out_.desired, *out_.floor.value, *out_.floor.value));
    }
    const object& suspended = aws::ObjectOf(is, "SuspendedState");
    for (const auto& entry : suspended) {
      if (entry.value().is_bool() && entry.value().get_bool()) {
        out_.notes.push_back(
            fmt::format("scaling is suspended: {}", std::string_view(entry.key())));
      }
    }
  }

  void Spare() {
    auto policies = AskPolicies(call_, spec_);
    if (!policies) return Note("spare", policies.error());
    std::optional<int> spare;
    for (const auto& item : *policies) {
      if (!spare) spare = SpareOf(spec_, aws::AsObject(item));
    }
    out_.spare = spare || spec_.spare_policy
                     ? OriginOf(spare, spec_.spare, false)
                     : NumberNow{std::nullopt, "hearth.toml has scaling.spare_policy off"};
  }

  void Deployment(const object& service) {
    auto newest = AskNewestDeployment(call_, spec_, std::nullopt);
    if (newest) {
      out_.deployment = *std::move(newest);
    } else if (!IsUnknownAction(newest.error())) {
      Note("deployments", newest.error());
    }
    if (!out_.deployment) out_.deployment = DeploymentOfService(service, "", std::nullopt);
  }

  void Tasks() {
    auto tasks = ReadTasks(call_, spec_, "RUNNING");
    if (!tasks) return Note("tasks", tasks.error());
    out_.tasks = *std::move(tasks);
    std::sort(out_.tasks.begin(), out_.tasks.end(), [](const TaskView& a, const TaskView& b) {
      return std::pair(a.created_s.value_or(0), a.arn) < std::pair(b.created_s.value_or(0), b.arn);
    });
  }

  const aws::CallService& call_;
  const EcsSpec& spec_;
  const std::chrono::system_clock::time_point now_;
  ServiceStatus out_;
};

}  // namespace

NumberNow OriginOf(std::optional<int> on_aws, int in_file, bool by_schedule) {
  if (!on_aws) return {std::nullopt, fmt::format("not set on AWS; hearth.toml says {}", in_file)};
  if (*on_aws == in_file)
    return {on_aws, by_schedule ? "hearth.toml, its schedule" : "hearth.toml"};
  return {on_aws, fmt::format("set on AWS; hearth.toml says {}", in_file)};
}

std::optional<int> SpareOf(const EcsSpec& spec, const object& policy) {
  const std::string_view formula = ExpressionOf(policy);
  if (formula.empty()) return std::nullopt;
  // Written again for every spare there can be: so that only one place knows the formula.
  EcsSpec guess = spec;
  for (guess.spare = 0; guess.spare <= kSpareMost; ++guess.spare) {
    const object made = SparePolicy(guess);
    if (ExpressionOf(made) == formula) return guess.spare;
  }
  return std::nullopt;
}

Result<ServiceStatus> ReadStatus(const aws::CallService& call, const EcsSpec& spec,
                                 std::chrono::system_clock::time_point now) {
  return StatusReader(call, spec, now).Read();
}

}  // namespace hearth::ecs
