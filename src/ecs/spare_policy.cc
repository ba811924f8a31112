#include "ecs/spare_policy.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/array.hpp>
#include <cmath>

namespace hearth::ecs {
namespace {

boost::json::object Statistic(const EcsSpec& spec, std::string_view id,
                              std::string_view statistic) {
  return {{"Id", id},
          {"MetricStat",
           {{"Metric",
             {{"Namespace", spec.metric_namespace},
              {"MetricName", kLoadMetric},
              {"Dimensions",
               boost::json::array{{{"Name", kLoadClusterDimension}, {"Value", spec.cluster}},
                                  {{"Name", kLoadServiceDimension}, {"Value", spec.service}}}}}},
            {"Stat", statistic}}},
          {"ReturnData", false}};
}

}  // namespace

int NeededReplicas(double load, int spare) {
  return static_cast<int>(std::ceil(std::max(0.0, load - kLoadNoise))) + spare;
}

std::chrono::seconds SpareOutCooldown(std::chrono::seconds start) {
  return start + std::chrono::minutes(3);
}

std::string SparePolicyName(const EcsSpec& spec) { return spec.service + "-spare"; }

boost::json::object SparePolicy(const EcsSpec& spec) {
  const boost::json::object ratio{
      {"Id", "ratio"},
      {"Label", "replicas in use and spare, of those that run"},
      {"Expression", fmt::format("(CEIL(load / {0} - {1}) + {2}) / (samples / {0})",
                                 kSamplesPerMinute, kLoadNoise, spec.spare)},
      {"ReturnData", true}};
  return {{"PolicyName", SparePolicyName(spec)},
          {"ServiceNamespace", "ecs"},
          {"ResourceId", fmt::format("service/{}/{}", spec.cluster, spec.service)},
          {"ScalableDimension", "ecs:service:DesiredCount"},
          {"PolicyType", "TargetTrackingScaling"},
          {"TargetTrackingScalingPolicyConfiguration",
           {{"TargetValue", 1.0},
            {"CustomizedMetricSpecification",
             {{"Metrics", boost::json::array{ratio, Statistic(spec, "load", "Sum"),
                                             Statistic(spec, "samples", "SampleCount")}}}},
            {"ScaleOutCooldown", spec.spare_out_cooldown.count()},
            {"ScaleInCooldown", spec.scale_in_cooldown.count()}}}};
}

}  // namespace hearth::ecs
