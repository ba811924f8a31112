#include "ecs/describe_shape.h"

#include <fmt/format.h>

#include <boost/json/array.hpp>
#include <boost/json/value.hpp>
#include <charconv>
#include <string_view>

#include "aws/document.h"

namespace hearth::ecs {
namespace {

namespace json = boost::json;
using aws::ListOf;
using aws::ObjectOf;
using aws::TextOf;

const json::value* TagValue(const json::object& described) {
  if (const json::value* tags = described.if_contains("tags")) return tags;
  return described.if_contains("Tags");
}

std::string FirstText(const json::object& tag, std::string_view a, std::string_view b) {
  const std::string_view text = TextOf(tag, a);
  return std::string(text.empty() ? TextOf(tag, b) : text);
}

// {Field, Values}: the older and the newer way to say the same.
json::object NormalCondition(const json::object& condition) {
  json::object normal = condition;
  for (const char* config :
       {"PathPatternConfig", "HostHeaderConfig", "HttpRequestMethodConfig", "SourceIpConfig"}) {
    const json::array& values = ListOf(ObjectOf(condition, config), "Values");
    if (!values.empty()) normal["Values"] = values;
    if (ListOf(ObjectOf(condition, config), "RegexValues").empty()) normal.erase(config);
  }
  return normal;
}

// A forward to one group, however it is said.
json::object NormalRuleAction(const json::object& action) {
  json::object normal = action;
  normal.erase("Order");
  const json::object& forward = ObjectOf(action, "ForwardConfig");
  const json::array& groups = ListOf(forward, "TargetGroups");
  const bool sticky =
      aws::BoolOf(ObjectOf(forward, "TargetGroupStickinessConfig"), "Enabled").value_or(false);
  if (groups.size() == 1 && !sticky) {
    normal["TargetGroupArn"] = TextOf(aws::AsObject(groups.front()), "TargetGroupArn");
    normal.erase("ForwardConfig");
  }
  return normal;
}

json::object NormalRule(const json::object& rule) {
  json::object normal = rule;
  json::array conditions;
  for (const json::value& item : ListOf(rule, "Conditions")) {
    conditions.push_back(NormalCondition(aws::AsObject(item)));
  }
  json::array actions;
  for (const json::value& item : ListOf(rule, "Actions")) {
    actions.push_back(NormalRuleAction(aws::AsObject(item)));
  }
  normal["Conditions"] = std::move(conditions);
  normal["Actions"] = std::move(actions);
  return normal;
}

// "1 vCPU" is 1024, "4 GB" is 4096: AWS takes both and answers with numbers.
void NormalSize(json::object* task_definition, std::string_view name, std::string_view unit) {
  const std::string_view text = TextOf(*task_definition, name);
  const size_t at = text.find_first_not_of("0123456789. ");
  if (at == std::string_view::npos || !text.substr(at).starts_with(unit)) return;
  double number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  constexpr double kUnits = 1024;
  (*task_definition)[name] = fmt::format("{}", static_cast<int>(number * kUnits));
}

json::object NormalService(const json::object& service) {
  json::object normal = service;
  for (const json::value& item : ListOf(service, "deployments")) {
    const json::object& deployment = aws::AsObject(item);
    if (TextOf(deployment, "status") != "PRIMARY") continue;
    for (const char* name :
         {"serviceConnectConfiguration", "volumeConfigurations", "vpcLatticeConfigurations"}) {
      const json::value* told = deployment.if_contains(name);
      if (told != nullptr && !normal.contains(name)) normal[name] = *told;
    }
  }
  return normal;
}

}  // namespace

std::optional<std::map<std::string, std::string>> TagsOf(const json::object& described) {
  const json::value* tags = TagValue(described);
  if (tags == nullptr) return std::nullopt;
  std::map<std::string, std::string> found;
  if (tags->is_object()) {
    for (const auto& [key, value] : tags->get_object()) {
      found.emplace(key, aws::AsText(value));
    }
  } else if (tags->is_array()) {
    for (const json::value& item : tags->get_array()) {
      const json::object& tag = aws::AsObject(item);
      found.emplace(FirstText(tag, "key", "Key"), FirstText(tag, "value", "Value"));
    }
  }
  return found;
}

json::object Normal(Kind kind, const json::object& object) {
  json::object normal;
  if (kind == Kind::kListenerRule) {
    normal = NormalRule(object);
  } else if (kind == Kind::kService) {
    normal = NormalService(object);
  } else {
    normal = object;
  }
  if (kind == Kind::kTaskDefinition) {
    NormalSize(&normal, "cpu", "vCPU");
    NormalSize(&normal, "cpu", "vcpu");
    NormalSize(&normal, "memory", "GB");
  }
  normal.erase("tags");
  normal.erase("Tags");
  return normal;
}

}  // namespace hearth::ecs
