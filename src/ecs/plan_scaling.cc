#include <fmt/format.h>

#include <algorithm>
#include <boost/json/array.hpp>

#include "aws/document.h"
#include "ecs/plan_build.h"

namespace hearth::ecs {
namespace {

namespace json = boost::json;
using aws::TextOf;

int64_t Number(const json::object& in, std::string_view name) {
  return static_cast<int64_t>(aws::NumberOf(in, name).value_or(0));
}

// MinCapacity that someone raised stays, unless told otherwise.
void KeepFloor(PlanState* state, const json::object& there, json::object* input) {
  const int64_t is = Number(there, "MinCapacity");
  const int64_t ought = Number(*input, "MinCapacity");
  if (is <= ought || state->options.lower_floor) return;
  const int64_t max = Number(*input, "MaxCapacity");
  if (is > max) {
    state->plan.problems.push_back(
        fmt::format("MinCapacity is {}, which someone raised above the file's [pool] max = {}: "
                    "raise max, or apply with --lower-floor",
                    is, max));
    return;
  }
  (*input)["MinCapacity"] = is;
  state->plan.notes.push_back(
      fmt::format("MinCapacity is {}, the file says {}: someone raised it; kept (--lower-floor "
                  "lowers it)",
                  is, ought));
}

void NoteSuspended(PlanState* state, const json::object& there, const json::object& input) {
  const json::object& suspended = aws::ObjectOf(there, "SuspendedState");
  if (input.contains("SuspendedState")) return;
  for (const char* name :
       {"DynamicScalingInSuspended", "DynamicScalingOutSuspended", "ScheduledScalingSuspended"}) {
    if (!aws::BoolOf(suspended, name).value_or(false)) continue;
    state->plan.notes.push_back(
        fmt::format("scaling is suspended ({}): someone did that; left as it is", name));
  }
}

void NoteStops(PlanState* state, const json::object& there, const json::object& input) {
  if (!state->observed.service) return;
  const int64_t max = Number(input, "MaxCapacity");
  const int64_t tasks = Number(*state->observed.service, "desiredCount");
  if (max >= tasks || Number(there, "MaxCapacity") == max) return;
  state->plan.notes.push_back(
      fmt::format("MaxCapacity {} is below the {} tasks that run: AWS stops {} at once", max, tasks,
                  tasks - max));
}

const json::object* FindNamed(const json::array& list, std::string_view key,
                              std::string_view name) {
  const auto found = std::find_if(list.begin(), list.end(), [&](const json::value& item) {
    return TextOf(aws::AsObject(item), key) == name;
  });
  return found == list.end() ? nullptr : &aws::AsObject(*found);
}

std::string_view NameKey(Kind kind) {
  return kind == Kind::kScalingPolicy ? "PolicyName" : "ScheduledActionName";
}

void PlanUnwanted(PlanState* state, Kind kind, const json::array& there) {
  for (const json::value& item : there) {
    const std::string name(TextOf(aws::AsObject(item), NameKey(kind)));
    if (state->desired.Find(kind, name) != nullptr) continue;
    const std::string_view words = FactsOf(kind).words;
    if (!NamedByHearth(state->spec, name)) {
      state->plan.notes.push_back(
          fmt::format("{} \"{}\" is not hearth's: left as it is", words, name));
      continue;
    }
    json::object input = ScalingOf(state->spec);
    input[NameKey(kind)] = name;
    const char* call =
        kind == Kind::kScalingPolicy ? "DeleteScalingPolicy" : "DeleteScheduledAction";
    state->plan.actions.push_back({Verb::kDelete,
                                   kind,
                                   name,
                                   "the file does not ask for it any more",
                                   {},
                                   {{"application-autoscaling", call, std::move(input)}}});
  }
}

}  // namespace

void PlanScalableTarget(PlanState* state, const Resource& resource) {
  if (!state->observed.scalable_target) {
    state->plan.actions.push_back(CreateAction(*state, resource, "it does not exist"));
    return;
  }
  const json::object& there = *state->observed.scalable_target;
  json::object input = resource.input;
  KeepFloor(state, there, &input);
  NoteSuspended(state, there, input);
  auto [tags, others] = SplitTags(Compare(Kind::kScalableTarget, input, there));
  if (others.empty()) return;
  NoteStops(state, there, input);
  input.erase("Tags");  // AWS takes them at creation only
  Action action = UpdateAction(resource, std::move(others));
  action.requests.push_back(
      {"application-autoscaling", "RegisterScalableTarget", std::move(input)});
  state->plan.actions.push_back(std::move(action));
}

void PlanScaling(PlanState* state, const Resource& resource) {
  const json::array& list = resource.kind == Kind::kScalingPolicy
                                ? state->observed.policies
                                : state->observed.scheduled_actions;
  const json::object* there = FindNamed(list, NameKey(resource.kind), resource.name);
  if (there == nullptr) {
    state->plan.actions.push_back(CreateAction(*state, resource, "it does not exist"));
    return;
  }
  std::vector<Difference> differences =
      Compare(resource.kind, Fill(resource.input, state->known), *there);
  if (differences.empty()) return;
  Action action = CreateAction(*state, resource, ReasonOf(differences));
  action.verb = Verb::kUpdate;
  action.differences = std::move(differences);
  state->plan.actions.push_back(std::move(action));
}

void PlanUnwantedScaling(PlanState* state) {
  PlanUnwanted(state, Kind::kScalingPolicy, state->observed.policies);
  PlanUnwanted(state, Kind::kScheduledAction, state->observed.scheduled_actions);
}

}  // namespace hearth::ecs
