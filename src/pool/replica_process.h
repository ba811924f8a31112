// One replica's process as the kernel knows it: opening it, telling it from others, signalling it
// without ever reaching another one, and how it ended. Any thread.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "base/result.h"
#include "base/unique_fd.h"
#include "pool/backend.h"

namespace hearth::pool {

// kIo: no such process, or a kernel without pidfds (before 5.4).
Result<UniqueFd> OpenProcess(int64_t pid);

// The replica's process, if it still runs and is the same one (process_backend.h says how that is
// known); else an invalid descriptor.
UniqueFd OpenIfSame(const ReplicaHandle& replica);

// False when it is gone and its number may be another's.
bool Signal(int pidfd, int signal);

// SIGKILL to the process and its whole group. A number is not given away while a process or a group
// has it, so this reaches nobody else as long as the process runs or waits to be reaped; after that
// it does nothing and returns false.
bool KillGroup(int pidfd, int64_t pid);

// Whether it has ended, without reaping it. Of a process that is no child of ours: true, its pidfd
// says when.
bool HasEnded(int pidfd);

// How it ended. Absent: it still runs. A child of ours is reaped; of another's child the exit
// status is not known.
struct ProcessEnd {
  enum class Kind { kCode, kSignal, kUnknown } kind = Kind::kUnknown;
  int value = 0;
};
std::optional<ProcessEnd> Reap(int pidfd);

// SIGKILL to each process that carries the mark of `pool` in its environment and a nonce for which
// `wanted` is true; again until none is left. The number of processes.
int KillMarked(const std::string& pool, const std::function<bool(const std::string&)>& wanted);

}  // namespace hearth::pool
