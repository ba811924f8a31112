#include "doctor/gather_live.h"

#include <fmt/format.h>

#include <array>
#include <utility>

#include "aws/document.h"
#include "doctor/finding.h"
#include "doctor/gather_log.h"
#include "doctor/live_ask.h"
#include "ecs/failure_kind.h"

namespace hearth::doctor {
namespace {

namespace json = boost::json;

// AWS's most for one call.
constexpr size_t kTasks = 100;
constexpr size_t kDeployments = 10;
constexpr int kActivities = 50;

// What Observe can do without here, though `apply` cannot: a doctor with fewer rights sees the
// rest.
constexpr auto kOptional = std::to_array<std::pair<std::string_view, std::string_view>>({
    {"DescribeLogGroups", "log group"},
    {"DescribeScalableTargets", "scalable target"},
    {"DescribeScalingPolicies", "scaling policies"},
    {"DescribeScheduledActions", "scheduled actions"},
    {"DescribeTargetGroups", "target group"},
    {"DescribeTargetGroupAttributes", "target group's attributes"},
    {"DescribeRules", "listener rules"},
    {"DescribeTags", "tags"},
});

// A refusal of what is optional is noted and reads as nothing there.
aws::CallService Tolerant(const aws::CallService& call, std::vector<std::string>* not_seen) {
  return [&call, not_seen](const aws::ServiceRequest& request) -> aws::ServiceAnswer {
    aws::ServiceAnswer answer = call(request);
    if (answer || !ecs::IsDenied(answer.error())) return answer;
    for (const auto& [action, what] : kOptional) {
      if (request.action != action) continue;
      not_seen->push_back(OneLine(fmt::format("{}: {}", what, answer.error().error.message)));
      return json::object();
    }
    return answer;
  };
}

// The texts of a list, at most `most`.
json::array First(const json::array& list, size_t most) {
  json::array first;
  for (const json::value& item : list) {
    if (first.size() < most) first.push_back(item);
  }
  return first;
}

class Gather {
 public:
  Gather(const aws::CallService& call, const ecs::EcsSpec& spec,
         std::chrono::steady_clock::time_point deadline, LiveFacts* live)
      : ask_(call, deadline, &live->not_seen), spec_(spec), live_(*live) {}

  void All() {
    Deployments();
    live_.running_tasks = Tasks("running tasks", "RUNNING");
    live_.stopped_tasks = Tasks("stopped tasks", "STOPPED");
    Targets();
    Activities();
    Protection();
    Network();
    Image();
    GatherLog(ask_, spec_, &live_);
  }

 private:
  const json::object& service() const { return *live_.observed.service; }

  void Deployments() {
    const json::object listed = ask_("deployments", "ecs", "ListServiceDeployments",
                                     {{"cluster", spec_.cluster}, {"service", spec_.service}});
    json::array arns;
    for (const json::value& item : aws::ListOf(listed, "serviceDeployments")) {
      const std::string_view arn = aws::TextOf(aws::AsObject(item), "serviceDeploymentArn");
      if (!arn.empty() && arns.size() < kDeployments) arns.emplace_back(arn);
    }
    if (arns.empty()) return;
    const json::object described = ask_("deployments", "ecs", "DescribeServiceDeployments",
                                        {{"serviceDeploymentArns", std::move(arns)}});
    live_.deployments = aws::ListOf(described, "serviceDeployments");
  }

  json::array Tasks(std::string_view what, std::string_view status) {
    const json::object listed = ask_(
        what, "ecs", "ListTasks",
        {{"cluster", spec_.cluster}, {"serviceName", spec_.service}, {"desiredStatus", status}});
    json::array arns = First(aws::ListOf(listed, "taskArns"), kTasks);
    if (arns.empty()) return {};
    const json::object described = ask_(what, "ecs", "DescribeTasks",
                                        {{"cluster", spec_.cluster}, {"tasks", std::move(arns)}});
    return aws::ListOf(described, "tasks");
  }

  void Targets() {
    for (const json::value& item : aws::ListOf(service(), "loadBalancers")) {
      const std::string_view arn = aws::TextOf(aws::AsObject(item), "targetGroupArn");
      if (arn.empty()) continue;
      TargetGroup(arn);
      const json::object answer =
          ask_("target health", "elbv2", "DescribeTargetHealth", {{"TargetGroupArn", arn}});
      for (const json::value& target : aws::ListOf(answer, "TargetHealthDescriptions")) {
        live_.target_health.push_back(target);
      }
    }
  }

