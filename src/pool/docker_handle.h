// From a container to the replica that it is. Pure.
#pragma once

#include <optional>
#include <string>

#include "base/result.h"
#include "http/url.h"
#include "pool/backend.h"
#include "pool/docker_answer.h"

namespace hearth::pool {

// The replica that the labels name; kCorrupt, naming the label, when one is missing or no such
// value.
Result<ReplicaId> ReplicaOf(const Labels& labels);

// Where it is reached from this machine: the host network's port, or the published one. kNotFound:
// none is published.
Result<http::Url> UrlOf(const ContainerInfo& container);

// ReplicaOf and UrlOf, and the rest. Everything comes from the container: what is adopted and what
// was just started are the same.
Result<ReplicaHandle> HandleOf(const ContainerInfo& container);

}  // namespace hearth::pool
