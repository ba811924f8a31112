// Spare on ECS: the scaling policy that keeps `spare` replicas warm above what is in use. Pure.
//
// Every replica with hearth inside prints its offered load six times a minute
// (serve/offered_load.h). Over one minute SUM / 6 is therefore the load of all replicas, in
// replicas, and SAMPLE_COUNT / 6 how many run. The policy tracks
//
//   (CEIL(SUM / 6 - 0.05) + spare) / (SAMPLE_COUNT / 6) = 1
//
// which is: as many as are in use, rounded up, and `spare` more. 0.05 of a replica is noise. No
// FILL: without data there is no action.
#pragma once

#include <boost/json/object.hpp>
#include <chrono>
#include <string>
#include <string_view>

#include "ecs/spec.h"

namespace hearth::ecs {

// The name of the metric that a replica prints (cli/serve_flags.h: --metric-namespace) and the
// dimensions it has, no more and no fewer.
inline constexpr std::string_view kLoadMetric = "OfferedLoad";
inline constexpr std::string_view kLoadClusterDimension = "Cluster";
inline constexpr std::string_view kLoadServiceDimension = "Service";

// Load below this above a whole number of replicas asks for no other one.
inline constexpr double kLoadNoise = 0.05;
inline constexpr int kSamplesPerMinute = 6;

// What the policy needs of the pool when `load` replicas are in use: CEIL(load - 0.05) + spare.
int NeededReplicas(double load, int spare);

// The ScaleOutCooldown that fits tasks whose first sample comes at most `start` after the decision:
// that, and 3 minutes until CloudWatch has a whole minute with all of them in it. The policy
// multiplies what is wanted already by a ratio that does not count tasks that still start: a
// cooldown that ends before them makes it ask for ever more (spare_scaling_test.cc shows by how
// many).
std::chrono::seconds SpareOutCooldown(std::chrono::seconds start);

// "<service>-spare"
std::string SparePolicyName(const EcsSpec& spec);

// The input of application-autoscaling PutScalingPolicy.
boost::json::object SparePolicy(const EcsSpec& spec);

}  // namespace hearth::ecs
