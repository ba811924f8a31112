#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/json/array.hpp>

#include "aws/document.h"
#include "ecs/compare_rules.h"
#include "ecs/plan_build.h"

namespace hearth::ecs {
namespace {

namespace json = boost::json;
using aws::ListOf;
using aws::TextOf;

// reference/ecs.md 1.3: UpdateService starts a deployment for these alone.
constexpr std::array<std::string_view, 8> kStartDeployment = {
    "taskDefinition",       "networkConfiguration",    "platformVersion",
    "loadBalancers",        "serviceRegistries",       "serviceConnectConfiguration",
    "volumeConfigurations", "vpcLatticeConfigurations"};

// Not in UpdateService at all.
constexpr std::array<std::string_view, 3> kFixedForLife = {"launchType", "schedulingStrategy",
                                                           "role"};

constexpr size_t kDeploymentsMax = 5;  // AWS refuses a sixth

template <size_t N>
bool IsOneOf(std::string_view name, const std::array<std::string_view, N>& names) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

void CreateService(PlanState* state, const Resource& resource) {
  Action action = CreateAction(*state, resource, "it does not exist");
  action.requests.front().input["clientToken"] = kClientTokenRef;
  action.starts_deployment = true;
  state->plan.actions.push_back(std::move(action));
}

// The changes between launch type and capacity providers that AWS has (botocore,
// UpdateServiceRequest.capacityProviderStrategy), as differences of what can be sent.
void ReadCapacity(const json::object& input, const json::object& there,
                  std::vector<Difference>* differences) {
  const std::string_view type = TextOf(there, "launchType");
  const bool provider_wanted = !ListOf(input, "capacityProviderStrategy").empty();
  const bool provider_there = !ListOf(there, "capacityProviderStrategy").empty();
  if (!provider_wanted && provider_there) {
    // Back to a launch type: the empty list says so.
    std::erase_if(*differences,
                  [](const Difference& difference) { return TopOf(difference) == "launchType"; });
  }
  if (provider_wanted && !provider_there && type == "FARGATE") {
    // Not among them: from Fargate by launch type to one of Fargate's providers.
    std::erase_if(*differences, [](const Difference& difference) {
      return TopOf(difference) == "capacityProviderStrategy";
    });
    differences->push_back({"launchType", "FARGATE", input.at("capacityProviderStrategy")});
  }
}

bool HasFixed(PlanState* state, const Resource& resource,
              const std::vector<Difference>& differences) {
  std::vector<Difference> fixed;
  std::copy_if(
      differences.begin(), differences.end(), std::back_inserter(fixed),
      [](const Difference& difference) { return IsOneOf(TopOf(difference), kFixedForLife); });
  if (fixed.empty()) return false;
  state->plan.problems.push_back(fmt::format(
      "service \"{}\" exists and AWS cannot change it: {}; run `hearth ecs destroy` and apply "
      "again, or set [ecs] service to a new name",
      resource.name, ReasonOf(fixed)));
  return true;
}

// A pool's tasks move to another target group only with a gap in which the rule leads nowhere.
bool MovesTargetGroup(PlanState* state, const Resource& resource, const json::object& there) {
  const json::array& balancers = ListOf(there, "loadBalancers");
  if (!state->spec.balancer || balancers.empty()) return false;
  const auto known = state->known.find(kTargetGroupRef);
  for (const json::value& item : balancers) {
    const std::string_view arn = TextOf(aws::AsObject(item), "targetGroupArn");
    if (known != state->known.end() && arn == known->second) return false;
  }
  state->plan.problems.push_back(fmt::format(
      "service \"{}\" is behind the target group {}, and the file says \"{}\": requests would be "
      "lost while it moves; keep [ecs] target_group, or set [ecs] service to a new name",
      resource.name, TextOf(aws::AsObject(balancers.front()), "targetGroupArn"),
      state->spec.balancer->target_group));
  return true;
}

// What was left out of a deployment's configuration may stay as it was: what is no longer wanted is
// sent as its default.
void ResetDeploymentParts(const std::vector<Difference>& differences, json::object* update) {
  constexpr std::string_view kIn = "deploymentConfiguration";
  json::value* sent = update->if_contains(kIn);
  if (sent == nullptr || !sent->is_object()) return;
  for (const Difference& difference : differences) {
    if (TopOf(difference) != kIn || difference.path.size() <= kIn.size()) continue;
    std::string_view part = std::string_view(difference.path).substr(kIn.size() + 1);
    part = part.substr(0, part.find_first_of(".["));
    if (sent->get_object().contains(part)) continue;
    json::value back = DefaultOf(Kind::kService, kIn, part).value_or(nullptr);
    if (part == "alarms") {
      back = {{"alarmNames", json::array()}, {"enable", false}, {"rollback", false}};
    } else if (part == "deploymentCircuitBreaker") {
      back = {{"enable", false}, {"rollback", false}};
    } else if (part == "lifecycleHooks") {
      back = json::array();
    }
    sent->get_object()[part] = std::move(back);
  }
}

json::object UpdateInput(const PlanState& state, const json::object& input,
                         const std::vector<Difference>& differences) {
  json::object update{{"cluster", state.spec.cluster}, {"service", state.spec.service}};
  for (const Difference& difference : differences) {
    const std::string_view name = TopOf(difference);
    if (update.contains(name)) continue;
    if (const json::value* ought = input.if_contains(name)) {
      update[name] = *ought;
      continue;
    }
    // No longer wanted: back to AWS's default.
    json::value back = DefaultOf(Kind::kService, "", name).value_or(nullptr);
    if (back.is_null()) back = json::array();
    update[name] = name == "deploymentConfiguration" ? json::value(json::object()) : back;
  }
  ResetDeploymentParts(differences, &update);
  return update;
}

void UpdateService(PlanState* state, const Resource& resource, const json::object& input,
                   const json::object& there, std::vector<Difference> differences) {
  if (differences.empty()) return;
  const bool deploys = std::any_of(
      differences.begin(), differences.end(),
      [](const Difference& difference) { return IsOneOf(TopOf(difference), kStartDeployment); });
  const size_t deployments = ListOf(there, "deployments").size();
  if (deploys && deployments >= kDeploymentsMax) {
    state->plan.problems.push_back(fmt::format(
        "service \"{}\" has {} deployments under way and AWS takes no further one: tasks that are "
        "protected from scale-in hold them; wait for these, then apply again",
        resource.name, deployments));
    return;
  }
  json::object update = UpdateInput(*state, input, differences);
  Action action = UpdateAction(resource, std::move(differences));
  action.starts_deployment = deploys;
  action.requests.push_back({"ecs", "UpdateService", std::move(update)});
  state->plan.actions.push_back(std::move(action));
}

void TagService(PlanState* state, const Resource& resource, const json::object& there,
                std::vector<Difference> tags) {
  if (tags.empty()) return;
  json::array list = TagList(tags, "key", "value");
  Action action = UpdateAction(resource, std::move(tags));
  action.requests.push_back(
      {"ecs",
       "TagResource",
       {{"resourceArn", TextOf(there, "serviceArn")}, {"tags", std::move(list)}}});
  state->plan.actions.push_back(std::move(action));
}

}  // namespace

void PlanService(PlanState* state, const Resource& resource) {
  if (!state->observed.service) {
    CreateService(state, resource);
    return;
  }
  const json::object& there = *state->observed.service;
  if (TextOf(there, "status") == "DRAINING") {
    state->plan.problems.push_back(fmt::format(
        "service \"{}\" is being deleted and still drains: wait until its tasks have ended, then "
        "apply again",
        resource.name));
    return;
  }
  if (!CarriesPoolTag(state->spec, there)) {
    state->plan.notes.push_back(fmt::format(
        "service \"{}\" exists and is not of hearth's making: apply takes it over, and destroy "
        "deletes it from then on",
        resource.name));
  }
  const json::object input = Fill(resource.input, state->known);
  auto [tags, others] = SplitTags(Compare(Kind::kService, input, there));
  ReadCapacity(input, there, &others);
  if (HasFixed(state, resource, others) || MovesTargetGroup(state, resource, there)) return;
  if (!state->spec.balancer && !ListOf(there, "loadBalancers").empty()) {
    state->plan.notes.push_back(
        fmt::format("service \"{}\" leaves its target group; rule and target group stay: delete "
                    "them when no request comes there any more",
                    resource.name));
  }
  UpdateService(state, resource, input, there, std::move(others));
  TagService(state, resource, there, std::move(tags));
}

}  // namespace hearth::ecs
