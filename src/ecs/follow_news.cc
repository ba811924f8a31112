#include "ecs/follow_news.h"

#include <fmt/format.h>

#include <algorithm>

#include "aws/document.h"

namespace hearth::ecs {
namespace {

int IntOf(const boost::json::object& in, std::string_view name) {
  return static_cast<int>(aws::NumberOf(in, name).value_or(0));
}

}  // namespace

std::vector<std::string> News::OfService(const boost::json::object& service, double since_s) {
  std::vector<std::string> out;
  for (const auto& item : aws::ListOf(service, "events")) {
    const boost::json::object& event = aws::AsObject(item);
    if (aws::NumberOf(event, "createdAt").value_or(0) < since_s) continue;
    if (!events_.emplace(aws::TextOf(event, "id")).second) continue;
    out.emplace_back(aws::TextOf(event, "message"));
  }
  // AWS tells the newest first.
  std::reverse(out.begin(), out.end());
  std::string counts =
      fmt::format("{} of {} tasks running, {} pending", IntOf(service, "runningCount"),
                  IntOf(service, "desiredCount"), IntOf(service, "pendingCount"));
  if (counts != counts_) out.push_back(counts);
  counts_ = std::move(counts);
  return out;
}

std::vector<std::string> News::OfDeployment(const DeploymentState& state) {
  std::vector<std::string> out;
  std::string stage = fmt::format("deployment {}{}{}", state.status,
                                  state.lifecycle_stage.empty() ? "" : ", ", state.lifecycle_stage);
  if (stage != stage_) out.push_back(stage);
  stage_ = std::move(stage);
  if (state.failed_tasks != failed_ && state.failed_tasks > 0) {
    out.push_back(state.failure_threshold > 0
                      ? fmt::format("{} failed tasks; the circuit breaker opens at {}",
                                    state.failed_tasks, state.failure_threshold)
                      : fmt::format("{} failed tasks", state.failed_tasks));
  }
  failed_ = state.failed_tasks;
  return out;
}

std::vector<std::string> News::OfStopped(const std::vector<TaskView>& stopped, double since_s) {
  std::vector<std::string> out;
  for (const TaskView& task : stopped) {
    // One without a time is stopping now.
    if (task.stopped_s && *task.stopped_s < since_s) continue;
    if (!stopped_.insert(task.arn).second) continue;
    out.push_back(
        fmt::format("task {} ({}) stopped: {}", task.id, task.definition, WhyStopped(task)));
  }
  return out;
}

}  // namespace hearth::ecs
