// The input of each call that makes a part of the pool. Pure.
#pragma once

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "ecs/spec.h"

namespace hearth::ecs {

// kUnprocessable where the file's free table cannot be merged in.
Result<boost::json::object> TaskDefinitionInput(const EcsSpec& spec);        // task_definition.cc
Result<boost::json::object> ServiceInput(const EcsSpec& spec, int desired);  // service.cc

boost::json::object LogGroupInput(const EcsSpec& spec);  // log_group.cc
boost::json::object LogRetentionInput(const EcsSpec& spec);

// Of a spec with a balancer. target_group.cc
boost::json::object TargetGroupInput(const EcsSpec& spec);
boost::json::object TargetGroupAttributesInput(const EcsSpec& spec);
boost::json::object ListenerRuleInput(const EcsSpec& spec);

// scaling.cc
boost::json::object ScalableTargetInput(const EcsSpec& spec, int floor);
boost::json::object CpuPolicyInput(const EcsSpec& spec);
boost::json::object ScheduledActionInput(const EcsSpec& spec, const ScaleTimes& times);

// The user's tags and hearth's own, in the shapes of the services: {"key", "value"},
// {"Key", "Value"}, or a map. tags.cc
boost::json::array TagsInSmall(const EcsSpec& spec);
boost::json::array TagsInCapitals(const EcsSpec& spec);
boost::json::object TagsAsMap(const EcsSpec& spec);

boost::json::array Texts(const std::vector<std::string>& texts);

}  // namespace hearth::ecs
