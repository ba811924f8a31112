// Spawn: a process in a session and process group of its own, that outlives whoever started it.
//
// stdin is /dev/null, stdout and stderr go to one file; no other descriptor is passed on; signals
// are as a fresh program expects them. Limits, niceness, folder and umask are the caller's. The
// memory of the caller is not copied (vfork): about 0.4 ms whatever its size, and as long as
// joining the control groups takes (5-15 ms, the kernel's own wait).
#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace hearth::pool {

struct SpawnOrder {
  std::vector<std::string> command;      // the program first: a path, or looked up in PATH
  std::vector<std::string> environment;  // NAME=value
  int output = -1;                       // what stdout and stderr become; at least 3
  std::vector<std::string> join;         // cgroup.procs files that it writes itself into
};

struct Spawned {
  pid_t pid = 0;
  std::string not_joined;  // why it could not join a group, in words; empty: it did
};

// Returns once the program runs. kNotFound (no such program, or its interpreter), kIo (not
// executable, no process left), naming the program and the remedy; then nothing is left behind. The
// caller reaps the process.
Result<Spawned> Spawn(const SpawnOrder& order);

// The file that a program's name stands for: itself when it holds a slash, else the first
// executable one in the folders of `path` (PATH's form). kNotFound.
Result<std::string> FindProgram(const std::string& name, std::string_view path);

}  // namespace hearth::pool
