#include "doctor/gather_log.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "aws/document.h"
#include "doctor/setup.h"
#include "doctor/task.h"

namespace hearth::doctor {
namespace {

namespace json = boost::json;

constexpr size_t kStopped = 10;
constexpr size_t kRunning = 4;
// The beginning tells how long the load took, the end why a task died.
constexpr int kHead = 1000;
constexpr int kTail = 100;

struct Place {
  std::string group, prefix, container;
};

Place PlaceOf(const ecs::EcsSpec& spec, const ecs::Observed& seen) {
  const json::object none;
  const json::object& definition = seen.service_task_definition ? *seen.service_task_definition
                                   : seen.task_definition       ? *seen.task_definition
                                                                : none;
  const json::object& container =
      ReplicaOf(definition, seen.service ? *seen.service : none, spec.container);
  const json::object& options =
      aws::ObjectOf(aws::ObjectOf(container, "logConfiguration"), "options");
  return {std::string(aws::TextOf(options, "awslogs-group")),
          std::string(aws::TextOf(options, "awslogs-stream-prefix")),
          std::string(aws::TextOf(container, "name"))};
}

// The newest first.
std::vector<std::string> Newest(const json::array& described, size_t most) {
  std::vector<std::pair<double, std::string>> tasks;
  for (const json::value& item : described) {
    const Task task = ReadTask(aws::AsObject(item), "");
    tasks.emplace_back(-task.stopped.value_or(task.started.value_or(0)), task.id);
  }
  std::sort(tasks.begin(), tasks.end());
  std::vector<std::string> ids;
  for (const auto& [at, id] : tasks) {
    if (ids.size() < most) ids.push_back(id);
  }
  return ids;
}

void Add(const json::object& answer, const std::string& stream, LiveFacts* live) {
  for (const json::value& item : aws::ListOf(answer, "events")) {
    const json::object& event = aws::AsObject(item);
    LiveFacts::LogLine line{stream, std::string(aws::TextOf(event, "message")),
                            aws::NumberOf(event, "timestamp").value_or(0) / 1000};
    live->log_lines.push_back(std::move(line));
  }
}

}  // namespace

void GatherLog(LiveAsk& ask, const ecs::EcsSpec& spec, LiveFacts* live) {
  const Place place = PlaceOf(spec, live->observed);
  if (place.group.empty() || place.prefix.empty()) {
    live->not_seen.push_back("log: the task definition names no awslogs group and stream prefix");
    return;
  }
  std::vector<std::string> ids = Newest(live->stopped_tasks, kStopped);
  for (std::string& id : Newest(live->running_tasks, kRunning)) ids.push_back(std::move(id));
  for (const std::string& id : ids) {
    if (ask.Failed("log")) break;
    const std::string stream = place.prefix + "/" + place.container + "/" + id;
    const auto read = [&](bool from_head, int limit) {
      return ask("log", "logs", "GetLogEvents",
                 {{"logGroupName", place.group},
                  {"logStreamName", stream},
                  {"startFromHead", from_head},
                  {"limit", limit}});
    };
    const json::object head = read(true, kHead);
    Add(head, stream, live);
    if (aws::ListOf(head, "events").size() < size_t{kHead}) continue;
    Add(read(false, kTail), stream, live);
  }
  std::sort(live->log_lines.begin(), live->log_lines.end(),
            [](const auto& a, const auto& b) { return a.time_s < b.time_s; });
}

}  // namespace hearth::doctor
