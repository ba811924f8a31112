// The load balancer's and scaling's part of the account in memory.
#include <fmt/format.h>

#include <algorithm>
#include <boost/json/serialize.hpp>

#include "aws/document.h"
#include "ecs/fake_aws.h"

namespace hearth::ecs {
namespace {

namespace json = boost::json;
using aws::AsObject;
using aws::ListOf;
using aws::TextOf;
using Object = json::object;
using Array = json::array;

// Answers in XML have only texts.
json::value AsTexts(const json::value& value) {
  if (value.is_object()) {
    Object out;
    for (const auto& [name, item] : value.get_object()) out[name] = AsTexts(item);
    return out;
  }
  if (value.is_array()) {
    if (value.get_array().empty()) return "";
    Array out;
    for (const json::value& item : value.get_array()) out.push_back(AsTexts(item));
    return out;
  }
  return value.is_string() ? value : json::value(json::serialize(value));
}

aws::ServiceAnswer Told(const Object& answer) { return AsTexts(answer).as_object(); }

void FillIn(Object* into, const Object& defaults) {
  for (const auto& [name, value] : defaults) {
    if (!into->contains(name)) into->emplace(name, value);
  }
}

// As AWS tells conditions and actions: both ways at once.
Object RuleAsTold(Object rule) {
  for (json::value& item : rule.at("Conditions").as_array()) {
    Object& condition = item.as_object();
    for (const char* config : {"PathPatternConfig", "HostHeaderConfig"}) {
      if (condition.contains(config)) condition["Values"] = condition.at(config).at("Values");
    }
  }
  for (json::value& item : rule.at("Actions").as_array()) {
    Object& action = item.as_object();
    action["Order"] = 1;
    const Object group{{"TargetGroupArn", action.at("TargetGroupArn")}, {"Weight", 1}};
    action["ForwardConfig"] = Object{{"TargetGroups", Array{group}},
                                     {"TargetGroupStickinessConfig", Object{{"Enabled", false}}}};
  }
  return rule;
}

bool Forwards(const Object& rule, std::string_view group) {
  return TextOf(AsObject(ListOf(rule, "Actions").at(0)), "TargetGroupArn") == group;
}

}  // namespace

aws::ServiceAnswer FakeAws::CreateGroup(const Object& input) {
  const std::string made = fmt::format("arn:tg/{}/{}", TextOf(input, "Name"), ++made_);
  for (const auto& [key, group] : target_groups) {
    if (group.at("TargetGroupName") == input.at("Name"))
      return tl::unexpected<aws::ServiceFailure>(Failure("DuplicateTargetGroupName"));
  }
  Object group = input;
  group.erase("Tags");
  group["TargetGroupName"] = input.at("Name");
  group["TargetGroupArn"] = made;
  group["LoadBalancerArns"] = Array();
  FillIn(&group,
         {{"ProtocolVersion", "HTTP1"}, {"IpAddressType", "ipv4"}, {"HealthCheckEnabled", true}});
  target_groups[made] = group;
  attributes[made] = {{"deregistration_delay.timeout_seconds", "300"},
                      {"stickiness.enabled", "false"}};
  Tag(made, input);
  return Told({{"TargetGroups", Array{group}}});
}

std::optional<aws::ServiceAnswer> FakeAws::Balancer(const aws::ServiceRequest& request) {
  if (request.service != "elbv2") return std::nullopt;
  const Object& input = request.input;
  const std::string arn(TextOf(input, "TargetGroupArn"));
  if (request.action == "CreateTargetGroup") return CreateGroup(input);
  if (request.action == "DescribeTargetGroups") {
    for (const auto& [key, group] : target_groups) {
      if (group.at("TargetGroupName") == ListOf(input, "Names").at(0))
        return Told({{"TargetGroups", Array{group}}});
    }
    return tl::unexpected<aws::ServiceFailure>(Failure("TargetGroupNotFound"));
  }
  if (request.action == "ModifyTargetGroup") {
    for (const auto& [name, value] : input) target_groups.at(arn)[name] = value;
    return Object{};
  }
  if (request.action == "ModifyTargetGroupAttributes") {
    for (const json::value& item : ListOf(input, "Attributes")) {
      attributes.at(arn)[TextOf(AsObject(item), "Key")] = item.at("Value");
    }
    return Object{};
  }
  if (request.action == "DescribeTargetGroupAttributes") {
    Array list;
    for (const auto& [key, value] : attributes.at(arn))
      list.push_back(Object{{"Key", key}, {"Value", value}});
    return Told({{"Attributes", list}});
  }
  if (request.action == "DeleteTargetGroup") {
    for (const auto& [key, rule] : rules) {
      if (Forwards(rule, arn)) return tl::unexpected<aws::ServiceFailure>(Failure("ResourceInUse"));
    }
    target_groups.erase(arn);
    attributes.erase(arn);
    tags.erase(arn);
    return Object{};
  }
  return std::nullopt;
}

std::optional<aws::ServiceAnswer> FakeAws::BalancerTags(const aws::ServiceRequest& request) {
  const Object& input = request.input;
  if (request.action == "AddTags") {
    for (const json::value& item : ListOf(input, "ResourceArns"))
      Tag(std::string(aws::AsText(item)), input);
    return Object{};
  }
  if (request.action == "DescribeTags") {
    Array list;
    for (const json::value& item : ListOf(input, "ResourceArns")) {
      list.push_back(Object{{"ResourceArn", item},
                            {"Tags", TagList(std::string(aws::AsText(item)), "Key", "Value")}});
    }
    return Told({{"TagDescriptions", list}});
  }
  return std::nullopt;
}

aws::ServiceAnswer FakeAws::CreateRule(const Object& input) {
  for (const auto& [key, rule] : rules) {
    if (rule.at("Priority") == input.at("Priority"))
      return tl::unexpected<aws::ServiceFailure>(Failure("PriorityInUse"));
  }
  const std::string arn = fmt::format("arn:rule/{}", ++made_);
  Object rule{{"RuleArn", arn},
              {"Priority", input.at("Priority")},
              {"Conditions", input.at("Conditions")},
              {"Actions", input.at("Actions")},
              {"IsDefault", false}};
  rules[arn] = RuleAsTold(std::move(rule));
  Tag(arn, input);
  return Told({{"Rules", Array{rules.at(arn)}}});
}

std::optional<aws::ServiceAnswer> FakeAws::Rules(const aws::ServiceRequest& request) {
  const Object& input = request.input;
  const std::string arn(TextOf(input, "RuleArn"));
  if (request.action == "CreateRule") return CreateRule(input);
  if (request.action == "DescribeRules") {
    Array list{
        Object{{"RuleArn", "arn:rule/default"}, {"Priority", "default"}, {"IsDefault", true}}};
    for (const auto& [key, rule] : rules) list.push_back(rule);
    return Told({{"Rules", list}});
  }
  if (request.action == "ModifyRule") {
    Object rule = rules.at(arn);
    rule["Conditions"] = input.at("Conditions");
    rule["Actions"] = input.at("Actions");
    rules[arn] = RuleAsTold(std::move(rule));
    return Object{};
  }
  if (request.action == "SetRulePriorities") {
    const Object& change = AsObject(ListOf(input, "RulePriorities").at(0));
    rules.at(std::string(TextOf(change, "RuleArn")))["Priority"] = change.at("Priority");
    return Object{};
  }
  if (request.action == "DeleteRule") {
    if (rules.erase(arn) == 0) return tl::unexpected<aws::ServiceFailure>(Failure("RuleNotFound"));
    tags.erase(arn);
    return Object{};
  }
  return std::nullopt;
}

std::optional<aws::ServiceAnswer> FakeAws::Scaling(const aws::ServiceRequest& request) {
  if (request.service != "application-autoscaling") return std::nullopt;
  const Object& input = request.input;
  const std::string policy(TextOf(input, "PolicyName"));
  const std::string action(TextOf(input, "ScheduledActionName"));
  if (request.action == "RegisterScalableTarget") {
    if (scalable_target && input.contains("Tags"))
      return tl::unexpected<aws::ServiceFailure>(Failure("ValidationException", "tags"));
    if (!scalable_target)
      scalable_target = Object{{"RoleARN", "arn:role"},
                               {"SuspendedState", Object{{"DynamicScalingInSuspended", false}}}};
    for (const auto& [name, value] : input) {
      if (name != "Tags") (*scalable_target)[name] = value;
    }
    return Object{};
  }
  if (request.action == "DeregisterScalableTarget") {
    if (!scalable_target)
      return tl::unexpected<aws::ServiceFailure>(Failure("ObjectNotFoundException"));
    scalable_target.reset();
    policies.clear();
    return Object{};
  }
  if (!request.action.starts_with("Describe") && !scalable_target) {
    return tl::unexpected<aws::ServiceFailure>(Failure("ObjectNotFoundException"));
  }
  if (request.action == "PutScalingPolicy") {
    Object there = input;
    there["PolicyARN"] = "arn:policy";
    there["Alarms"] = Array{Object{{"AlarmName", "TargetTracking-AlarmHigh"}}};
    there["TargetTrackingScalingPolicyConfiguration"].as_object()["DisableScaleIn"] = false;
    policies[policy] = there;
    return Object{};
  }
  if (request.action == "PutScheduledAction") {
    scheduled_actions[action] = input;
    return Object{};
  }
  if (request.action == "DeleteScalingPolicy") {
    policies.erase(policy);
    return Object{};
  }
  if (request.action == "DeleteScheduledAction") {
    scheduled_actions.erase(action);
    return Object{};
  }
  Array list;
  if (request.action == "DescribeScalableTargets") {
    if (scalable_target) list.push_back(*scalable_target);
    return Object{{"ScalableTargets", list}};
  }
  const bool of_policies = request.action == "DescribeScalingPolicies";
  for (const auto& [name, item] : of_policies ? policies : scheduled_actions) list.push_back(item);
  return Object{{of_policies ? "ScalingPolicies" : "ScheduledActions", list}};
}

}  // namespace hearth::ecs
