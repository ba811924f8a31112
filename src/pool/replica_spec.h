// From hearth.toml to what one replica is. Pure.
#pragma once

#include <string>

#include "config/config.h"
#include "pool/backend.h"

namespace hearth::pool {

// hearth's own server, for a process replica without a command.
struct OwnServer {
  std::string program;     // this hearth: what /proc/self/exe names
  std::string model_path;  // a packed file
};

// `own` is looked at only when the backend is processes and no command is configured. Its server
// computes on as many threads as `cpu` says, rounded up.
ReplicaSpec SpecFromConfig(const config::Config& config, const OwnServer& own);

}  // namespace hearth::pool
