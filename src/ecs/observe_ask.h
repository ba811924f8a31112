// Asking for what exists: "there is none" and "you may not see it" told apart. Internal to
// observed.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "aws/service_client.h"
#include "base/result.h"
#include "ecs/observed.h"

namespace hearth::ecs {

// The call's error, fit to show; where AWS denied it, with the permission that is needed.
tl::unexpected<Error> FailAsk(const aws::ServiceRequest& request,
                              const aws::ServiceFailure& failure);

// nullopt: AWS answers with a code that starts with `none`: there is nothing of that name.
Result<std::optional<boost::json::object>> AskFor(const aws::CallService& call,
                                                  const aws::ServiceRequest& request,
                                                  std::string_view none);

// "ecs:DescribeServices": what a policy of IAM calls it.
std::string PermissionOf(const aws::ServiceRequest& request);

// Fills observed->inputs and observed->vpc.
Status ObserveInputs(const aws::CallService& call, const EcsSpec& spec, Observed* observed);
// The target group, its tags and attributes, the listener's rules.
Status ObserveBalancer(const aws::CallService& call, const EcsSpec& spec, Observed* observed);

}  // namespace hearth::ecs
