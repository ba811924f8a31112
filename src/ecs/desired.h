// What ought to exist on AWS for a pool: each resource as the input of the API call that makes it.
// `render` prints it, `plan` compares it, `apply` sends it, `export` writes it as a template: one
// source for all. Pure.
//
// What only AWS can say stands as a reference, a text by itself:
//   "${task_definition}"  the ARN of the revision in force        "${target_group}"  its ARN
//   "${vpc}"              the VPC of the subnets                  "${priority}"      a free one, as
//   a number
#pragma once

#include <boost/json/object.hpp>
#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "aws/service_client.h"
#include "base/result.h"
#include "ecs/spec.h"

namespace hearth::ecs {

// In the order in which they are made; destroyed in the reverse one.
enum class Kind {
  kLogGroup,               // logs CreateLogGroup
  kLogRetention,           // logs PutRetentionPolicy
  kTaskDefinition,         // ecs RegisterTaskDefinition
  kTargetGroup,            // elbv2 CreateTargetGroup
  kTargetGroupAttributes,  // elbv2 ModifyTargetGroupAttributes
  kListenerRule,           // elbv2 CreateRule
  kService,                // ecs CreateService
  kScalableTarget,         // application-autoscaling RegisterScalableTarget
  kScalingPolicy,          // application-autoscaling PutScalingPolicy, one resource each
  kScheduledAction,        // application-autoscaling PutScheduledAction, one resource each
};

struct KindFacts {
  Kind kind;
  std::string_view words;    // "task definition"
  std::string_view service;  // "ecs"
  std::string_view create;   // "RegisterTaskDefinition"
};
const KindFacts& FactsOf(Kind kind);

struct Resource {
  Kind kind;
  std::string name;  // of the log group, family, target group, service, policy, action
  boost::json::object input;
};

struct Desired {
  std::vector<Resource> resources;  // ordered by kind

  const Resource* Find(Kind kind, std::string_view name = {}) const;  // the first of that kind
};

inline constexpr std::string_view kTaskDefinitionRef = "${task_definition}";
inline constexpr std::string_view kTargetGroupRef = "${target_group}";
inline constexpr std::string_view kVpcRef = "${vpc}";
inline constexpr std::string_view kPriorityRef = "${priority}";

// `now` says which entry of the schedule is in force: the scalable target's MinCapacity. Fails with
// kUnprocessable where [ecs.task_definition] or [ecs.service_definition] cannot be merged in.
Result<Desired> MakeDesired(const EcsSpec& spec, std::chrono::system_clock::time_point now);

// The same as one JSON document: {"taskDefinition": {…}, "service": {…}, "scalingPolicies": […],
// …}.
boost::json::object Render(const Desired& desired);

}  // namespace hearth::ecs
