// The text and JSON forms of `hearth ecs status`.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/json/array.hpp>
#include <iterator>
#include <utility>

#include "ecs/service_status.h"

namespace hearth::ecs {
namespace {

using boost::json::array;
using boost::json::object;
using boost::json::value;
using Out = std::back_insert_iterator<std::string>;

constexpr std::array<std::string_view, 6> kColumns = {"TASK",    "STATE", "HEALTH",
                                                      "VERSION", "AGE",   "ZONE"};
using Row = std::array<std::string, kColumns.size()>;

// "45s", "3m 20s", "2h 05m", "3d 04h"
std::string AgeText(double seconds) {
  const auto whole = static_cast<int64_t>(std::max(seconds, 0.0));
  if (whole < 60) return fmt::format("{}s", whole);
  if (whole < 3'600) return fmt::format("{}m {:02}s", whole / 60, whole % 60);
  if (whole < 86'400) return fmt::format("{}h {:02}m", whole / 3'600, whole / 60 % 60);
  return fmt::format("{}d {:02}h", whole / 86'400, whole / 3'600 % 24);
}

std::string NumberText(std::string_view name, const NumberNow& number) {
  if (number.origin.empty()) return fmt::format("{} ?", name);
  return fmt::format("{} {} ({})", name,
                     number.value ? fmt::format("{}", *number.value) : std::string("none"),
                     number.origin);
}

std::string DeploymentText(const DeploymentState& state, double now_s) {
  std::string out = EndText(state);
  if (state.end == DeploymentEnd::kUnderWay) {
    fmt::format_to(Out(out), " ({}{}{}): {} of {} tasks running", state.status,
                   state.lifecycle_stage.empty() ? "" : ", ", state.lifecycle_stage, state.running,
                   state.wanted);
  }
  const auto at = state.finished_s ? state.finished_s : state.created_s;
  if (at) {
    fmt::format_to(Out(out), ", {} {} ago", state.finished_s ? "ended" : "begun",
                   AgeText(now_s - *at));
  }
  return out;
}

Row RowOf(const TaskView& task, double now_s) {
  return {task.id,
          task.last_status,
          task.health.empty() ? "-" : task.health,
          task.definition,
          task.created_s ? AgeText(now_s - *task.created_s) : "-",
          task.zone.empty() ? "-" : task.zone};
}

void AppendTasks(const ServiceStatus& status, double now_s, std::string* out) {
  if (status.tasks.empty()) return;
  std::vector<Row> rows = {Row()};
  for (size_t i = 0; i < kColumns.size(); ++i) rows[0][i] = kColumns[i];
  for (const TaskView& task : status.tasks) rows.push_back(RowOf(task, now_s));
  std::array<size_t, kColumns.size()> widths{};
  for (const Row& row : rows) {
    for (size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  *out += '\n';
  for (const Row& row : rows) {
    for (size_t i = 0; i + 1 < row.size(); ++i) {
      fmt::format_to(Out(*out), "{:<{}}  ", row[i], widths[i]);
    }
    *out += row.back() + '\n';
  }
}

value OrNull(const std::optional<double>& number) {
  return number ? value(*number) : value(nullptr);
}

object Json(const NumberNow& number) {
  return {{"value", number.value ? value(*number.value) : value(nullptr)},
          {"origin", number.origin}};
}

object Json(const TaskView& task, double now_s) {
  return {{"id", task.id},
          {"arn", task.arn},
          {"state", task.last_status},
          {"health", task.health},
          {"taskDefinition", task.definition},
          {"zone", task.zone},
          {"createdAt", OrNull(task.created_s)},
          {"startedAt", OrNull(task.started_s)},
          {"ageSeconds", task.created_s ? value(now_s - *task.created_s) : value(nullptr)}};
}

}  // namespace

std::string StatusText(const ServiceStatus& status, double now_s) {
  std::string out =
      fmt::format("{} in cluster {} ({}), {}: {} running, {} wanted, {} pending; {}\n",
                  status.service, status.cluster, status.region, status.state, status.running,
                  status.desired, status.pending, status.definition);
  fmt::format_to(Out(out), "{} · {} · {}\n", NumberText("floor", status.floor),
                 NumberText("spare", status.spare), NumberText("max", status.max));
  if (status.deployment) {
    fmt::format_to(Out(out), "{}\n", DeploymentText(*status.deployment, now_s));
  }
  if (!status.targets.empty()) {
    out += "targets:";
    std::string_view comma = " ";
    for (const auto& [state, count] : status.targets) {
      fmt::format_to(Out(out), "{}{} {}", std::exchange(comma, ", "), count, state);
    }
    out += '\n';
  }
  for (const std::string& note : status.notes) fmt::format_to(Out(out), "note: {}\n", note);
  AppendTasks(status, now_s, &out);
  for (size_t i = 0; i < status.events.size(); ++i) {
    fmt::format_to(Out(out), "{}{:>8} ago: {}\n", i == 0 ? "\n" : "",
                   AgeText(now_s - status.events[i].at_s), status.events[i].text);
  }
  return out;
}

object DeploymentJson(const DeploymentState& state) {
  return {{"arn", state.arn},
          {"status", state.status},
          {"stage", state.lifecycle_stage},
          {"reason", state.reason},
          {"rollbackReason", state.rollback_reason},
          {"tasks",
           {{"wanted", state.wanted},
            {"running", state.running},
            {"pending", state.pending},
            {"failed", state.failed_tasks}}},
          {"alarms", array(state.alarms.begin(), state.alarms.end())},
          {"createdAt", OrNull(state.created_s)},
          {"finishedAt", OrNull(state.finished_s)}};
}

object StatusJson(const ServiceStatus& status, double now_s) {
  object targets;
  for (const auto& [state, count] : status.targets) targets[state] = count;
  array events, tasks;
  for (const ServiceStatus::Event& event : status.events) {
    events.push_back(object{{"createdAt", event.at_s}, {"message", event.text}});
  }
  for (const TaskView& task : status.tasks) tasks.push_back(Json(task, now_s));
  return {{"cluster", status.cluster},
          {"service", status.service},
          {"region", status.region},
          {"state", status.state},
          {"taskDefinition", status.definition},
          {"desired", status.desired},
          {"running", status.running},
          {"pending", status.pending},
          {"floor", Json(status.floor)},
          {"spare", Json(status.spare)},
          {"max", Json(status.max)},
          {"deployment",
           status.deployment ? value(DeploymentJson(*status.deployment)) : value(nullptr)},
          {"targets", std::move(targets)},
          {"tasks", std::move(tasks)},
          {"events", std::move(events)},
          {"notes", array(status.notes.begin(), status.notes.end())}};
}

}  // namespace hearth::ecs