  // The group that the service has, where hearth.toml's own was not found.
  void TargetGroup(std::string_view arn) {
    if (live_.observed.target_group) return;
    const json::object groups = ask_("target group", "elbv2", "DescribeTargetGroups",
                                     {{"TargetGroupArns", json::array{arn}}});
    const json::array& list = aws::ListOf(groups, "TargetGroups");
    if (list.empty()) return;
    live_.observed.target_group = aws::AsObject(list[0]);
    const json::object attributes =
        ask_("target group's attributes", "elbv2", "DescribeTargetGroupAttributes",
             {{"TargetGroupArn", arn}});
    live_.observed.target_group_attributes = aws::ListOf(attributes, "Attributes");
  }

  void Activities() {
    const json::object answer =
        ask_("scaling activities", "application-autoscaling", "DescribeScalingActivities",
             {{"ServiceNamespace", "ecs"},
              {"ResourceId", "service/" + spec_.cluster + "/" + spec_.service},
              {"ScalableDimension", "ecs:service:DesiredCount"},
              {"IncludeNotScaledActivities", true},
              {"MaxResults", kActivities}});
    live_.scaling_activities = aws::ListOf(answer, "ScalingActivities");
  }

  void Protection() {
    json::array arns;
    for (const json::value& task : live_.running_tasks) {
      arns.emplace_back(aws::TextOf(aws::AsObject(task), "taskArn"));
    }
    if (arns.empty()) return;
    const json::object answer = ask_("task protection", "ecs", "GetTaskProtection",
                                     {{"cluster", spec_.cluster}, {"tasks", std::move(arns)}});
    live_.protected_tasks = aws::ListOf(answer, "protectedTasks");
  }

  void Network() {
    const json::object& network =
        aws::ObjectOf(aws::ObjectOf(service(), "networkConfiguration"), "awsvpcConfiguration");
    const json::array& subnets = aws::ListOf(network, "subnets");
    if (!subnets.empty()) {
      live_.subnets = aws::ListOf(
          ask_("subnets", "ec2", "DescribeSubnets", {{"SubnetIds", subnets}}), "Subnets");
    }
    const json::array& groups = aws::ListOf(network, "securityGroups");
    if (!groups.empty()) {
      live_.security_groups = aws::ListOf(
          ask_("security groups", "ec2", "DescribeSecurityGroups", {{"GroupIds", groups}}),
          "SecurityGroups");
    }
  }

  void Image() {
    const EcrImage image = ParseEcrImage(spec_.image);
    if (image.repository.empty()) return;
    json::object id;
    if (image.digest.empty()) {
      id["imageTag"] = image.tag;
    } else {
      id["imageDigest"] = image.digest;
    }
    const json::object answer = ask_("image", "ecr", "DescribeImages",
                                     {{"registryId", image.registry},
                                      {"repositoryName", image.repository},
                                      {"imageIds", json::array{std::move(id)}}});
    live_.image_details = aws::ListOf(answer, "imageDetails");
  }

  LiveAsk ask_;
  const ecs::EcsSpec& spec_;
  LiveFacts& live_;
};

}  // namespace

EcrImage ParseEcrImage(std::string_view image) {
  const size_t slash = image.find('/');
  const size_t ecr = image.find(".dkr.ecr.");
  if (slash == std::string_view::npos || ecr == std::string_view::npos || ecr > slash) return {};
  EcrImage parsed;
  parsed.registry = image.substr(0, ecr);
  image.remove_prefix(slash + 1);
  if (const size_t at = image.find('@'); at != std::string_view::npos) {
    parsed.digest = image.substr(at + 1);
    image = image.substr(0, at);
  }
  const size_t colon = image.rfind(':');
  parsed.repository = image.substr(0, colon);
  parsed.tag = colon == std::string_view::npos ? "latest" : image.substr(colon + 1);
  return parsed;
}

Result<LiveFacts> GatherLive(const aws::CallService& call, const ecs::EcsSpec& spec,
                             std::chrono::steady_clock::time_point deadline) {
  LiveFacts live;
  auto observed = ecs::Observe(Tolerant(call, &live.not_seen), spec);
  if (!observed) return Forward(observed);
  live.observed = *std::move(observed);
  if (live.observed.service) Gather(call, spec, deadline, &live).All();
  return live;
}

}  // namespace hearth::doctor
