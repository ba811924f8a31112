#include "ecs/rollback.h"

#include <fmt/format.h>

#include <charconv>
#include <utility>

#include "aws/document.h"
#include "ecs/failure_kind.h"
#include "ecs/service_ask.h"

namespace hearth::ecs {
namespace {

using boost::json::array;
using boost::json::object;

struct Revision {
  std::string_view family;
  int number = 0;  // 0: not a revision
};

// Of an ARN or "family:7".
Revision RevisionOf(std::string_view name) {
  name = name.substr(name.rfind('/') + 1);
  const size_t colon = name.rfind(':');
  if (colon == std::string_view::npos) return {name, 0};
  const std::string_view digits = name.substr(colon + 1);
  Revision out{name.substr(0, colon), 0};
  const auto [end, error] =
      std::from_chars(digits.data(), digits.data() + digits.size(), out.number);
  if (error != std::errc() || end != digits.data() + digits.size()) out.number = 0;
  return out;
}

std::string_view ShortName(std::string_view arn) { return arn.substr(arn.rfind('/') + 1); }

bool RollsBack(std::string_view status) {
  return status == "STOP_REQUESTED" || status == "ROLLBACK_REQUESTED" ||
         status == "ROLLBACK_IN_PROGRESS";
}

}  // namespace

std::string PreviousRevision(std::string_view current, const array& revisions) {
  const Revision now = RevisionOf(current);
  std::string_view best;
  int best_number = 0;
  for (const auto& item : revisions) {
    const std::string_view arn = aws::AsText(item);
    const Revision one = RevisionOf(arn);
    if (one.family != now.family || one.number >= now.number || one.number <= best_number) continue;
    best = arn;
    best_number = one.number;
  }
  return std::string(best);
}

Result<RollbackPlan> PlanRollback(const EcsSpec& spec, const object& service,
                                  const std::optional<DeploymentState>& newest,
                                  const array& revisions) {
  if (newest && newest->end == DeploymentEnd::kUnderWay) {
    if (RollsBack(newest->status)) {
      return RollbackPlan{"AWS rolls back already: following it", std::nullopt,
                          DeploymentEnd::kRolledBack};
    }
    if (newest->first) {
      return Fail(
          Code::kNotFound,
          "the deployment under way is the first of service {}: there is nothing to go back "
          "to; `hearth ecs destroy` takes it away",
          spec.service);
    }
    return RollbackPlan{
        "stopping the deployment that is under way; AWS goes back to the revision before",
        aws::ServiceRequest{"ecs",
                            "StopServiceDeployment",
                            {{"serviceDeploymentArn", newest->arn}, {"stopType", "ROLLBACK"}}},
        DeploymentEnd::kRolledBack};
  }
  const std::string_view current = aws::TextOf(service, "taskDefinition");
  const std::string previous = PreviousRevision(current, revisions);
  if (previous.empty()) {
    return Fail(Code::kNotFound,
                "service {} runs {}, and no older active revision of it is left to go back to",
                spec.service, ShortName(current));
  }
  return RollbackPlan{
      fmt::format(
          "no deployment is under way: going back from {} to {}, the active revision before",
          ShortName(current), ShortName(previous)),
      aws::ServiceRequest{
          "ecs",
          "UpdateService",
          {{"cluster", spec.cluster}, {"service", spec.service}, {"taskDefinition", previous}}},
      DeploymentEnd::kDone};
}

Result<RollbackPlan> ChooseRollback(const aws::CallService& call, const EcsSpec& spec) {
  auto service = AskService(call, spec);
  if (!service) return tl::unexpected(std::move(service.error().error));
  if (!*service) {
    return Fail(Code::kNotFound, "there is no service {} in cluster {} ({}): nothing to roll back",
                spec.service, spec.cluster, spec.region);
  }
  auto newest = AskNewestDeployment(call, spec, std::nullopt);
  if (!newest && !IsUnknownAction(newest.error())) {
    return tl::unexpected(std::move(newest.error().error));
  }
  const Revision now = RevisionOf(aws::TextOf(**service, "taskDefinition"));
  auto revisions =
      aws::CallAll(call,
                   {"ecs",
                    "ListTaskDefinitions",
                    {{"familyPrefix", now.family}, {"status", "ACTIVE"}, {"sort", "DESC"}}},
                   {"taskDefinitionArns", "nextToken", "nextToken"});
  if (!revisions) return tl::unexpected(std::move(revisions.error().error));
  return PlanRollback(spec, **service, newest ? *newest : std::nullopt, *revisions);
}

}  // namespace hearth::ecs
