// A task as DescribeTasks tells it, why one stopped, and the last lines that it logged.
#pragma once

#include <boost/json/object.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "aws/service_client.h"
#include "base/result.h"
#include "ecs/spec.h"

namespace hearth::ecs {

struct TaskView {
  struct Container {
    std::string name, reason, health;
    std::optional<int> exit_code;
  };
  std::string arn, id, definition;  // "hearth:7"
  std::string last_status, health, zone, stop_code, stopped_reason;
  std::optional<double> created_s, started_s, stopped_s;  // since 1970
  std::vector<Container> containers;
};
TaskView ReadTask(const boost::json::object& described);

// Its own fault or its checks': not one that the scheduler, a person or Spot ended in order.
bool TaskFailed(const TaskView& task);

// "Essential container in task exited; replica: OutOfMemoryError: … (exit 137)".
std::string WhyStopped(const TaskView& task);

// The container whose log says why: the one that failed, else the replica.
std::string ContainerToRead(const TaskView& task, const EcsSpec& spec);

// Of the service; `desired_status` is RUNNING or STOPPED. AWS forgets a stopped task after an hour.
tl::expected<std::vector<TaskView>, aws::ServiceFailure> ReadTasks(const aws::CallService& call,
                                                                   const EcsSpec& spec,
                                                                   std::string_view desired_status);

// The newest lines of the container's stream, oldest first.
tl::expected<std::vector<std::string>, aws::ServiceFailure> LastLogLines(
    const aws::CallService& call, const EcsSpec& spec, const TaskView& task, int lines);

}  // namespace hearth::ecs
