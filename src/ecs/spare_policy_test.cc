#include "ecs/spare_policy.h"

#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

namespace hearth::ecs {
namespace {

EcsSpec Spec() {
  EcsSpec spec;
  spec.cluster = "prod";
  spec.service = "embed";
  spec.spare = 2;
  spec.metric_namespace = "warm/pools";
  spec.spare_out_cooldown = seconds(360);
  spec.scale_in_cooldown = seconds(300);
  return spec;
}

TEST(SparePolicy, IsTheInputOfPutScalingPolicy) {
  const boost::json::value wanted = boost::json::parse(R"json({
    "PolicyName": "embed-spare",
    "ServiceNamespace": "ecs",
    "ResourceId": "service/prod/embed",
    "ScalableDimension": "ecs:service:DesiredCount",
    "PolicyType": "TargetTrackingScaling",
    "TargetTrackingScalingPolicyConfiguration": {
      "TargetValue": 1.0,
      "CustomizedMetricSpecification": {"Metrics": [
        {"Id": "ratio", "Label": "replicas in use and spare, of those that run",
         "Expression": "(CEIL(load / 6 - 0.05) + 2) / (samples / 6)", "ReturnData": true},
        {"Id": "load", "ReturnData": false, "MetricStat": {"Stat": "Sum", "Metric": {
          "Namespace": "warm/pools", "MetricName": "OfferedLoad", "Dimensions": [
            {"Name": "Cluster", "Value": "prod"}, {"Name": "Service", "Value": "embed"}]}}},
        {"Id": "samples", "ReturnData": false, "MetricStat": {"Stat": "SampleCount", "Metric": {
          "Namespace": "warm/pools", "MetricName": "OfferedLoad", "Dimensions": [
            {"Name": "Cluster", "Value": "prod"}, {"Name": "Service", "Value": "embed"}]}}}]},
      "ScaleOutCooldown": 360,
      "ScaleInCooldown": 300}})json");
  EXPECT_EQ(boost::json::value(SparePolicy(Spec())), wanted)
      << boost::json::serialize(SparePolicy(Spec()));
}

// Without data AWS must do nothing: FILL would turn silence into an idle pool.
TEST(SparePolicy, FillsNothingIn) {
  EXPECT_EQ(boost::json::serialize(SparePolicy(Spec())).find("FILL"), std::string::npos);
}

TEST(NeededReplicas, IsTheLoadRoundedUpAndTheSpare) {
  EXPECT_EQ(NeededReplicas(0, 1), 1);
  EXPECT_EQ(NeededReplicas(0.04, 1), 1);  // noise
  EXPECT_EQ(NeededReplicas(0.06, 1), 2);
  EXPECT_EQ(NeededReplicas(4, 2), 6);
  EXPECT_EQ(NeededReplicas(4.05, 2), 6);
  EXPECT_EQ(NeededReplicas(4.2, 2), 7);
  EXPECT_EQ(NeededReplicas(4.2, 0), 5);
}

TEST(SpareOutCooldown, IsLongerThanTheStart) {
  EXPECT_EQ(SpareOutCooldown(seconds(30)), seconds(210));
  EXPECT_EQ(SpareOutCooldown(seconds(300)), seconds(480));
}

}  // namespace
}  // namespace hearth::ecs
