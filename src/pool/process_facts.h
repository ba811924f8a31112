// What the kernel says about processes of this machine, from /proc. Nothing is kept; any thread.
// A process may end at any moment: then what is asked is absent.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hearth::pool {

struct ProcessStat {
  char state = '?';  // 'Z': ended, and nobody has looked at its exit status yet
  pid_t group = 0;
  pid_t session = 0;
  int64_t start_ticks = 0;  // since boot: tells a process from a later one with the same number
};

std::optional<ProcessStat> ReadProcessStat(pid_t pid);
// The text of /proc/PID/stat, parsed (pure); the program's name in it may hold anything.
std::optional<ProcessStat> ParseProcessStat(std::string_view text);

// A variable of the environment that the process was started with. A program that writes over its
// environment (nginx, setproctitle) has none left.
std::optional<std::string> ReadVariableOf(pid_t pid, std::string_view name);

// Resident memory, shared pages counted whole.
std::optional<int64_t> ResidentBytesOf(pid_t pid);

// Whether its stdout or stderr is this file.
bool WritesTo(pid_t pid, const std::string& path);

std::vector<pid_t> AllProcesses();

}  // namespace hearth::pool
