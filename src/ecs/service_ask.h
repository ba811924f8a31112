// One service asked for: as DescribeServices tells it, its newest deployment, how many of its tasks
// are ready.
#pragma once

#include <boost/json/object.hpp>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "aws/service_client.h"
#include "ecs/deployment.h"
#include "ecs/spec.h"

namespace hearth::ecs {

template <typename T>
using Asked = tl::expected<T, aws::ServiceFailure>;

// nullopt: there is no such service, or it is INACTIVE.
Asked<std::optional<boost::json::object>> AskService(const aws::CallService& call,
                                                     const EcsSpec& spec);

// The newest of ListServiceDeployments that was created after `begun_after_s`, described.
Asked<std::optional<DeploymentState>> AskNewestDeployment(const aws::CallService& call,
                                                          const EcsSpec& spec,
                                                          std::optional<double> begun_after_s);
Asked<std::optional<DeploymentState>> AskDeployment(const aws::CallService& call,
                                                    const std::string& arn);

// Of the service's target group, where it has one, by state; else no entry.
Asked<std::map<std::string, int>> AskTargets(const aws::CallService& call,
                                             const boost::json::object& service);

// Tasks that answer: healthy targets where the service has a target group, else running tasks whose
// health check passes (any that runs, where there is no check).
Asked<int> AskReady(const aws::CallService& call, const EcsSpec& spec,
                    const boost::json::object& service);

}  // namespace hearth::ecs
