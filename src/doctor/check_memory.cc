// The memory that a replica needs against what it gets: [replica] memory, this machine's container,
// the ECS task. Need: what a hearth replica announces; 2 × the weights for any other server.
#include <fmt/format.h>

#include "doctor/checks.h"
#include "doctor/finding.h"
#include "doctor/memory_need.h"
#include "doctor/setup.h"

namespace hearth::doctor {
namespace {

struct Room {
  std::string where;
  int64_t bytes = 0;
  std::string fix;
};

std::string FixFor(const Setup& setup, int64_t need) {
  const int units = WholeOf(setup.task_definition, "cpu").value_or(1024);
  const auto size = SmallestTask(units, need);
  return size ? FixMemory(*size, units) : "no Fargate task has that much memory: a smaller model";
}

std::vector<Room> RoomsOf(const Facts& facts, int64_t need) {
  std::vector<Room> rooms;
  const int64_t replica = facts.file ? facts.file->config.replica.memory_bytes : 0;
  if (replica > 0) {
    constexpr int64_t kMib = 1 << 20;
    const int64_t wanted = (need + kMib - 1) / kMib * kMib;
    rooms.push_back({"[replica] memory", replica,
                     fmt::format("set `[replica] memory = {}` in hearth.toml", TomlSize(wanted))});
  }
  const MachineFacts& machine = facts.local->machine;
  if (machine.memory_limit_bytes) {
    rooms.push_back({"this container's limit", *machine.memory_limit_bytes,
                     fmt::format("give this container {} or more for each replica", InMib(need))});
  }
  for (const Setup& setup : SetupsOf(facts)) {
    const int64_t bytes = setup.MemoryBytes();
    if (bytes > 0)
      rooms.push_back({fmt::format("{}: the task", setup.where), bytes, FixFor(setup, need)});
  }
  return rooms;
}

}  // namespace

std::vector<Finding> CheckMemory(const Facts& facts) {
  if (!facts.local) return {Skip(facts.local_problem)};
  const auto need = NeedOf(facts);
  if (!need) return {Skip(WhyNoNeed(facts))};
  const std::string rule = fmt::format("a replica needs {}: {}", InMib(need->bytes), need->rule);
  std::vector<Finding> findings;
  for (const Room& room : RoomsOf(facts, need->bytes)) {
    if (room.bytes >= need->bytes) {
      findings.push_back(Ok(fmt::format("{} has {}", room.where, InMib(room.bytes)), {rule}));
    } else {
      findings.push_back(Ng(fmt::format("{} has {}, a replica needs {}", room.where,
                                        InMib(room.bytes), InMib(need->bytes)),
                            {rule}, room.fix));
    }
  }
  if (findings.empty()) findings.push_back(Ok("no memory limit is set", {rule}));
  return findings;
}

}  // namespace hearth::doctor
