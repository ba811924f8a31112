// botocore's service-2.json, "metadata" of each.
#include <algorithm>
#include <array>

#include "aws/service_client.h"

namespace hearth::aws {

namespace {

constexpr std::array<ServiceFacts, 9> kServices = {{
    {.name = "ecs",
     .protocol = Protocol::kJson,
     .endpoint_prefix = "ecs",
     .signing_name = "ecs",
     .endpoint_id = "ecs",
     .target_prefix = "AmazonEC2ContainerServiceV20141113.",
     .version = ""},
    {.name = "application-autoscaling",
     .protocol = Protocol::kJson,
     .endpoint_prefix = "application-autoscaling",
     .signing_name = "application-autoscaling",
     .endpoint_id = "application-auto-scaling",
     .target_prefix = "AnyScaleFrontendService.",
     .version = ""},
    {.name = "elbv2",
     .protocol = Protocol::kQuery,
     .endpoint_prefix = "elasticloadbalancing",
     .signing_name = "elasticloadbalancing",
     .endpoint_id = "elastic-load-balancing-v2",
     .target_prefix = "",
     .version = "2015-12-01"},
    {.name = "logs",
     .protocol = Protocol::kJson,
     .endpoint_prefix = "logs",
     .signing_name = "logs",
     .endpoint_id = "cloudwatch-logs",
     .target_prefix = "Logs_20140328.",
     .version = ""},
    {.name = "ec2",
     .protocol = Protocol::kEc2,
     .endpoint_prefix = "ec2",
     .signing_name = "ec2",
     .endpoint_id = "ec2",
     .target_prefix = "",
     .version = "2016-11-15"},
    {.name = "iam",
     .protocol = Protocol::kQuery,
     .endpoint_prefix = "iam",
     .signing_name = "iam",
     .endpoint_id = "iam",
     .target_prefix = "",
     .version = "2010-05-08",
     .global = true},
    {.name = "sts",
     .protocol = Protocol::kQuery,
     .endpoint_prefix = "sts",
     .signing_name = "sts",
     .endpoint_id = "sts",
     .target_prefix = "",
     .version = "2011-06-15"},
    // Its model prefers CBOR; Query is listed too, and is one protocol less.
    {.name = "cloudwatch",
     .protocol = Protocol::kQuery,
     .endpoint_prefix = "monitoring",
     .signing_name = "monitoring",
     .endpoint_id = "cloudwatch",
     .target_prefix = "",
     .version = "2010-08-01"},
    {.name = "ecr",
     .protocol = Protocol::kJson,
     .endpoint_prefix = "api.ecr",
     .signing_name = "ecr",
     .endpoint_id = "ecr",
     .target_prefix = "AmazonEC2ContainerRegistry_V20150921.",
     .version = ""},
}};

}  // namespace

std::span<const ServiceFacts> AllServices() { return kServices; }

const ServiceFacts* FindService(std::string_view name) {
  const auto* const at = std::ranges::find(kServices, name, &ServiceFacts::name);
  return at == kServices.end() ? nullptr : at;
}

}  // namespace hearth::aws
