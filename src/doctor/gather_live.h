// What AWS says of the service: reads only. What one service refuses to tell goes to not_seen, so
// that the checks which need it say SKIP with the reason.
#pragma once

#include <chrono>

#include "aws/service_client.h"
#include "base/result.h"
#include "doctor/facts.h"

namespace hearth::doctor {

// Blocks; after `deadline` nothing more is asked. A failure where nothing can be said at all: no
// credentials, no network, no permission for ECS itself.
Result<LiveFacts> GatherLive(const aws::CallService& call, const ecs::EcsSpec& spec,
                             std::chrono::steady_clock::time_point deadline);

// Where an image of ECR lies; empty repository: it is not in ECR. Pure.
struct EcrImage {
  std::string registry, repository, tag, digest;
};
EcrImage ParseEcrImage(std::string_view image);

}  // namespace hearth::doctor
