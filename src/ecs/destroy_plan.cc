#include <fmt/format.h>

#include <algorithm>
#include <boost/json/array.hpp>

#include "aws/document.h"
#include "ecs/plan_build.h"

namespace hearth::ecs {
namespace {

namespace json = boost::json;
using aws::TextOf;

constexpr std::string_view kReason = "it carries this pool's tag";

class DestroyPlan {
 public:
  DestroyPlan(const EcsSpec& spec, const Observed& observed) : spec_(spec), observed_(observed) {
    plan_.destroys = true;
    service_is_ours_ = !observed.service || CarriesPoolTag(spec, *observed.service);
  }

  Plan Make() {
    Scaling();
    Service();
    Balancer();
    TaskDefinitions();
    LogGroup();
    return std::move(plan_);
  }

 private:
  void Delete(Kind kind, std::string name, std::string_view reason,
              std::vector<aws::ServiceRequest> requests) {
    plan_.actions.push_back(
        {Verb::kDelete, kind, std::move(name), std::string(reason), {}, std::move(requests)});
  }

  void Leave(Kind kind, std::string_view name) {
    plan_.notes.push_back(fmt::format("{} \"{}\" does not carry the tag {} = {}: it stays",
                                      FactsOf(kind).words, name, kPoolTag, PoolTagValue(spec_)));
  }

  // They have no tags of their own: they go with their service. Policies go with the target.
  void Scaling() {
    if (!service_is_ours_) return;
    for (const json::value& item : observed_.scheduled_actions) {
      const std::string name(TextOf(aws::AsObject(item), "ScheduledActionName"));
      json::object input = ScalingOf(spec_);
      input["ScheduledActionName"] = name;
      Delete(Kind::kScheduledAction, name, "it is of this pool's service",
             {{"application-autoscaling", "DeleteScheduledAction", std::move(input)}});
    }
    if (!observed_.scalable_target) return;
    Delete(Kind::kScalableTarget, std::string(TextOf(ScalingOf(spec_), "ResourceId")),
           observed_.policies.empty()
               ? std::string("it is of this pool's service")
               : fmt::format("it is of this pool's service; its {} scaling policies go with it",
                             observed_.policies.size()),
           {{"application-autoscaling", "DeregisterScalableTarget", ScalingOf(spec_)}});
  }

  void Service() {
    if (!observed_.service) return;
    if (!service_is_ours_) return Leave(Kind::kService, spec_.service);
    std::vector<aws::ServiceRequest> requests;
    const bool draining = TextOf(*observed_.service, "status") == "DRAINING";
    if (!draining) {
      requests.push_back(
          {"ecs",
           "DeleteService",
           {{"cluster", spec_.cluster}, {"service", spec_.service}, {"force", true}}});
    }
    // Sent again and again until the service is gone.
    requests.push_back({"ecs",
                        "DescribeServices",
                        {{"cluster", spec_.cluster}, {"services", json::array{spec_.service}}}});
    const int64_t tasks =
        static_cast<int64_t>(aws::NumberOf(*observed_.service, "runningCount").value_or(0));
    Delete(Kind::kService, spec_.service,
           draining ? std::string("it drains already: waited for")
                    : fmt::format("{}; {} tasks run in it and end", kReason, tasks),
           std::move(requests));
  }

  // A service that stays keeps its way in.
  bool KeptInUse(Kind kind, std::string_view name) {
    if (service_is_ours_ || !observed_.target_group) return false;
    const std::string_view arn = TextOf(*observed_.target_group, "TargetGroupArn");
    for (const json::value& item : aws::ListOf(*observed_.service, "loadBalancers")) {
      if (TextOf(aws::AsObject(item), "targetGroupArn") != arn) continue;
      plan_.notes.push_back(fmt::format("{} \"{}\" stays: the service that stays is behind it",
                                        FactsOf(kind).words, name));
      return true;
    }
    return false;
  }

  void Balancer() {
    if (observed_.rule) {
      const std::string arn(TextOf(*observed_.rule, "RuleArn"));
      if (!CarriesPoolTag(spec_, *observed_.rule)) {
        Leave(Kind::kListenerRule, arn);
      } else if (!KeptInUse(Kind::kListenerRule, arn)) {
        Delete(Kind::kListenerRule, arn, kReason, {{"elbv2", "DeleteRule", {{"RuleArn", arn}}}});
      }
    }
    if (!observed_.target_group) return;
    json::object group = *observed_.target_group;
    group["Tags"] = observed_.target_group_tags;
    const std::string name(TextOf(group, "TargetGroupName"));
    if (!CarriesPoolTag(spec_, group)) return Leave(Kind::kTargetGroup, name);
    if (KeptInUse(Kind::kTargetGroup, name)) return;
    Delete(Kind::kTargetGroup, name, kReason,
           {{"elbv2", "DeleteTargetGroup", {{"TargetGroupArn", TextOf(group, "TargetGroupArn")}}}});
  }

  void TaskDefinition(const json::object& revision) {
    const std::string arn(TextOf(revision, "taskDefinitionArn"));
    if (TextOf(revision, "status") == "INACTIVE") return;
    if (!CarriesPoolTag(spec_, revision)) return Leave(Kind::kTaskDefinition, arn);
    Delete(Kind::kTaskDefinition, arn, kReason,
           {{"ecs", "DeregisterTaskDefinition", {{"taskDefinition", arn}}}});
  }

  void TaskDefinitions() {
    if (observed_.task_definition) TaskDefinition(*observed_.task_definition);
    if (observed_.service_task_definition) TaskDefinition(*observed_.service_task_definition);
    for (const json::value& item : observed_.older_task_definitions) {
      TaskDefinition(aws::AsObject(item));
    }
  }

  void LogGroup() {
    if (!observed_.log_group) return;
    if (!CarriesPoolTag(spec_, *observed_.log_group)) {
      return Leave(Kind::kLogGroup, spec_.log_group);
    }
    Delete(Kind::kLogGroup, spec_.log_group, fmt::format("{}; its log lines go with it", kReason),
           {{"logs", "DeleteLogGroup", {{"logGroupName", spec_.log_group}}}});
  }

  const EcsSpec& spec_;
  const Observed& observed_;
  Plan plan_;
  bool service_is_ours_ = true;
};

}  // namespace

Plan MakeDestroyPlan(const EcsSpec& spec, const Observed& observed) {
  return DestroyPlan(spec, observed).Make();
}

}  // namespace hearth::ecs
