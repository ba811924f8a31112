#include "ecs/live_service.h"

#include <fmt/format.h>

#include <utility>

#include "aws/document.h"
#include "ecs/scaling_ask.h"
#include "ecs/service_ask.h"

namespace hearth::ecs {
namespace {

using boost::json::array;
using boost::json::object;

class LiveReader {
 public:
  LiveReader(const aws::CallService& call, LiveService* out) : call_(call), out_(*out) {}

  Status Read(const std::string& service) {
    auto described = call_(
        {"ecs",
         "DescribeServices",
         {{"cluster", out_.cluster}, {"services", array{service}}, {"include", array{"TAGS"}}}});
    if (!described) return tl::unexpected(std::move(described.error().error));
    for (const auto& item : aws::ListOf(*described, "services")) {
      if (aws::TextOf(aws::AsObject(item), "status") == "ACTIVE")
        out_.service = aws::AsObject(item);
    }
    if (out_.service.empty()) {
      return Fail(Code::kNotFound, "there is no active service {} in cluster {} ({})", service,
                  out_.cluster, out_.region);
    }
    auto definition = call_({"ecs",
                             "DescribeTaskDefinition",
                             {{"taskDefinition", aws::TextOf(out_.service, "taskDefinition")}}});
    if (!definition) return tl::unexpected(std::move(definition.error().error));
    out_.task_definition = aws::ObjectOf(*definition, "taskDefinition");
    Scaling(service);
    Balancer();
    return {};
  }

 private:
  void Note(const aws::ServiceFailure& failure) { out_.notes.push_back(failure.error.message); }

  template <typename T, typename U>
  void Keep(Asked<T> asked, U* to) {
    if (asked) {
      *to = *std::move(asked);
    } else {
      Note(asked.error());
    }
  }

  void Scaling(const std::string& service) {
    EcsSpec name;
    name.cluster = out_.cluster;
    name.service = service;
    Keep(AskScalableTarget(call_, name), &out_.scalable_target);
    Keep(AskPolicies(call_, name), &out_.policies);
    Keep(AskScheduledActions(call_, name), &out_.scheduled_actions);
  }

  void Balancer() {
    const array& balancers = aws::ListOf(out_.service, "loadBalancers");
    if (balancers.empty()) return;
    const std::string group(aws::TextOf(aws::AsObject(balancers.front()), "targetGroupArn"));
    auto groups = call_({"elbv2", "DescribeTargetGroups", {{"TargetGroupArns", array{group}}}});
    if (!groups) return Note(groups.error());
    const array& found = aws::ListOf(*groups, "TargetGroups");
    if (found.empty()) return;
    out_.target_group = aws::AsObject(found.front());
    auto attributes =
        call_({"elbv2", "DescribeTargetGroupAttributes", {{"TargetGroupArn", group}}});
    if (!attributes) return Note(attributes.error());
    out_.target_group_attributes = aws::ListOf(*attributes, "Attributes");
    for (const auto& balancer : aws::ListOf(*out_.target_group, "LoadBalancerArns")) {
      if (out_.rule) return;
      Listeners(aws::AsText(balancer), group);
    }
  }

  void Listeners(std::string_view balancer, std::string_view group) {
    auto listeners =
        aws::CallAll(call_, {"elbv2", "DescribeListeners", {{"LoadBalancerArn", balancer}}},
                     {"Listeners", "Marker", "NextMarker"});
    if (!listeners) return Note(listeners.error());
    for (const auto& item : *listeners) {
      const std::string_view listener = aws::TextOf(aws::AsObject(item), "ListenerArn");
      auto rules = aws::CallAll(call_, {"elbv2", "DescribeRules", {{"ListenerArn", listener}}},
                                {"Rules", "Marker", "NextMarker"});
      if (!rules) return Note(rules.error());
      for (const auto& rule : *rules) {
        if (!Forwards(aws::AsObject(rule), group)) continue;
        out_.listener = listener;
        out_.rule = aws::AsObject(rule);
        return;
      }
    }
  }

  static bool Forwards(const object& rule, std::string_view group) {
    for (const auto& item : aws::ListOf(rule, "Actions")) {
      const object& action = aws::AsObject(item);
      if (aws::TextOf(action, "TargetGroupArn") == group) return true;
      for (const auto& one : aws::ListOf(aws::ObjectOf(action, "ForwardConfig"), "TargetGroups")) {
        if (aws::TextOf(aws::AsObject(one), "TargetGroupArn") == group) return true;
      }
    }
    return false;
  }

  const aws::CallService& call_;
  LiveService& out_;
};

}  // namespace

const object& ReplicaContainer(const LiveService& live) {
  const array& all = aws::ListOf(live.task_definition, "containerDefinitions");
  for (const auto& item : all) {
    if (aws::BoolOf(aws::AsObject(item), "essential").value_or(true)) return aws::AsObject(item);
  }
  static const object kNone;
  return all.empty() ? kNone : aws::AsObject(all.front());
}

bool HearthInside(const LiveService& live) {
  const object& check = aws::ObjectOf(ReplicaContainer(live), "healthCheck");
  for (const auto& word : aws::ListOf(check, "command")) {
    if (aws::AsText(word).find("hearth") != std::string_view::npos) return true;
  }
  return false;
}

Result<LiveService> ReadLiveService(const aws::CallService& call, const std::string& region,
                                    const std::string& cluster, const std::string& service) {
  LiveService out;
  out.region = region;
  out.cluster = cluster;
  if (Status read = LiveReader(call, &out).Read(service); !read) return Forward(read);
  return out;
}

}  // namespace hearth::ecs
