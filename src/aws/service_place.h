// Where a service is and which region its requests are signed for. Pure.
#pragma once

#include <string>

#include "aws/profile_file.h"
#include "aws/service_client.h"
#include "base/env.h"
#include "http/url.h"

namespace hearth::aws {

struct ServicePlace {
  http::Url url;
  std::string region;  // signed for
};

// The endpoint that the user gave (GivenEndpoint), or the region's own. kInvalidArgument for an
// endpoint that is no URL, naming the service, and for what is no region.
Result<ServicePlace> PlaceOf(const ServiceFacts& service, const Env& env, const Profiles& profiles,
                             const std::string& region);

}  // namespace hearth::aws
