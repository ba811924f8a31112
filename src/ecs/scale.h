// `hearth ecs scale`: floor, spare and max changed on AWS, at once. Stored nowhere else:
// hearth.toml should follow.
#pragma once

#include <boost/json/object.hpp>
#include <optional>
#include <string>
#include <vector>

#include "aws/service_client.h"
#include "base/result.h"
#include "ecs/spec.h"

namespace hearth::ecs {

struct ScaleWish {
  std::optional<int> floor = {}, spare = {}, max = {};
};

// What AWS has now.
struct ScaleNow {
  std::optional<int> floor, max;  // of the scalable target; nullopt: there is none
  int desired = 0;                // of the service
};

struct ScalePlan {
  std::vector<aws::ServiceRequest> requests;
  std::vector<std::string> notes;  // what AWS does at once, and what does not last
};

// kUnprocessable: a floor above max, a floor of 0 with the spare policy, which cannot act without
// data; a spare where hearth keeps none. kNotFound: no scalable target. Pure.
Result<ScalePlan> PlanScale(const EcsSpec& spec, const ScaleWish& wish, const ScaleNow& now);

boost::json::object ScaleJson(const ScalePlan& plan);

Result<ScaleNow> ReadScaleNow(const aws::CallService& call, const EcsSpec& spec);

}  // namespace hearth::ecs
