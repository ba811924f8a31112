// The listening socket that systemd holds for the pool and hands over at start (LISTEN_FDS): while
// the pool is replaced, connections wait in it instead of being refused.
//
// Source: sd_listen_fds(3): descriptors from 3 on, meant for the process LISTEN_PID.
#pragma once

#include <sys/types.h>

#include "base/env.h"
#include "base/result.h"

namespace hearth::cli {

// How many descriptors were handed over to the process `pid`; 0: none, or they are not for it.
// kUsage when there is more than one, since the pool has one address. Pure.
Result<int> InheritedSockets(const Env& env, pid_t pid);

// The descriptor, close-on-exec and non-blocking, or -1; the variables are taken away so that no
// replica believes it is meant. Before any thread starts.
Result<int> TakeInheritedSocket();

}  // namespace hearth::cli
