// ProcessBackend: replicas as processes of this machine.
//
// Each has a session and process group of its own, its log file as stdout and stderr, an address
// (hearth's own server and commands that say {socket}: a unix socket in the state directory; others
// a port of 127.0.0.1), and where allowed control groups (replica_cgroup.h): `memory_bytes` for
// all, `cpu` for commands. hearth's own server computes on `cpu` threads; a quota on top of that
// would only stop its I/O thread.
//
// A replica is known again by its process number, the time it began, and its nonce in the
// environment; for a program that writes over its environment, by its log file as stdout. What
// carries this pool's mark and belongs to no replica that Find brings back is killed: a replica
// whose controller died before it could write it down, what a dead replica has left behind.
//
// Threads: the interface's calls as backend.h says; `exits` (exit_watch.h) sees ends, reaps, kills
// what is left of the group, and calls OnExit's function, which may come before Start returns.
// Destroying it leaves the replicas running. SIGCHLD must not be ignored in this process: exit
// codes would be lost.
#pragma once

#include <memory>

#include "base/log.h"
#include "base/result.h"
#include "pool/backend.h"
#include "pool/state_dir.h"

namespace hearth::pool {

class ProcessBackend final : public ReplicaBackend {
 public:
  // Both outlive it.
  static Result<std::unique_ptr<ProcessBackend>> Create(StateDir& state, const Log& log);
  ~ProcessBackend() override;

  Result<ReplicaHandle> Start(const StartOrder& order) override;
  Status Terminate(const ReplicaHandle& replica) override;  // the process itself, not its group
  Status Kill(const ReplicaHandle& replica) override;
  Result<std::vector<ReplicaHandle>> Find() override;
  Result<int64_t> MemoryBytes(const ReplicaHandle& replica) override;
  void OnExit(std::function<void(ReplicaExit)> on_exit) override;

 private:
  struct Impl;
  explicit ProcessBackend(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace hearth::pool
