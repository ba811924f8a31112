#include "aws/service_place.h"

#include <algorithm>
#include <array>

#include "aws/region.h"

namespace hearth::aws {

namespace {

// Of IAM, which has one endpoint for each partition: botocore's endpoint-rule-set-1.json.
struct GlobalPlace {
  std::string_view prefix;  // of the partition's regions
  std::string_view host;
  std::string_view region;
};

constexpr std::array<GlobalPlace, 8> kIam = {{
    {"cn-", "iam.cn-north-1.amazonaws.com.cn", "cn-north-1"},
    {"us-gov-", "iam.us-gov.amazonaws.com", "us-gov-west-1"},
    {"eusc-", "iam.eusc-de-east-1.amazonaws.eu", "eusc-de-east-1"},
    {"us-iso-", "iam.us-iso-east-1.c2s.ic.gov", "us-iso-east-1"},
    {"us-isob-", "iam.us-isob-east-1.sc2s.sgov.gov", "us-isob-east-1"},
    {"us-isof-", "iam.us-isof-south-1.csp.hci.ic.gov", "us-isof-south-1"},
    {"eu-isoe-", "iam.eu-isoe-west-1.cloud.adc-e.uk", "eu-isoe-west-1"},
    {"", "iam.amazonaws.com", "us-east-1"},
}};

const GlobalPlace& IamOf(std::string_view region) {
  return *std::ranges::find_if(kIam, [&](const auto& p) { return region.starts_with(p.prefix); });
}

// The other partitions have IAM in one form.
std::string IamHost(std::string_view region, EndpointVariant variant) {
  const GlobalPlace& place = IamOf(region);
  if (place.prefix == "us-gov-" && variant.dualstack) return "iam.us-gov.api.aws";
  if (!place.prefix.empty()) return std::string(place.host);
  return fmt::format("iam{}.{}", variant.fips ? "-fips" : "",
                     variant.dualstack ? "global.api.aws" : "amazonaws.com");
}

Result<std::string> HostOf(const ServiceFacts& service, const std::string& region,
                           EndpointVariant variant) {
  if (!IsRegion(region)) return Fail(Code::kInvalidArgument, "\"{:.60}\" is no AWS region", region);
  if (service.global) return IamHost(region, variant);
  // Validated as they are in GovCloud, but for these two.
  const bool has_own = service.name == "ecs" || service.name == "ecr";
  if (region.starts_with("us-gov-") && !has_own &&
      (!variant.dualstack || service.name == "cloudwatch")) {
    variant.fips = false;
  }
  const bool plain = service.name == "ecr" && variant.dualstack;
  return ServiceHost(plain ? "ecr" : service.endpoint_prefix, region, variant);
}

}  // namespace

Result<ServicePlace> PlaceOf(const ServiceFacts& service, const Env& env, const Profiles& profiles,
                             const std::string& region) {
  ServicePlace out;
  out.region = service.global ? std::string(IamOf(region).region) : region;
  std::string at;
  if (const auto given = GivenEndpoint(env, profiles, service.endpoint_id)) {
    at = *given;
  } else {
    auto host = HostOf(service, region, FindVariant(env, profiles));
    if (!host) return Forward(host);
    at = "https://" + *host;
  }
  auto url = http::ParseUrl(at);
  if (!url) {
    return Fail(Code::kInvalidArgument, "the endpoint of {}: {}", service.name,
                url.error().message);
  }
  out.url = *std::move(url);
  return out;
}

}  // namespace hearth::aws
