// What a Docker engine is asked for: the container of a replica, and the paths of questions. Pure.
//
// A container is labelled, so that a later controller finds it again:
//   hearth.pool     [pool] name        hearth.nonce    StartOrder::nonce
//   hearth.replica  "r7"               hearth.version  ReplicaSpec::Version()
//   hearth.port     where it listens: inside (bridge) or on the host's loopback (host network)
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "base/result.h"
#include "pool/backend.h"

namespace hearth::pool {

inline constexpr std::string_view kPoolLabel = "hearth.pool";
inline constexpr std::string_view kReplicaLabel = "hearth.replica";
inline constexpr std::string_view kNonceLabel = "hearth.nonce";
inline constexpr std::string_view kVersionLabel = "hearth.version";
inline constexpr std::string_view kPortLabel = "hearth.port";

inline constexpr std::string_view kHostNetwork = "host";

std::string ContainerName(std::string_view pool, ReplicaId replica);  // "hearth-r7"

struct ContainerOrder {
  std::string pool;
  StartOrder start;
  int port = 0;                           // host network: the one to listen on; bridge: the spec's
  std::chrono::seconds stop_timeout{30};  // when others stop it: `docker stop`, a shutdown
};

// The body of POST /containers/create. Beyond what the spec says: no health check of the engine's
// (the pool asks over HTTP), never restarted, no swap beside a memory limit; read-only: no
// capabilities, no new privileges, a writable /tmp of 64 MiB. kInvalidArgument: a mount that cannot
// be read, {socket} in the command, another network than bridge and host.
Result<std::string> CreateBody(const ContainerOrder& order);

struct DockerMount {
  bool is_volume = false;  // `source` is a volume's name and not a path
  std::string source;
  std::string target;
  bool read_only = false;
};

// "source:target[:ro|rw]": a path ("/models", or "./models" from the working directory), which must
// be there, or the name of a volume.
Result<DockerMount> ParseMount(std::string_view text);

std::string PercentEncoded(std::string_view text);  // for a query
// A name without tag or digest is asked for as :latest; the engine would bring every tag.
std::string PullPath(std::string_view image);
std::string ListPath(std::string_view pool);
// Ends and out-of-memory kills of the pool's containers since then.
std::string EventsPath(std::string_view pool, int64_t since_unix_ns);

}  // namespace hearth::pool
