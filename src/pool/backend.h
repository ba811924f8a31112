// ReplicaBackend: what can start and end replicas: processes of this machine, or containers of a
// Docker engine. Replicas outlive the controller: they log to files, and Find brings back what an
// earlier controller has started.
//
// Start, Terminate, Kill, Find, MemoryBytes may block for seconds: called on the controller's
// `backend` thread, one at a time. OnExit's function is called from a thread of the backend's own.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "http/url.h"
#include "pool/replica.h"

namespace hearth::pool {

// What a replica of one version is: a version is a digest of this, so that equal ones are the same.
struct ReplicaSpec {
  std::vector<std::string>
      command;        // words may hold {port}, {socket}, {name}; docker: after the image
  std::string image;  // docker
  std::vector<std::pair<std::string, std::string>> env;
  std::vector<std::string> mounts;
  std::string network = "bridge";
  bool read_only = true;
  int container_port = 8000;
  double cpu = 1;
  int64_t memory_bytes = 0;
  bool own_server = false;  // hearth serve: listens on a unix socket, says its slots

  std::string Version() const;  // 12 hex digits
};

struct StartOrder {
  ReplicaId id;
  std::string nonce;  // 32 hex digits; in the replica's environment as HEARTH_REPLICA_NONCE
  ReplicaSpec spec;
};

// A replica that runs, or ran a moment ago.
struct ReplicaHandle {
  ReplicaId id;
  std::string nonce;
  std::string version;
  http::Url url;                // where it listens; target "/"
  int64_t pid = 0;              // process backend
  int64_t pid_start_ticks = 0;  // field 22 of /proc/PID/stat: tells the process from a later one
  std::string container;        // docker backend: its id
  int64_t started_unix_ms = 0;
  std::string log_path;  // empty: the engine keeps it
};

struct ReplicaExit {
  ReplicaId id;
  EndReason reason = EndReason::kExited;  // kExited, kKilled or kOutOfMemory
  std::string words;                      // "exit 3", "signal 9", "out of memory at 512 MiB"
};

class ReplicaBackend {
 public:
  virtual ~ReplicaBackend() = default;

  // Returns when the process or container runs (not: is ready). Failures name the program or image
  // and the remedy.
  virtual Result<ReplicaHandle> Start(const StartOrder& order) = 0;
  virtual Status Terminate(const ReplicaHandle& replica) = 0;  // SIGTERM; returns at once
  virtual Status Kill(const ReplicaHandle& replica) = 0;       // SIGKILL, its whole process group
  // Every replica of this pool that runs. Those it finds are watched from then on.
  virtual Result<std::vector<ReplicaHandle>> Find() = 0;
  virtual Result<int64_t> MemoryBytes(const ReplicaHandle& replica) = 0;  // resident, now
  // `on_exit` is called once for each started or found replica that ends; it may come before Start
  // or Find has returned. Set before the first Start.
  virtual void OnExit(std::function<void(ReplicaExit)> on_exit) = 0;
};

}  // namespace hearth::pool
