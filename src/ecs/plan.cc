#include "ecs/plan.h"

#include <fmt/format.h>

#include <boost/json/array.hpp>

#include "aws/document.h"
#include "ecs/describe_shape.h"
#include "ecs/plan_build.h"

namespace hearth::ecs {
namespace {

namespace json = boost::json;
using aws::TextOf;

void TakeInputs(PlanState* state) {
  for (const InputCheck& check : state->observed.inputs) {
    if (check.remedy.empty()) continue;
    (check.not_checked ? state->plan.notes : state->plan.problems).push_back(check.remedy);
  }
  if (!state->observed.vpc.empty()) state->known.emplace(kVpcRef, state->observed.vpc);
}

void PlanLogGroup(PlanState* state, const Resource& resource) {
  const std::optional<json::object>& there = state->observed.log_group;
  if (!there) {
    state->plan.actions.push_back(CreateAction(*state, resource, "it does not exist"));
    return;
  }
  if (!CarriesPoolTag(state->spec, *there)) {
    if (TagsOf(*there)) {
      state->plan.notes.push_back(
          fmt::format("log group \"{}\" is not of this pool's making: it is used as it is, and "
                      "destroy leaves it",
                      resource.name));
    }
    return;
  }
  auto [tags, others] = SplitTags(Compare(Kind::kLogGroup, resource.input, *there));
  if (tags.empty()) return;
  json::object wanted;
  for (const json::value& tag : TagList(tags, "key", "value")) {
    wanted[TextOf(tag.get_object(), "key")] = tag.at("value");
  }
  Action action = UpdateAction(resource, std::move(tags));
  action.requests.push_back(
      {"logs", "TagResource", {{"resourceArn", TextOf(*there, "arn")}, {"tags", wanted}}});
  state->plan.actions.push_back(std::move(action));
}

void PlanLogRetention(PlanState* state, const Resource& resource) {
  const json::object there = state->observed.log_group.value_or(json::object());
  std::vector<Difference> differences = Compare(Kind::kLogRetention, resource.input, there);
  if (differences.empty()) return;
  Action action = UpdateAction(resource, std::move(differences));
  if (!state->observed.log_group) action.verb = Verb::kCreate;
  action.requests.push_back({"logs", "PutRetentionPolicy", resource.input});
  state->plan.actions.push_back(std::move(action));
}

// The revision is as wanted: the reference is known, and at most tags are missing.
void UseRevision(PlanState* state, const Resource& resource, const json::object& revision,
                 std::vector<Difference> tags) {
  const std::string arn(TextOf(revision, "taskDefinitionArn"));
  state->known.emplace(kTaskDefinitionRef, arn);
  if (tags.empty() || !CarriesPoolTag(state->spec, revision)) return;
  Action action = UpdateAction(resource, tags);
  action.requests.push_back(
      {"ecs", "TagResource", {{"resourceArn", arn}, {"tags", TagList(tags, "key", "value")}}});
  state->plan.actions.push_back(std::move(action));
}

void PlanTaskDefinition(PlanState* state, const Resource& resource) {
  const Observed& observed = state->observed;
  const std::optional<json::object>* in_force = observed.service_task_definition
                                                    ? &observed.service_task_definition
                                                    : &observed.task_definition;
  std::vector<Difference> first;  // against what the service runs
  for (const std::optional<json::object>* revision : {in_force, &observed.task_definition}) {
    if (!*revision || TextOf(**revision, "status") == "INACTIVE") continue;
    auto [tags, content] = SplitTags(Compare(Kind::kTaskDefinition, resource.input, **revision));
    if (content.empty()) {
      UseRevision(state, resource, **revision, std::move(tags));
      return;
    }
    if (first.empty()) first = std::move(content);
  }
  Action action = CreateAction(*state, resource, "there is no active revision of it");
  if (!first.empty()) {
    action.verb = Verb::kUpdate;
    action.reason = ReasonOf(first);
    action.differences = std::move(first);
  }
  state->plan.actions.push_back(std::move(action));
}

void PlanResource(PlanState* state, const Resource& resource) {
  switch (resource.kind) {
    case Kind::kLogGroup:
      return PlanLogGroup(state, resource);
    case Kind::kLogRetention:
      return PlanLogRetention(state, resource);
    case Kind::kTaskDefinition:
      return PlanTaskDefinition(state, resource);
    case Kind::kTargetGroup:
      return PlanTargetGroup(state, resource);
    case Kind::kTargetGroupAttributes:
      return PlanTargetGroupAttributes(state, resource);
    case Kind::kListenerRule:
      return PlanListenerRule(state, resource);
    case Kind::kService:
      return PlanService(state, resource);
    case Kind::kScalableTarget:
      return PlanScalableTarget(state, resource);
    case Kind::kScalingPolicy:
    case Kind::kScheduledAction:
      return PlanScaling(state, resource);
  }
}

}  // namespace

Plan MakePlan(const EcsSpec& spec, const Desired& desired, const Observed& observed,
              const PlanOptions& options) {
  PlanState state{spec, desired, observed, options, {}, {}};
  TakeInputs(&state);
  for (const Resource& resource : desired.resources) PlanResource(&state, resource);
  PlanUnwantedScaling(&state);
  return std::move(state.plan);
}

}  // namespace hearth::ecs
