#include "base/memory_limit.h"

#include "base/cgroup.h"

namespace hearth {
namespace {

// v1 writes "no limit" as the largest multiple of a page that fits (2^63 - 4096, or 2^63 - 65536
// with large pages); no machine has a tenth of that.
constexpr int64_t kNoLimit = int64_t{1} << 60;

void Tighten(std::optional<int64_t> bytes, std::optional<int64_t>* tightest) {
  if (bytes && *bytes >= 0 && *bytes < kNoLimit && (!*tightest || *bytes < **tightest)) {
    *tightest = bytes;
  }
}

// The group's own folder is visited first, and what its parents say of themselves is not asked.
void TakeFirst(std::optional<int64_t> value, std::optional<int64_t>* first) {
  if (value && !*first) *first = value;
}

}  // namespace

MemoryBudget ReadMemoryBudget(const std::string& root) {
  MemoryBudget budget;
  const Cgroup cgroup(root);
  cgroup.VisitV2([&](const std::string& folder) {
    Tighten(ReadInt(folder + "/memory.max"), &budget.limit);
    Tighten(ReadInt(folder + "/memory.high"), &budget.limit);
    TakeFirst(ReadInt(folder + "/memory.current"), &budget.usage);
    TakeFirst(ReadKey(folder + "/memory.events", "oom_kill"), &budget.oom_kills);
  });
  cgroup.VisitV1("memory", [&](const std::string& folder) {
    Tighten(ReadInt(folder + "/memory.limit_in_bytes"), &budget.limit);
    // A parent's limit binds with or without use_hierarchy's files being visible: the group's own
    // memory.stat names it.
    Tighten(ReadKey(folder + "/memory.stat", "hierarchical_memory_limit"), &budget.limit);
    TakeFirst(ReadInt(folder + "/memory.usage_in_bytes"), &budget.usage);
    TakeFirst(ReadKey(folder + "/memory.oom_control", "oom_kill"), &budget.oom_kills);
  });
  return budget;
}

}  // namespace hearth
