#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/json/array.hpp>

#include "aws/document.h"
#include "ecs/compare_rules.h"
#include "ecs/plan_build.h"
#include "ecs/rule_priority.h"

namespace hearth::ecs {
namespace {

namespace json = boost::json;
using aws::ListOf;
using aws::TextOf;

constexpr std::array<std::string_view, 7> kFixedForLife = {
    "Protocol",         "Port", "VpcId", "TargetType", "ProtocolVersion", "IpAddressType",
    "TargetControlPort"};

bool IsFixed(const Difference& difference) {
  return std::find(kFixedForLife.begin(), kFixedForLife.end(), TopOf(difference)) !=
         kFixedForLife.end();
}

bool InUse(const Observed& observed, std::string_view arn) {
  if (observed.target_group && !ListOf(*observed.target_group, "LoadBalancerArns").empty()) {
    return true;
  }
  if (!observed.service) return false;
  const json::array& balancers = ListOf(*observed.service, "loadBalancers");
  return std::any_of(balancers.begin(), balancers.end(), [&](const json::value& item) {
    return TextOf(aws::AsObject(item), "targetGroupArn") == arn;
  });
}

json::object WithTags(const Observed& observed) {
  json::object there = *observed.target_group;
  there["Tags"] = observed.target_group_tags;
  return there;
}

void AddTags(PlanState* state, const Resource& resource, std::string_view arn,
             std::vector<Difference> tags) {
  if (tags.empty()) return;
  json::array list = TagList(tags, "Key", "Value");
  Action action = UpdateAction(resource, std::move(tags));
  action.requests.push_back(
      {"elbv2", "AddTags", {{"ResourceArns", json::array{arn}}, {"Tags", std::move(list)}}});
  state->plan.actions.push_back(std::move(action));
}

// What cannot be changed: made anew where nobody uses it, else said.
void ReplaceTargetGroup(PlanState* state, const Resource& resource, const json::object& there,
                        std::vector<Difference> differences) {
  const std::string_view arn = TextOf(there, "TargetGroupArn");
  if (InUse(state->observed, arn)) {
    state->plan.problems.push_back(fmt::format(
        "target group \"{}\" is in use and AWS cannot change it: {}; run `hearth ecs destroy` and "
        "apply again, or give [ecs] service and target_group new names",
        resource.name, ReasonOf(differences)));
    return;
  }
  Action action = CreateAction(*state, resource,
                               fmt::format("{}: AWS cannot change that", ReasonOf(differences)));
  action.verb = Verb::kReplace;
  action.differences = std::move(differences);
  action.requests.insert(action.requests.begin(),
                         {"elbv2", "DeleteTargetGroup", {{"TargetGroupArn", arn}}});
  state->plan.actions.push_back(std::move(action));
}

json::object ModifyInput(const Resource& resource, std::string_view arn,
                         const std::vector<Difference>& differences) {
  json::object input{{"TargetGroupArn", arn}};
  for (const Difference& difference : differences) {
    const std::string_view name = TopOf(difference);
    const json::value* ought = resource.input.if_contains(name);
    input[name] =
        ought != nullptr ? *ought : DefaultOf(Kind::kTargetGroup, "", name).value_or(nullptr);
  }
  return input;
}

json::object ResolvedRule(PlanState* state, const Resource& resource, const json::object& rule) {
  if (!state->known.contains(kPriorityRef)) {
    state->known.emplace(kPriorityRef, TextOf(rule, "Priority"));
  }
  return Fill(resource.input, state->known);
}

// A fixed priority of the file's that somebody else has.
bool PriorityIsTaken(PlanState* state, const json::object& input, std::string_view ours) {
  const std::optional<double> wanted = aws::NumberOf(input, "Priority");
  if (!wanted) return false;
  const json::object* other = RuleAt(state->observed.rules, static_cast<int>(*wanted), ours);
  if (other == nullptr) return false;
  state->plan.problems.push_back(fmt::format(
      "[ecs] rule_priority = {}: the listener has a rule of that priority, {}; choose another, or "
      "leave the key out and a free one is taken",
      static_cast<int>(*wanted), TextOf(*other, "RuleArn")));
  return true;
}

void NoteShadow(PlanState* state, const json::object& input, std::string_view ours) {
  const int priority = static_cast<int>(aws::NumberOf(input, "Priority").value_or(0));
  const std::string before = RuleThatTakesAll(state->observed.rules, priority, ours);
  if (before.empty()) return;
  state->plan.notes.push_back(
      fmt::format("the listener's rule of priority {} takes every request before this pool's rule, "
                  "{}: nothing comes here; set [ecs] rule_priority below {}",
                  before, priority, before));
}

void CreateRule(PlanState* state, const Resource& resource) {
  const std::optional<int> free = FreePriority(state->observed.rules);
  const bool any_will_do = TextOf(resource.input, "Priority") == kPriorityRef;
  if (any_will_do && !free) {
    state->plan.problems.push_back("the listener has no free priority for a rule: remove one");
    return;
  }
  json::object input = resource.input;
  if (any_will_do) input["Priority"] = *free;
  if (PriorityIsTaken(state, input, "")) return;
  NoteShadow(state, input, "");
  // The priority stays a reference: another may take it before apply comes there.
  state->plan.actions.push_back(
      CreateAction(*state, resource, "no rule of the listener is this pool's"));
}

}  // namespace

void PlanTargetGroup(PlanState* state, const Resource& resource) {
  const Observed& observed = state->observed;
  if (!observed.target_group) {
    if (observed.vpc.empty()) {
      state->plan.problems.push_back(
          fmt::format("cannot make the target group \"{}\": the VPC of the subnets is not known",
                      resource.name));
    }
    state->plan.actions.push_back(CreateAction(*state, resource, "it does not exist"));
    return;
  }
  const json::object there = WithTags(observed);
  const std::string arn(TextOf(there, "TargetGroupArn"));
  if (!CarriesPoolTag(state->spec, there)) {
    state->plan.problems.push_back(fmt::format(
        "target group \"{}\" exists and does not carry the tag {} = {}: it is someone else's; set "
        "[ecs] target_group to another name",
        resource.name, kPoolTag, PoolTagValue(state->spec)));
    return;
  }
  auto [tags, others] =
      SplitTags(Compare(Kind::kTargetGroup, Fill(resource.input, state->known), there));
  if (std::any_of(others.begin(), others.end(), IsFixed)) {
    ReplaceTargetGroup(state, resource, there, std::move(others));
    return;
  }
  state->known.emplace(kTargetGroupRef, arn);
  if (!others.empty()) {
    json::object input = ModifyInput(resource, arn, others);
    Action action = UpdateAction(resource, std::move(others));
    action.requests.push_back({"elbv2", "ModifyTargetGroup", std::move(input)});
    state->plan.actions.push_back(std::move(action));
  }
  AddTags(state, resource, arn, std::move(tags));
}

void PlanTargetGroupAttributes(PlanState* state, const Resource& resource) {
  const json::object input = Fill(resource.input, state->known);
  if (!state->known.contains(kTargetGroupRef)) {  // a new one
    state->plan.actions.push_back(CreateAction(*state, resource, "the target group is new"));
    return;
  }
  const json::object there{{"Attributes", state->observed.target_group_attributes}};
  std::vector<Difference> differences = Compare(Kind::kTargetGroupAttributes, input, there);
  if (differences.empty()) return;
  json::array changed;
  for (const json::value& item : ListOf(input, "Attributes")) {
    const std::string path = fmt::format("Attributes[{}]", TextOf(aws::AsObject(item), "Key"));
    if (std::any_of(differences.begin(), differences.end(), [&](const Difference& difference) {
          return difference.path.starts_with(path);
        })) {
      changed.push_back(item);
    }
  }
  Action action = UpdateAction(resource, std::move(differences));
  action.requests.push_back(
      {"elbv2",
       "ModifyTargetGroupAttributes",
       {{"TargetGroupArn", input.at("TargetGroupArn")}, {"Attributes", std::move(changed)}}});
  state->plan.actions.push_back(std::move(action));
}

void PlanListenerRule(PlanState* state, const Resource& resource) {
  if (!state->observed.rule) {
    CreateRule(state, resource);
    return;
  }
  const json::object& there = *state->observed.rule;
  const std::string_view arn = TextOf(there, "RuleArn");
  const json::object input = ResolvedRule(state, resource, there);
  NoteShadow(state, input, arn);
  auto [tags, others] = SplitTags(Compare(Kind::kListenerRule, input, there));
  const auto is_priority = [](const Difference& difference) {
    return difference.path == "Priority";
  };
  const auto moved = std::count_if(others.begin(), others.end(), is_priority);
  const bool changed = static_cast<size_t>(moved) < others.size();
  if (moved > 0 && PriorityIsTaken(state, input, arn)) return;
  Action action = UpdateAction(resource, std::move(others));
  if (changed) {
    action.requests.push_back({"elbv2",
                               "ModifyRule",
                               {{"RuleArn", arn},
                                {"Conditions", input.at("Conditions")},
                                {"Actions", input.at("Actions")}}});
  }
  if (moved > 0) {
    json::object priority{{"RuleArn", arn}, {"Priority", input.at("Priority")}};
    action.requests.push_back(
        {"elbv2", "SetRulePriorities", {{"RulePriorities", json::array{std::move(priority)}}}});
  }
  if (!action.requests.empty()) state->plan.actions.push_back(std::move(action));
  AddTags(state, resource, arn, std::move(tags));
}

}  // namespace hearth::ecs
