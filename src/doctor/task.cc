#include "doctor/task.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "aws/document.h"
#include "doctor/finding.h"

namespace hearth::doctor {
namespace {

namespace json = boost::json;

constexpr int kSigkill = 128 + 9;

bool Has(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

std::string AfterSlash(std::string_view arn) {
  const size_t slash = arn.rfind('/');
  return std::string(slash == std::string_view::npos ? arn : arn.substr(slash + 1));
}

bool IsMemory(std::string_view reason) {
  return Has(reason, "OutOfMemory") || Has(reason, "OOM-killed") || Has(reason, "OOMKilled");
}

const json::object& ReplicaOf(const json::object& task, std::string_view name) {
  const json::array& containers = aws::ListOf(task, "containers");
  for (const json::value& item : containers) {
    if (IsMemory(aws::TextOf(aws::AsObject(item), "reason"))) return aws::AsObject(item);
  }
  for (const json::value& item : containers) {
    if (aws::TextOf(aws::AsObject(item), "name") == name) return aws::AsObject(item);
  }
  return containers.empty() ? aws::ObjectOf(task, "") : aws::AsObject(containers[0]);
}

std::string AddressOf(const json::object& task) {
  for (const json::value& attachment : aws::ListOf(task, "attachments")) {
    for (const json::value& detail : aws::ListOf(aws::AsObject(attachment), "details")) {
      const json::object& pair = aws::AsObject(detail);
      if (aws::TextOf(pair, "name") == "privateIPv4Address") {
        return std::string(aws::TextOf(pair, "value"));
      }
    }
  }
  return "";
}

std::vector<Task> TasksOf(const Facts& facts, const json::array& described) {
  const bool named = facts.file && facts.file->spec;
  const std::string_view name = named ? std::string_view(facts.file->spec->container) : "";
  std::vector<Task> tasks;
  for (const json::value& item : described) tasks.push_back(ReadTask(aws::AsObject(item), name));
  return tasks;
}

// Told to stop by someone outside of the container.
bool IsTold(const Task& task) {
  return task.stop_code == "ServiceSchedulerInitiated" || task.stop_code == "UserInitiated" ||
         task.stop_code == "TerminationNotice" || task.stop_code == "SpotInterruption";
}

}  // namespace

std::optional<double> Task::Lifetime() const {
  const std::optional<double> end = stopping ? stopping : stopped;
  if (!started || !end || *end < *started) return std::nullopt;
  return *end - *started;
}

std::string Task::Words() const {
  std::string words = container_reason;
  if (!reason.empty()) words += fmt::format("{}{}", words.empty() ? "" : "; ", reason);
  if (words.empty()) words = stop_code.empty() ? "no reason given" : stop_code;
  if (exit_code) words += fmt::format(" (exit code {})", *exit_code);
  return OneLine(words);
}

Task ReadTask(const json::object& described, std::string_view container) {
  const json::object& replica = ReplicaOf(described, container);
  Task task;
  task.id = AfterSlash(aws::TextOf(described, "taskArn"));
  task.revision = AfterSlash(aws::TextOf(described, "taskDefinitionArn"));
  task.stop_code = aws::TextOf(described, "stopCode");
  task.reason = aws::TextOf(described, "stoppedReason");
  task.container_reason = aws::TextOf(replica, "reason");
  task.health = aws::TextOf(replica, "healthStatus");
  if (task.health.empty()) task.health = aws::TextOf(described, "healthStatus");
  task.address = AddressOf(described);
  if (const auto code = aws::NumberOf(replica, "exitCode")) {
    task.exit_code = static_cast<int>(std::clamp(*code, -1e6, 1e6));
  }
  task.pull_started = aws::NumberOf(described, "pullStartedAt");
  task.pull_stopped = aws::NumberOf(described, "pullStoppedAt");
  task.started = aws::NumberOf(described, "startedAt");
  task.stopping = aws::NumberOf(described, "stoppingAt");
  task.stopped = aws::NumberOf(described, "stoppedAt");
  return task;
}

End EndOf(const Task& task) {
  const std::string said = task.container_reason + " " + task.reason;
  if (IsMemory(said)) return End::kMemory;
  if (Has(said, "CannotPull")) return End::kPull;
  if (Has(said, "health check")) return End::kUnhealthy;
  if (task.stop_code == "SpotInterruption") return End::kSpot;
  if (task.stop_code == "TaskFailedToStart" || Has(said, "ResourceInitializationError") ||
      Has(said, "CannotStartContainerError") || Has(said, "CannotCreateContainerError")) {
    return End::kNotStarted;
  }
  if (IsTold(task) && task.exit_code == kSigkill) return End::kForced;
  const bool wanted_fewer = Has(task.reason, "Scaling activity");
  if (IsTold(task) && !wanted_fewer && task.health == "UNHEALTHY") return End::kUnhealthy;
  if (IsTold(task)) return End::kScaledIn;
  if (task.stop_code == "EssentialContainerExited" || task.exit_code) {
    return task.exit_code.value_or(0) == 0 ? End::kExit : End::kCrash;
  }
  return End::kOther;
}

std::vector<Task> StoppedTasks(const Facts& facts) {
  return facts.live ? TasksOf(facts, facts.live->stopped_tasks) : std::vector<Task>{};
}

std::vector<Task> RunningTasks(const Facts& facts) {
  return facts.live ? TasksOf(facts, facts.live->running_tasks) : std::vector<Task>{};
}

std::vector<Task> Only(const std::vector<Task>& tasks, End end) {
  std::vector<Task> found;
  std::copy_if(tasks.begin(), tasks.end(), std::back_inserter(found),
               [end](const Task& task) { return EndOf(task) == end; });
  return found;
}

std::vector<std::string> Lines(const std::vector<Task>& tasks, size_t most) {
  std::vector<std::string> lines;
  for (const Task& task : tasks) {
    if (lines.size() == most) {
      lines.push_back(fmt::format("and {} more", tasks.size() - most));
      break;
    }
    lines.push_back(fmt::format("task {}: {}", task.id, task.Words()));
  }
  return lines;
}

}  // namespace hearth::doctor
