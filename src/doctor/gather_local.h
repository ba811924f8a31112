// What this machine says: its limits and caches, the model, the image and containers of the Docker
// engine. Blocks on the disk and, where an image is named, on the engine's socket (some seconds at
// most). What cannot be looked at is a `problem` in words, never a failure.
#pragma once

#include <string>

#include "base/env.h"
#include "doctor/facts.h"

namespace hearth::doctor {

struct LocalOptions {
  const config::Config& config;  // model.source is a path that can be opened from here
  bool hearth_inside = true;     // the replica is hearth's own server
  Env env;
  std::string root;  // "" but in tests (base/cgroup.h)
};
LocalFacts GatherLocal(const LocalOptions& options);

// The parts, each in a file of its own.
ModelFacts LookAtModel(const std::string& path, bool hearth_inside, double cpus);
MachineFacts LookAtMachine(const LocalOptions& options);
void LookAtDocker(const LocalOptions& options, LocalFacts* facts);

}  // namespace hearth::doctor
