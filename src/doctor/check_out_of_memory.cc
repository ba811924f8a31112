// Tasks that the kernel killed for memory: told by the reason, never by exit code 137 alone (that
// is also a SIGKILL after stopTimeout), and also with exit code 0 (a child of the server was
// killed).
#include <fmt/format.h>

#include "doctor/checks.h"
#include "doctor/finding.h"
#include "doctor/memory_need.h"
#include "doctor/setup.h"
#include "doctor/task.h"

namespace hearth::doctor {
namespace {

const Setup* LiveOf(const std::vector<Setup>& setups) {
  return setups.empty() || !setups.back().live ? nullptr : &setups.back();
}

std::string FixFor(const Setup* setup, const std::optional<MemoryNeed>& need, int64_t has) {
  const int units = setup == nullptr ? 1024 : WholeOf(setup->task_definition, "cpu").value_or(1024);
  // It was not enough, whatever the rule says: at least half as much again.
  const int64_t least = has + has / 2;
  const auto size = SmallestTask(units, std::max(need ? need->bytes : 0, least));
  return size ? FixMemory(*size, units) : "no Fargate task has more memory: take a smaller model";
}

}  // namespace

std::vector<Finding> CheckOutOfMemory(const Facts& facts) {
  if (!facts.live) return {Skip(WhyNotLive(facts))};
  const std::string not_seen = WhyNotSeen(facts, "stopped tasks");
  if (!not_seen.empty()) return {Skip(not_seen)};
  const std::vector<Task> stopped = StoppedTasks(facts);
  const std::vector<Task> killed = Only(stopped, End::kMemory);
  if (killed.empty()) {
    return {Ok(
        fmt::format("none of {} was", Count(static_cast<int64_t>(stopped.size()), "stopped task")),
        {"AWS forgets a stopped task after about an hour"})};
  }
  const std::vector<Setup> setups = SetupsOf(facts);
  const Setup* setup = LiveOf(setups);
  const int64_t has = setup == nullptr ? 0 : setup->MemoryBytes();
  const auto need = NeedOf(facts);
  std::vector<std::string> evidence = Lines(killed);
  evidence.push_back(has > 0 ? fmt::format("the task has {}", InMib(has))
                             : "the task's memory is not known");
  evidence.push_back(need ? fmt::format("a replica needs {}: {}", InMib(need->bytes), need->rule)
                          : fmt::format("its need is not known: {}", WhyNoNeed(facts)));
  for (const Task& task : killed) {
    if (task.exit_code != 0) continue;
    evidence.push_back("exit code 0: the kernel killed a child of the server, not the server");
    break;
  }
  return {Ng(fmt::format("{} of {} killed for memory", killed.size(),
                         Count(static_cast<int64_t>(stopped.size()), "stopped task")),
             std::move(evidence), FixFor(setup, need, has))};
}

}  // namespace hearth::doctor
