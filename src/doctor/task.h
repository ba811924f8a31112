// Tasks as DescribeTasks tells of them, and why one ended: the reason first, then the exit code,
// then the stop code (an OOM can have exit code 0, and 137 is also a SIGKILL after stopTimeout).
// Pure.
#pragma once

#include <boost/json/object.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "doctor/check.h"

namespace hearth::doctor {

enum class End {
  kMemory,      // the kernel killed it for memory
  kPull,        // the image could not be pulled
  kNotStarted,  // another reason for which it never ran
  kUnhealthy,   // a health check failed
  kForced,      // told to stop, and killed since it had not ended within stopTimeout
  kSpot,        // AWS took the machine back
  kCrash,       // it ended by itself, with an exit code other than 0, or was killed from inside
  kExit,        // it ended by itself, with 0
  kScaledIn,    // the scheduler wanted fewer, or a newer revision
  kOther,
};

struct Task {
  std::string id;                 // the last part of the ARN
  std::string revision;           // "embedding-service:3"
  std::string stop_code, reason;  // stopCode, stoppedReason
  std::string container_reason;   // of the replica, or of the container that was killed for memory
  std::optional<int> exit_code;
  std::string health;   // of the replica: HEALTHY, UNHEALTHY, UNKNOWN
  std::string address;  // its private IP
  std::optional<double> pull_started, pull_stopped, started, stopping, stopped;  // since 1970

  // From start to the decision to stop it.
  std::optional<double> Lifetime() const;
  // The reason that says more, on one line, with the exit code.
  std::string Words() const;
};

// `container`: the replica's name; of a task without one, its first container counts.
Task ReadTask(const boost::json::object& described, std::string_view container);
End EndOf(const Task& task);

std::vector<Task> StoppedTasks(const Facts& facts);
std::vector<Task> RunningTasks(const Facts& facts);
std::vector<Task> Only(const std::vector<Task>& tasks, End end);

// "task 0a1b2c3d: OutOfMemoryError: … (exit code 137)", at most `most` of them and "and 4 more".
std::vector<std::string> Lines(const std::vector<Task>& tasks, size_t most = 3);

}  // namespace hearth::doctor
