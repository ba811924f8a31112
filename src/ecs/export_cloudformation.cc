#include <fmt/format.h>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/string.hpp>
#include <vector>

#include "base/utf8.h"
#include "ecs/export.h"
#include "ecs/template_names.h"

namespace hearth::ecs {
namespace {

namespace json = boost::json;

constexpr std::string_view kVpcParameter = "VpcId";
constexpr std::string_view kPriorityParameter = "ListenerRulePriority";

struct Type {
  Kind kind;
  std::string_view type, id;
  std::vector<std::string_view> after;  // what must be there first, and no Ref says so
};

const std::vector<Type>& Types() {
  // A target group belongs to a load balancer from its first rule on; before that ECS refuses it.
  static const std::vector<Type> types = {
      {Kind::kLogGroup, "AWS::Logs::LogGroup", "LogGroup", {}},
      {Kind::kTaskDefinition, "AWS::ECS::TaskDefinition", "TaskDefinition", {}},
      {Kind::kTargetGroup, "AWS::ElasticLoadBalancingV2::TargetGroup", "TargetGroup", {}},
      {Kind::kListenerRule, "AWS::ElasticLoadBalancingV2::ListenerRule", "ListenerRule", {}},
      {Kind::kService, "AWS::ECS::Service", "Service", {"LogGroup", "ListenerRule"}},
      {Kind::kScalableTarget,
       "AWS::ApplicationAutoScaling::ScalableTarget",
       "ScalableTarget",
       {"Service"}},
      {Kind::kScalingPolicy,
       "AWS::ApplicationAutoScaling::ScalingPolicy",
       "ScalingPolicy",
       {"ScalableTarget"}},
  };
  return types;
}

json::value Reference(std::string_view text) {
  constexpr std::pair<std::string_view, std::string_view> kIds[] = {
      {kTaskDefinitionRef, "TaskDefinition"},
      {kTargetGroupRef, "TargetGroup"},
      {kVpcRef, kVpcParameter},
      {kPriorityRef, kPriorityParameter},
  };
  for (const auto& [reference, id] : kIds) {
    if (text == reference) return json::object{{"Ref", json::string(id)}};
  }
  return json::string(text);
}

json::value Role(const json::string& role) {
  if (role.starts_with("arn:")) return role;
  std::string name(role);
  for (size_t at = 0; (at = name.find("${", at)) != name.npos; at += 3) name.insert(at + 2, "!");
  return json::object{{"Fn::Sub", "arn:${AWS::Partition}:iam::${AWS::AccountId}:role/" + name}};
}

json::value Tags(const json::value& value) {
  json::array tags;
  for (const auto& [key, tag] : TagsOf(value))
    tags.push_back(json::object{{"Key", key}, {"Value", tag}});
  return tags;
}

// CloudFormation looks into every text for one thing, and there is no way to escape it.
Status CheckText(std::string_view where, std::string_view text) {
  if (text.find("{{resolve:") == text.npos) return {};
  return Fail(
      Code::kUnprocessable,
      "cannot export {} to CloudFormation: it would look up \"{}\" instead of passing it on; "
      "take {{{{resolve:…}}}} out of it",
      where, text);
}

// The user's own keys: one that stands alone and looks like a function would be called.
Result<json::value> UserMap(const std::string& where, const json::value& map) {
  if (!map.is_object()) return map;
  for (const auto& [key, value] : map.as_object()) {
    const bool function = key == "Ref" || key == "Condition" || key.starts_with("Fn::");
    if (function && map.as_object().size() == 1) {
      return Fail(
          Code::kUnprocessable,
          "cannot export {} to CloudFormation: a single key \"{}\" is a function there; add "
          "another key",
          where, std::string_view(key));
    }
    const Status fine = CheckText(where, key);
    if (!fine) return tl::unexpected(fine.error());
    if (!value.is_string()) continue;
    if (const Status text = CheckText(where, value.as_string()); !text) {
      return tl::unexpected(text.error());
    }
  }
  return map;
}

std::string Step(const std::string& api, std::string_view member) {
  return api.empty() ? std::string(member) : fmt::format("{}.{}", api, member);
}

Result<json::value> Convert(Kind kind, const std::string& api, const json::value& value);

Result<json::value> ConvertMembers(Kind kind, const std::string& api, const json::object& object) {
  json::object members;
  for (const auto& [name, value] : object) {
    const std::string path = Step(api, name);
    const TemplateName* row = FindName(CloudFormationNames(), kind, path);
    if (row != nullptr && row->form == Form::kLeftOut) continue;
    Result<json::value> converted = Convert(kind, path, value);
    if (!converted) return converted;
    members[CloudFormationName(kind, path)] = std::move(*converted);
  }
  return json::value(std::move(members));
}

Result<json::value> Convert(Kind kind, const std::string& api, const json::value& value) {
  if (IsReference(kind, api, value)) return Reference(value.as_string());
  const TemplateName* row = FindName(CloudFormationNames(), kind, api);
  const Form form = row == nullptr ? Form::kSame : row->form;
  if (form == Form::kTags) {
    for (const auto& [key, tag] : TagsOf(value)) {
      for (const std::string& text : {key, tag}) {
        if (const Status fine = CheckText(api, text); !fine) return tl::unexpected(fine.error());
      }
    }
    return Tags(value);
  }
  if (form == Form::kMap) return UserMap(api, value);
  if (form == Form::kRole && value.is_string()) return Role(value.as_string());
  if (value.is_string()) {
    if (const Status fine = CheckText(api, value.as_string()); !fine) {
      return tl::unexpected(fine.error());
    }
  }
  if (value.is_object()) return ConvertMembers(kind, api, value.as_object());
  if (!value.is_array()) return value;
  json::array items;
  for (const json::value& item : value.as_array()) {
    Result<json::value> converted = Convert(kind, api + "[]", item);
    if (!converted) return converted;
    items.push_back(std::move(*converted));
  }
  return json::value(std::move(items));
}

struct Made {
  json::object resources;
  bool vpc = false, priority = false;  // parameters that are referred to
};

json::object& Properties(Made* made, std::string_view id) {
  return made->resources[id].as_object()["Properties"].as_object();
}

// What is a call of its own in the API and a property here. False: it is a resource.
bool AddToOther(Kind kind, json::object* properties, Made* made) {
  switch (kind) {
    case Kind::kLogRetention:
      for (auto& [name, value] : *properties) Properties(made, "LogGroup")[name] = value;
      return true;
    case Kind::kTargetGroupAttributes:
      Properties(made, "TargetGroup")["TargetGroupAttributes"] = (*properties)["Attributes"];
      return true;
    case Kind::kScheduledAction: {
      json::value& actions = Properties(made, "ScalableTarget")["ScheduledActions"];
      if (!actions.is_array()) actions = json::array();
      actions.as_array().push_back(std::move(*properties));
      return true;
    }
    default:
      return false;
  }
}

void AddResource(const Resource& resource, json::object properties, Made* made) {
  for (const Type& type : Types()) {
    if (type.kind != resource.kind) continue;
    std::string id(type.id);
    if (resource.kind == Kind::kScalingPolicy) id += LocalName(resource.name, "");
    for (int n = 2; made->resources.contains(id); ++n) id = fmt::format("{}N{}", id, n);
    json::object made_resource = {{"Type", json::string(type.type)}};
    json::array after;
    for (const std::string_view other : type.after) {
      if (made->resources.contains(other)) after.push_back(json::string(other));
    }
    if (after.size() == 1) made_resource["DependsOn"] = after[0];
    if (after.size() > 1) made_resource["DependsOn"] = std::move(after);
    made_resource["Properties"] = std::move(properties);
    made->resources[id] = std::move(made_resource);
  }
}

json::object Parameters(const Made& made) {
  json::object parameters;
  if (made.vpc) {
    parameters[kVpcParameter] = {{"Type", "AWS::EC2::VPC::Id"},
                                 {"Description", "The VPC of the service's subnets"}};
  }
  if (made.priority) {
    parameters[kPriorityParameter] = {{"Type", "Number"},
                                      {"MinValue", 1},
                                      {"MaxValue", 50'000},
                                      {"Description", "A priority that the listener has free"}};
  }
  return parameters;
}

// As JSON, and without what YAML forbids: CloudFormation reads templates as YAML.
std::string Quoted(std::string_view text) {
  const std::string quoted = json::serialize(json::string(text));
  std::string out;
  for (size_t at = 0; at < quoted.size();) {
    const auto [scalar, size] = DecodeUtf8(quoted, at);
    const bool control = scalar >= 0x7F && scalar < 0xA0;
    if (control || scalar == 0xFEFF || scalar == 0xFFFE || scalar == 0xFFFF) {
      out += fmt::format("\\u{:04x}", static_cast<uint32_t>(scalar));
    } else {
      out += quoted.substr(at, size);
    }
    at += size;
  }
  return out;
}

void Print(const json::value& value, size_t indent, std::string* out) {
  const std::string next = "\n" + std::string(2 * (indent + 1), ' ');
  const std::string end = "\n" + std::string(2 * indent, ' ');
  std::string_view before = "";
  if (value.is_object() && !value.as_object().empty()) {
    *out += '{';
    for (const auto& [name, member] : value.as_object()) {
      out->append(before) += next + Quoted(name) + ": ";
      Print(member, indent + 1, out);
      before = ",";
    }
    *out += end + '}';
  } else if (value.is_array() && !value.as_array().empty()) {
    *out += '[';
    for (const json::value& item : value.as_array()) {
      out->append(before) += next;
      Print(item, indent + 1, out);
      before = ",";
    }
    *out += end + ']';
  } else if (value.is_string()) {
    *out += Quoted(value.as_string());
  } else if (value.is_double()) {
    *out += fmt::format("{}", value.as_double());  // 60, where Boost has 6E1
  } else {
    *out += json::serialize(value);
  }
}

}  // namespace

Result<std::string> ExportCloudFormation(const EcsSpec& spec, const Desired& desired) {
  Made made;
  for (const Resource& resource : desired.resources) {
    Result<json::value> properties = ConvertMembers(resource.kind, "", resource.input);
    if (!properties) return Forward(properties);
    for (const auto& [name, value] : resource.input) {
      if (!IsReference(resource.kind, name, value)) continue;
      made.vpc = made.vpc || value.as_string() == kVpcRef;
      made.priority = made.priority || value.as_string() == kPriorityRef;
    }
    if (!AddToOther(resource.kind, &properties->as_object(), &made)) {
      AddResource(resource, std::move(properties->as_object()), &made);
    }
  }
  json::object document = {{"AWSTemplateFormatVersion", "2010-09-09"}};
  document["Description"] = fmt::format("The warm pool {}, as hearth ecs apply makes it",
                                        spec.cluster + "/" + spec.service);
  if (json::object parameters = Parameters(made); !parameters.empty()) {
    document["Parameters"] = std::move(parameters);
  }
  document["Resources"] = std::move(made.resources);
  std::string out;
  Print(document, 0, &out);
  return out + '\n';
}

}  // namespace hearth::ecs
