#include "ecs/observed.h"

#include <algorithm>

#include "aws/document.h"
#include "ecs/failure_kind.h"
#include "ecs/observe_ask.h"
#include "ecs/plan_build.h"

namespace hearth::ecs {
namespace {

namespace json = boost::json;
using aws::AsObject;
using aws::ListOf;
using aws::ObjectOf;
using aws::ServiceRequest;
using aws::TextOf;

// DescribeLogGroups tells an ARN that ends in ":*", which other calls do not take.
std::string PlainArn(std::string_view arn) {
  if (arn.ends_with(":*")) arn.remove_suffix(2);
  return std::string(arn);
}

Status ReadLogGroup(const aws::CallService& call, const EcsSpec& spec, Observed* observed) {
  const ServiceRequest request{
      "logs", "DescribeLogGroups", {{"logGroupNamePrefix", spec.log_group}}};
  auto groups = aws::CallAll(call, request, {"logGroups", "nextToken", "nextToken"});
  if (!groups) return FailAsk(request, groups.error());
  for (const json::value& item : *groups) {
    if (TextOf(AsObject(item), "logGroupName") == spec.log_group) {
      observed->log_group = AsObject(item);
    }
  }
  if (!observed->log_group) return {};
  const std::string arn = PlainArn(TextOf(*observed->log_group, "arn"));
  (*observed->log_group)["arn"] = arn;
  const ServiceRequest tags{"logs", "ListTagsForResource", {{"resourceArn", arn}}};
  const aws::ServiceAnswer answer = call(tags);
  // Without its tags it is used as it is.
  if (!answer) return IsDenied(answer.error()) ? Status() : Status(FailAsk(tags, answer.error()));
  (*observed->log_group)["tags"] = ObjectOf(*answer, "tags");
  return {};
}

// With "tags" among its properties; nullopt: there is none.
Result<std::optional<json::object>> AskRevision(const aws::CallService& call,
                                                std::string_view name) {
  auto answer = AskFor(call,
                       {"ecs",
                        "DescribeTaskDefinition",
                        {{"taskDefinition", name}, {"include", json::array{"TAGS"}}}},
                       "ClientException");
  if (!answer || !*answer) return answer;
  json::object revision = ObjectOf(**answer, "taskDefinition");
  if (revision.empty()) return std::optional<json::object>();
  revision["tags"] = ListOf(**answer, "tags");
  return std::optional<json::object>(std::move(revision));
}

Status ReadTaskDefinition(const aws::CallService& call, const EcsSpec& spec, Observed* observed) {
  auto newest = AskRevision(call, spec.family);
  if (!newest) return Forward(newest);
  // By a family's name AWS gives the newest active one; anything else is none of use.
  if (*newest && TextOf(**newest, "status") != "INACTIVE") {
    observed->task_definition = std::move(**newest);
  }
  return {};
}

Status ReadService(const aws::CallService& call, const EcsSpec& spec, Observed* observed) {
  auto answer = AskFor(call,
                       {"ecs",
                        "DescribeServices",
                        {{"cluster", spec.cluster},
                         {"services", json::array{spec.service}},
                         {"include", json::array{"TAGS"}}}},
                       "ClusterNotFoundException");
  if (!answer) return Forward(answer);
  if (!*answer) return {};
  for (const json::value& item : ListOf(**answer, "services")) {
    if (TextOf(AsObject(item), "status") == "INACTIVE") continue;
    observed->service = AsObject(item);
  }
  if (!observed->service) return {};
  const std::string running(TextOf(*observed->service, "taskDefinition"));
  const std::string_view newest =
      observed->task_definition ? TextOf(*observed->task_definition, "taskDefinitionArn") : "";
  if (running.empty() || running == newest) return {};
  auto revision = AskRevision(call, running);
  if (!revision) return Forward(revision);
  observed->service_task_definition = std::move(*revision);
  return {};
}

Status ReadOlderRevisions(const aws::CallService& call, const EcsSpec& spec, Observed* observed) {
  const ServiceRequest request{
      "ecs",
      "ListTaskDefinitions",
      {{"familyPrefix", spec.family}, {"status", "ACTIVE"}, {"sort", "DESC"}}};
  auto arns = aws::CallAll(call, request, {"taskDefinitionArns", "nextToken", "nextToken"});
  if (!arns) return FailAsk(request, arns.error());
  for (const json::value& item : *arns) {
    const std::string_view arn = aws::AsText(item);
    const auto known = [&](const std::optional<json::object>& revision) {
      return revision && TextOf(*revision, "taskDefinitionArn") == arn;
    };
    if (known(observed->task_definition) || known(observed->service_task_definition)) continue;
    auto revision = AskRevision(call, arn);
    if (!revision) return Forward(revision);
    if (*revision) observed->older_task_definitions.push_back(std::move(**revision));
  }
  return {};
}

Status ReadScaling(const aws::CallService& call, const EcsSpec& spec, Observed* observed) {
  const json::object of = ScalingOf(spec);
  json::object by_id = of;
  by_id["ResourceIds"] = json::array{of.at("ResourceId")};
  by_id.erase("ResourceId");
  struct List {
    const char *action, *name;
    json::object input;
    json::array into;
  };
  List lists[] = {{"DescribeScalableTargets", "ScalableTargets", by_id, {}},
                  {"DescribeScalingPolicies", "ScalingPolicies", of, {}},
                  {"DescribeScheduledActions", "ScheduledActions", of, {}}};
  for (List& list : lists) {
    const ServiceRequest request{"application-autoscaling", list.action, list.input};
    auto found = aws::CallAll(call, request, {list.name, "NextToken", "NextToken"});
    if (!found) return FailAsk(request, found.error());
    list.into = std::move(*found);
  }
  if (!lists[0].into.empty()) observed->scalable_target = AsObject(lists[0].into.front());
  observed->policies = std::move(lists[1].into);
  observed->scheduled_actions = std::move(lists[2].into);
  return {};
}

}  // namespace

Result<Observed> Observe(const aws::CallService& call, const EcsSpec& spec,
                         const ObserveOptions& options) {
  Observed observed;
  for (Status (*read)(const aws::CallService&, const EcsSpec&, Observed*) :
       {ObserveInputs, ReadLogGroup, ReadTaskDefinition, ReadService, ObserveBalancer,
        ReadScaling}) {
    if (Status done = read(call, spec, &observed); !done) return Forward(done);
  }
  if (options.all_revisions) {
    if (Status done = ReadOlderRevisions(call, spec, &observed); !done) return Forward(done);
  }
  return observed;
}

}  // namespace hearth::ecs
