// Region and endpoint of a service, from the environment and the profile. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "aws/profile_file.h"
#include "base/env.h"
#include "base/result.h"

namespace hearth::aws {

// AWS_REGION, AWS_DEFAULT_REGION, the profile's `region`; empty when there is none. The last
// resort, the instance's own, is InstanceRegion in instance_metadata.h: asking takes time.
std::string FindRegion(const Env& env, const Profiles& profiles);

// Lower-case letters, digits, "-": fit for a host's name.
bool IsRegion(std::string_view text);

// An endpoint the user gave: AWS_ENDPOINT_URL_<SERVICE>, AWS_ENDPOINT_URL, the profile's services
// section, its endpoint_url. None with AWS_IGNORE_CONFIGURED_ENDPOINT_URLS=true or the same in the
// profile. `service` is AWS's id: "s3", "sts", "elastic-load-balancing-v2".
std::optional<std::string> GivenEndpoint(const Env& env, const Profiles& profiles,
                                         std::string_view service);

std::string_view DnsSuffix(std::string_view region);  // "amazonaws.com", "amazonaws.com.cn", …

// AWS_USE_FIPS_ENDPOINT, AWS_USE_DUALSTACK_ENDPOINT, the profile's use_fips_endpoint and
// use_dualstack_endpoint. They count only where no endpoint is given.
struct EndpointVariant {
  bool fips = false;
  bool dualstack = false;
};
EndpointVariant FindVariant(const Env& env, const Profiles& profiles);

// "sts.eu-west-1.amazonaws.com". `service`: "s3", "sts" and others of one endpoint per region.
// kInvalidArgument for what is no region.
Result<std::string> ServiceHost(std::string_view service, std::string_view region,
                                EndpointVariant variant = {});

// Is the bucket named in the path, not in the host? For given endpoints (unless the profile says
// `s3 = addressing_style = virtual`), names with dots, and `addressing_style = path`.
bool UsesPathStyle(const Profiles& profiles, bool endpoint_given, std::string_view bucket);

// "true" in any case, as AWS's settings say yes.
bool IsTrue(std::string_view text);

}  // namespace hearth::aws
