#include <algorithm>
#include <boost/json/array.hpp>

#include "aws/document.h"
#include "ecs/describe_shape.h"
#include "ecs/observe_ask.h"
#include "ecs/plan_build.h"

namespace hearth::ecs {
namespace {

namespace json = boost::json;
using aws::AsObject;
using aws::ListOf;
using aws::ServiceRequest;
using aws::TextOf;

constexpr size_t kTagsAtOnce = 20;  // DescribeTags takes so many ARNs

Status ReadTargetGroup(const aws::CallService& call, const EcsSpec& spec, Observed* observed) {
  const ServiceRequest request{
      "elbv2", "DescribeTargetGroups", {{"Names", json::array{spec.balancer->target_group}}}};
  auto answer = AskFor(call, request, "TargetGroupNotFound");
  if (!answer) return Forward(answer);
  if (!*answer || ListOf(**answer, "TargetGroups").empty()) return {};
  observed->target_group = AsObject(ListOf(**answer, "TargetGroups").front());
  const std::string arn(TextOf(*observed->target_group, "TargetGroupArn"));
  auto tags = AskFor(call, {"elbv2", "DescribeTags", {{"ResourceArns", json::array{arn}}}}, "");
  if (!tags) return Forward(tags);
  for (const json::value& item : ListOf(**tags, "TagDescriptions")) {
    observed->target_group_tags = ListOf(AsObject(item), "Tags");
  }
  auto attributes =
      AskFor(call, {"elbv2", "DescribeTargetGroupAttributes", {{"TargetGroupArn", arn}}}, "");
  if (!attributes) return Forward(attributes);
  observed->target_group_attributes = ListOf(**attributes, "Attributes");
  return {};
}

bool ForwardsTo(const json::object& rule, std::string_view group) {
  const json::object normal = Normal(Kind::kListenerRule, rule);
  const json::array& actions = ListOf(normal, "Actions");
  return !group.empty() && std::any_of(actions.begin(), actions.end(), [&](const json::value& a) {
    return TextOf(AsObject(a), "TargetGroupArn") == group;
  });
}

// Those that forward to our target group come first, since one of them it will be.
std::vector<const json::object*> Candidates(const Observed& observed) {
  const std::string_view group =
      observed.target_group ? TextOf(*observed.target_group, "TargetGroupArn") : "";
  std::vector<const json::object*> rules;
  std::vector<const json::object*> others;
  for (const json::value& item : observed.rules) {
    const json::object& rule = AsObject(item);
    if (aws::BoolOf(rule, "IsDefault").value_or(false)) continue;
    (ForwardsTo(rule, group) ? rules : others).push_back(&rule);
  }
  rules.insert(rules.end(), others.begin(), others.end());
  return rules;
}

const json::object* FindTagged(const EcsSpec& spec, const json::array& descriptions,
                               std::string_view arn) {
  for (const json::value& item : descriptions) {
    const json::object& description = AsObject(item);
    if (TextOf(description, "ResourceArn") == arn && CarriesPoolTag(spec, description)) {
      return &description;
    }
  }
  return nullptr;
}

Status FindRule(const aws::CallService& call, const EcsSpec& spec, Observed* observed) {
  const std::vector<const json::object*> rules = Candidates(*observed);
  for (size_t from = 0; from < rules.size(); from += kTagsAtOnce) {
    const size_t to = std::min(from + kTagsAtOnce, rules.size());
    json::array arns;
    for (size_t i = from; i < to; ++i) arns.push_back(json::value(TextOf(*rules[i], "RuleArn")));
    // A rule that another deletes meanwhile is RuleNotFound: an error, and the next run sees it.
    auto tags = AskFor(call, {"elbv2", "DescribeTags", {{"ResourceArns", std::move(arns)}}}, "");
    if (!tags) return Forward(tags);
    const json::array& descriptions = ListOf(**tags, "TagDescriptions");
    for (size_t i = from; i < to; ++i) {
      const json::object* tagged = FindTagged(spec, descriptions, TextOf(*rules[i], "RuleArn"));
      if (tagged == nullptr) continue;
      observed->rule = *rules[i];
      (*observed->rule)["Tags"] = ListOf(*tagged, "Tags");
      return {};
    }
  }
  return {};
}

}  // namespace

Status ObserveBalancer(const aws::CallService& call, const EcsSpec& spec, Observed* observed) {
  if (!spec.balancer) return {};
  if (Status done = ReadTargetGroup(call, spec, observed); !done) return done;
  const ServiceRequest request{
      "elbv2", "DescribeRules", {{"ListenerArn", spec.balancer->listener}}};
  auto rules = aws::CallAll(call, request, {"Rules", "Marker", "NextMarker"});
  if (!rules) {
    const std::string& code = rules.error().said.code;
    // Said among the inputs already.
    if (code == "ListenerNotFound" || code == "ValidationError") return {};
    return FailAsk(request, rules.error());
  }
  observed->rules = std::move(*rules);
  return FindRule(call, spec, observed);
}

}  // namespace hearth::ecs
