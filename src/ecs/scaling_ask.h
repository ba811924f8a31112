// What Application Auto Scaling holds of one service.
#pragma once

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <optional>
#include <string>

#include "aws/service_client.h"
#include "ecs/service_ask.h"
#include "ecs/spec.h"

namespace hearth::ecs {

// {ServiceNamespace, ResourceId, ScalableDimension}: how every call names the service's target.
boost::json::object ScalableName(const EcsSpec& spec);

Asked<std::optional<boost::json::object>> AskScalableTarget(const aws::CallService& call,
                                                            const EcsSpec& spec);
Asked<boost::json::array> AskPolicies(const aws::CallService& call, const EcsSpec& spec);
Asked<boost::json::array> AskScheduledActions(const aws::CallService& call, const EcsSpec& spec);

}  // namespace hearth::ecs
