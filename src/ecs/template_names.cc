#include "ecs/template_names.h"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include "aws/document.h"

namespace hearth::ecs {
namespace {

namespace json = boost::json;

constexpr TemplateName kCloudFormation[] = {
    {Kind::kLogGroup, "tags", "Tags", Form::kTags},
    {Kind::kLogRetention, "logGroupName", "", Form::kLeftOut, "the log group says it itself"},
    {Kind::kTaskDefinition, "tags", "Tags", Form::kTags},
    {Kind::kTaskDefinition, "executionRoleArn", "ExecutionRoleArn", Form::kRole},
    {Kind::kTaskDefinition, "taskRoleArn", "TaskRoleArn", Form::kRole},
    {Kind::kTaskDefinition, "containerDefinitions[].dockerLabels", "DockerLabels", Form::kMap},
    {Kind::kTaskDefinition, "containerDefinitions[].logConfiguration.options", "Options",
     Form::kMap},
    {Kind::kTaskDefinition, "containerDefinitions[].firelensConfiguration.options", "Options",
     Form::kMap},
    {Kind::kTaskDefinition, "volumes[].dockerVolumeConfiguration.driverOpts", "DriverOpts",
     Form::kMap},
    {Kind::kTaskDefinition, "volumes[].dockerVolumeConfiguration.labels", "Labels", Form::kMap},
    {Kind::kTaskDefinition, "volumes[].efsVolumeConfiguration", "EFSVolumeConfiguration"},
    {Kind::kTaskDefinition, "volumes[].s3filesVolumeConfiguration", "S3FilesVolumeConfiguration"},
    {Kind::kTaskDefinition, "volumes[].fsxWindowsFileServerVolumeConfiguration",
     "FSxWindowsFileServerVolumeConfiguration"},
    {Kind::kTaskDefinition, "proxyConfiguration.properties", "ProxyConfigurationProperties"},
    {Kind::kTargetGroup, "Tags", "Tags", Form::kTags},
    {Kind::kTargetGroupAttributes, "TargetGroupArn", "", Form::kLeftOut,
     "the target group says its attributes itself"},
    {Kind::kListenerRule, "Tags", "", Form::kLeftOut,
     "AWS::ElasticLoadBalancingV2::ListenerRule has no tags"},
    {Kind::kService, "tags", "Tags", Form::kTags},
    {Kind::kService, "placementStrategy", "PlacementStrategies"},
    {Kind::kService, "clientToken", "", Form::kLeftOut, "of one request only"},
    {Kind::kService, "serviceConnectConfiguration.logConfiguration.options", "Options", Form::kMap},
    {Kind::kService, "deploymentConfiguration.lifecycleHooks[].hookDetails", "HookDetails",
     Form::kMap},
    {Kind::kScalableTarget, "Tags", "", Form::kLeftOut,
     "AWS::ApplicationAutoScaling::ScalableTarget has no tags"},
    {Kind::kScheduledAction, "ServiceNamespace", "", Form::kLeftOut, "inside the scalable target"},
    {Kind::kScheduledAction, "ResourceId", "", Form::kLeftOut, "inside the scalable target"},
    {Kind::kScheduledAction, "ScalableDimension", "", Form::kLeftOut, "inside the scalable target"},
};

std::string_view LastStep(std::string_view api) {
  const size_t dot = api.rfind('.');
  return dot == std::string_view::npos ? api : api.substr(dot + 1);
}

// A rule's `Values` beside `Field` are the short form of the field's own configuration.
void SpellOutCondition(json::object* condition) {
  constexpr std::pair<std::string_view, std::string_view> kConfigs[] = {
      {"path-pattern", "PathPatternConfig"},
      {"host-header", "HostHeaderConfig"},
      {"http-request-method", "HttpRequestMethodConfig"},
      {"source-ip", "SourceIpConfig"},
  };
  const json::value* values = condition->if_contains("Values");
  if (values == nullptr) return;
  for (const auto& [field, config] : kConfigs) {
    if (aws::TextOf(*condition, "Field") != field) continue;
    json::object spelled = {{"Values", *values}};
    condition->insert_or_assign(config, std::move(spelled));
    condition->erase("Values");
    return;
  }
}

}  // namespace

std::span<const TemplateName> CloudFormationNames() { return kCloudFormation; }

const TemplateName* FindName(std::span<const TemplateName> names, Kind kind, std::string_view api) {
  for (const TemplateName& name : names) {
    if (name.kind == kind && name.api == api) return &name;
  }
  return nullptr;
}

std::string CloudFormationName(Kind kind, std::string_view api) {
  if (const TemplateName* name = FindName(kCloudFormation, kind, api)) return std::string(name->to);
  std::string name(LastStep(api));
  if (!name.empty() && name[0] >= 'a' && name[0] <= 'z') {
    name[0] = static_cast<char>(name[0] - 'a' + 'A');
  }
  return name;
}

bool IsReference(Kind kind, std::string_view api, const json::value& value) {
  if (!value.is_string()) return false;
  struct Place {
    Kind kind;
    std::string_view api, text;
  };
  constexpr Place kPlaces[] = {
      {Kind::kTargetGroup, "VpcId", kVpcRef},
      {Kind::kTargetGroupAttributes, "TargetGroupArn", kTargetGroupRef},
      {Kind::kListenerRule, "Priority", kPriorityRef},
      {Kind::kListenerRule, "Actions[].TargetGroupArn", kTargetGroupRef},
      {Kind::kListenerRule, "Actions[].ForwardConfig.TargetGroups[].TargetGroupArn",
       kTargetGroupRef},
      {Kind::kService, "taskDefinition", kTaskDefinitionRef},
      {Kind::kService, "loadBalancers[].targetGroupArn", kTargetGroupRef},
  };
  for (const Place& place : kPlaces) {
    if (place.kind == kind && place.api == api && value.as_string() == place.text) return true;
  }
  return false;
}

json::object Canonical(const Resource& resource) {
  json::object input = resource.input;
  if (resource.kind == Kind::kTargetGroupAttributes) {
    const json::array attributes = aws::ListOf(input, "Attributes");
    input.erase("Attributes");
    for (const json::value& item : attributes) {
      const json::object& attribute = aws::AsObject(item);
      input["Attributes[" + std::string(aws::TextOf(attribute, "Key")) + "]"] =
          json::string(aws::TextOf(attribute, "Value"));
    }
  }
  if (resource.kind == Kind::kListenerRule) {
    if (json::value* conditions = input.if_contains("Conditions"); conditions != nullptr) {
      for (json::value& item : conditions->as_array()) {
        if (item.is_object()) SpellOutCondition(&item.as_object());
      }
    }
  }
  return input;
}

std::vector<std::pair<std::string, std::string>> TagsOf(const json::value& value) {
  std::vector<std::pair<std::string, std::string>> tags;
  if (value.is_object()) {
    for (const auto& [key, tag] : value.as_object()) {
      tags.emplace_back(std::string(key), std::string(aws::AsText(tag)));
    }
  } else if (value.is_array()) {
    for (const json::value& item : value.as_array()) {
      const json::object& tag = aws::AsObject(item);
      const bool lower = tag.contains("key");  // ECS; ELB and others begin with a capital
      tags.emplace_back(std::string(aws::TextOf(tag, lower ? "key" : "Key")),
                        std::string(aws::TextOf(tag, lower ? "value" : "Value")));
    }
  }
  return tags;
}

std::string LocalName(std::string_view name, std::string_view joint) {
  std::string local;
  bool word_begins = true;
  for (const char c : name) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    if (!letter && !(c >= '0' && c <= '9')) {
      word_begins = true;
      continue;
    }
    if (word_begins && !local.empty()) local += joint;
    const bool capital = joint.empty() && word_begins && c >= 'a' && c <= 'z';
    local += capital ? static_cast<char>(c - 'a' + 'A') : c;
    word_begins = false;
  }
  return local;
}

}  // namespace hearth::ecs
