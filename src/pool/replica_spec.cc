#include "pool/replica_spec.h"

#include <algorithm>
#include <cmath>
#include <span>

#include "base/sha256.h"
#include "pool/state_json.h"

namespace hearth::pool {
namespace {

constexpr size_t kVersionDigits = 12;

}  // namespace

std::string ReplicaSpec::Version() const {
  const std::string text = PrintSpec(*this);
  Sha256 hash;
  hash.Update(std::as_bytes(std::span(text)));
  return Hex(hash.Digest()).substr(0, kVersionDigits);
}

ReplicaSpec SpecFromConfig(const config::Config& config, const OwnServer& own) {
  const config::Replica& replica = config.replica;
  ReplicaSpec spec;
  spec.command = replica.command;
  spec.env.assign(replica.env.begin(), replica.env.end());
  spec.cpu = replica.cpu;
  spec.memory_bytes = replica.memory_bytes;
  if (replica.backend == config::Backend::kDocker) {
    spec.image = replica.image;
    spec.mounts = replica.mounts;
    spec.network = replica.network;
    spec.read_only = replica.read_only;
    spec.container_port = replica.port;
    return spec;
  }
  if (spec.command.empty()) {
    const int workers = std::max(1, static_cast<int>(std::ceil(replica.cpu)));
    spec.own_server = true;
    spec.command = {own.program,    "serve",     "--model",
                    own.model_path, "--workers", std::to_string(workers)};
  }
  return spec;
}

}  // namespace hearth::pool
