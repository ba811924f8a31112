// `hearth ecs rollback`: back to what ran before.
#pragma once

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "aws/service_client.h"
#include "base/result.h"
#include "ecs/deployment.h"
#include "ecs/spec.h"

namespace hearth::ecs {

struct RollbackPlan {
  std::string words;  // "stop the deployment that is under way: AWS goes back to …"
  std::optional<aws::ServiceRequest> request;   // nullopt: AWS rolls back already
  DeploymentEnd wanted = DeploymentEnd::kDone;  // how what follows ends when it went well
};

// `newest`: the service's newest deployment, where AWS tells; `revisions`: ListTaskDefinitions of
// the family, active ones. kNotFound: nothing to go back to. Pure.
Result<RollbackPlan> PlanRollback(const EcsSpec& spec, const boost::json::object& service,
                                  const std::optional<DeploymentState>& newest,
                                  const boost::json::array& revisions);

// "…:task-definition/hearth:7" before 7: the ARN with the highest revision below, of that family.
std::string PreviousRevision(std::string_view current, const boost::json::array& revisions);

Result<RollbackPlan> ChooseRollback(const aws::CallService& call, const EcsSpec& spec);

}  // namespace hearth::ecs
