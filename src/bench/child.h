// Child: one server process started for a measurement, in a process group of its own, and ended
// with it.
//
// Lifecycle: Start forks and execs; ~Child sends SIGTERM to the group, waits for kStopTime, then
// SIGKILL, and reaps. When the benchmark itself dies the kernel kills the child (PR_SET_PDEATHSIG).
// One thread, the one that started it, which must live as long as the child.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"

namespace hearth::bench {

using Clock = std::chrono::steady_clock;

class Child {
 public:
  // Its stdout and stderr go to `log_path`. kIo naming the program when exec fails.
  static Result<Child> Start(const std::vector<std::string>& command, const std::string& log_path);
  Child(Child&& other) noexcept;
  Child& operator=(Child&&) = delete;
  ~Child();

  static constexpr std::chrono::seconds kStopTime{10};

  pid_t pid() const { return pid_; }
  // Taken by the child itself just before exec.
  Clock::time_point exec_time() const { return exec_time_; }
  // The exit status as waitpid gives it, once it has ended.
  std::optional<int> Exited();
  void Stop();

 private:
  Child(pid_t pid, Clock::time_point exec_time) : pid_(pid), exec_time_(exec_time) {}

  pid_t pid_ = -1;  // −1: none, or reaped
  Clock::time_point exec_time_;
};

// A port of 127.0.0.1 that was free a moment ago.
Result<uint16_t> FreePort();

}  // namespace hearth::bench
