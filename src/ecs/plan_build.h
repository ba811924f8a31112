// How a plan is put together: one function a kind, over one shared state. Pure; internal to
// plan.cc.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "ecs/plan.h"
#include "ecs/references.h"

namespace hearth::ecs {

struct PlanState {
  const EcsSpec& spec;
  const Desired& desired;
  const Observed& observed;
  const PlanOptions& options;
  References known;  // what can be filled in now
  Plan plan;
};

void PlanTargetGroup(PlanState* state, const Resource& resource);
void PlanTargetGroupAttributes(PlanState* state, const Resource& resource);
void PlanListenerRule(PlanState* state, const Resource& resource);
void PlanService(PlanState* state, const Resource& resource);
void PlanScalableTarget(PlanState* state, const Resource& resource);
// Of policies and scheduled actions.
void PlanScaling(PlanState* state, const Resource& resource);
void PlanUnwantedScaling(PlanState* state);

// {words, request} of the resource's create call.
Action CreateAction(const PlanState& state, const Resource& resource, std::string reason);
Action UpdateAction(const Resource& resource, std::vector<Difference> differences);

// "healthCheckGracePeriodSeconds: 0 → 60", the first three, and how many more.
std::string ReasonOf(const std::vector<Difference>& differences);
// Short and on one line; what an environment variable named like a secret holds is not shown.
std::string ValueWords(const Difference& difference, const boost::json::value& value);

// Differences of tags, and the others.
std::pair<std::vector<Difference>, std::vector<Difference>> SplitTags(
    std::vector<Difference> differences);
// The property at the top that a difference is in: "networkConfiguration".
std::string_view TopOf(const Difference& difference);
// The tags of `differences` as an API's list: [{key: …, value: …}].
boost::json::array TagList(const std::vector<Difference>& differences, std::string_view key,
                           std::string_view value);

bool CarriesPoolTag(const EcsSpec& spec, const boost::json::object& described);

// The names that hearth gives its policies and scheduled actions.
bool NamedByHearth(const EcsSpec& spec, std::string_view name);

// {ServiceNamespace, ResourceId, ScalableDimension} of the service.
boost::json::object ScalingOf(const EcsSpec& spec);

}  // namespace hearth::ecs
