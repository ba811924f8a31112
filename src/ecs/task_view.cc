#include "ecs/task_view.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "aws/document.h"

namespace hearth::ecs {
namespace {

using boost::json::array;
using boost::json::object;

constexpr size_t kDescribedAtOnce = 100;  // DescribeTasks takes no more

std::string AfterLast(std::string_view text, char mark) {
  return std::string(text.substr(text.rfind(mark) + 1));  // npos + 1 is 0
}

bool Fell(const TaskView::Container& container) {
  return container.exit_code.value_or(0) != 0 || !container.reason.empty();
}

std::string StreamOf(const EcsSpec& spec, const TaskView& task) {
  return fmt::format("{}/{}/{}", spec.log_prefix, ContainerToRead(task, spec), task.id);
}

}  // namespace

TaskView ReadTask(const object& described) {
  const auto text = [&](std::string_view name) {
    return std::string(aws::TextOf(described, name));
  };
  TaskView out;
  out.arn = text("taskArn");
  out.id = AfterLast(out.arn, '/');
  out.definition = AfterLast(aws::TextOf(described, "taskDefinitionArn"), '/');
  out.last_status = text("lastStatus");
  out.health = text("healthStatus");
  out.zone = text("availabilityZone");
  out.stop_code = text("stopCode");
  out.stopped_reason = text("stoppedReason");
  out.created_s = aws::NumberOf(described, "createdAt");
  out.started_s = aws::NumberOf(described, "startedAt");
  out.stopped_s = aws::NumberOf(described, "stoppedAt");
  for (const auto& item : aws::ListOf(described, "containers")) {
    const object& from = aws::AsObject(item);
    TaskView::Container container;
    container.name = aws::TextOf(from, "name");
    container.reason = aws::TextOf(from, "reason");
    container.health = aws::TextOf(from, "healthStatus");
    if (const auto code = aws::NumberOf(from, "exitCode")) {
      container.exit_code = static_cast<int>(*code);
    }
    out.containers.push_back(std::move(container));
  }
  return out;
}

bool TaskFailed(const TaskView& task) {
  if (task.stop_code == "TaskFailedToStart" || task.stop_code == "EssentialContainerExited") {
    return true;
  }
  // The scheduler also ends tasks in order; one that failed its checks it says so of.
  return task.stopped_reason.find("health check") != std::string::npos;
}

std::string WhyStopped(const TaskView& task) {
  std::string out = task.stopped_reason.empty() ? task.stop_code : task.stopped_reason;
  for (const TaskView::Container& container : task.containers) {
    if (!Fell(container)) continue;
    out += fmt::format("{}{}:", out.empty() ? "" : "; ", container.name);
    if (!container.reason.empty()) out += " " + container.reason;
    if (container.exit_code) out += fmt::format(" (exit {})", *container.exit_code);
  }
  return out.empty() ? "AWS does not say why" : out;
}

std::string ContainerToRead(const TaskView& task, const EcsSpec& spec) {
  const auto fell = std::find_if(task.containers.begin(), task.containers.end(), Fell);
  return fell == task.containers.end() ? spec.container : fell->name;
}

tl::expected<std::vector<TaskView>, aws::ServiceFailure> ReadTasks(
    const aws::CallService& call, const EcsSpec& spec, std::string_view desired_status) {
  auto arns = aws::CallAll(call,
                           {"ecs",
                            "ListTasks",
                            {{"cluster", spec.cluster},
                             {"serviceName", spec.service},
                             {"desiredStatus", desired_status}}},
                           {"taskArns", "nextToken", "nextToken"});
  if (!arns) return tl::unexpected(std::move(arns.error()));
  std::vector<TaskView> out;
  for (size_t begin = 0; begin < arns->size(); begin += kDescribedAtOnce) {
    array some;
    for (size_t i = begin; i < std::min(arns->size(), begin + kDescribedAtOnce); ++i) {
      some.push_back((*arns)[i]);
    }
    auto answer = call({"ecs", "DescribeTasks", {{"cluster", spec.cluster}, {"tasks", some}}});
    if (!answer) return tl::unexpected(std::move(answer.error()));
    for (const auto& item : aws::ListOf(*answer, "tasks")) {
      out.push_back(ReadTask(aws::AsObject(item)));
    }
  }
  return out;
}

tl::expected<std::vector<std::string>, aws::ServiceFailure> LastLogLines(
    const aws::CallService& call, const EcsSpec& spec, const TaskView& task, int lines) {
  auto answer = call({"logs",
                      "GetLogEvents",
                      {{"logGroupName", spec.log_group},
                       {"logStreamName", StreamOf(spec, task)},
                       {"limit", lines},
                       {"startFromHead", false}}});
  if (!answer) return tl::unexpected(std::move(answer.error()));
  std::vector<std::string> out;
  for (const auto& item : aws::ListOf(*answer, "events")) {
    out.push_back(aws::Printable(aws::TextOf(aws::AsObject(item), "message"), 300));
  }
  return out;
}

}  // namespace hearth::ecs
