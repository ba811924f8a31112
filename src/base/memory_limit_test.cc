#include "base/memory_limit.h"

#include <gtest/gtest.h>

#include "base/fake_root.h"

namespace hearth {
namespace {

constexpr int64_t kMiB = int64_t{1} << 20;

TEST(MemoryLimit, TakesTheTightestOfV2Parents) {
  const FakeRoot root;
  root.Write("/proc/self/cgroup", "0::/pod/container\n");
  root.Write("/sys/fs/cgroup/pod/memory.max", "268435456\n");
  root.Write("/sys/fs/cgroup/pod/memory.current", "9000000\n");
  root.Write("/sys/fs/cgroup/pod/container/memory.max", "max\n");
  root.Write("/sys/fs/cgroup/pod/container/memory.high", "max\n");
  root.Write("/sys/fs/cgroup/pod/container/memory.current", "5000000\n");
  root.Write("/sys/fs/cgroup/pod/container/memory.events", "low 0\noom 3\noom_kill 2\n");
  const MemoryBudget budget = ReadMemoryBudget(root.path());
  EXPECT_EQ(budget.limit, 256 * kMiB);
  EXPECT_EQ(budget.usage, 5'000'000);
  EXPECT_EQ(budget.oom_kills, 2);
}

TEST(MemoryLimit, HighOfV2IsALimit) {
  const FakeRoot root;
  root.Write("/proc/self/cgroup", "0::/\n");
  root.Write("/sys/fs/cgroup/memory.max", "268435456\n");
  root.Write("/sys/fs/cgroup/memory.high", "134217728\n");
  EXPECT_EQ(ReadMemoryBudget(root.path()).limit, 128 * kMiB);
}

TEST(MemoryLimit, ReadsV1WhereTheNamedFolderIsTheHosts) {
  const FakeRoot root;
  root.Write("/proc/self/cgroup", "7:memory:/docker/abc\n4:cpu,cpuacct:/docker/abc\n0::/\n");
  root.Write("/sys/fs/cgroup/memory/memory.limit_in_bytes", "67108864\n");
  root.Write("/sys/fs/cgroup/memory/memory.usage_in_bytes", "4096\n");
  root.Write("/sys/fs/cgroup/memory/memory.oom_control",
             "oom_kill_disable 0\nunder_oom 0\noom_kill 1\n");
  const MemoryBudget budget = ReadMemoryBudget(root.path());
  EXPECT_EQ(budget.limit, 64 * kMiB);
  EXPECT_EQ(budget.usage, 4096);
  EXPECT_EQ(budget.oom_kills, 1);
}

TEST(MemoryLimit, ReadsTheHierarchicalLimitOfV1) {
  const FakeRoot root;
  root.Write("/proc/self/cgroup", "7:memory:/a\n");
  root.Write("/sys/fs/cgroup/memory/a/memory.limit_in_bytes", "9223372036854771712\n");
  root.Write("/sys/fs/cgroup/memory/a/memory.stat",
             "cache 0\nhierarchical_memory_limit 134217728\n");
  EXPECT_EQ(ReadMemoryBudget(root.path()).limit, 128 * kMiB);
}

TEST(MemoryLimit, TheHugeValueOfV1IsNoLimit) {
  const FakeRoot root;
  root.Write("/proc/self/cgroup", "7:memory:/a\n");
  root.Write("/sys/fs/cgroup/memory/a/memory.limit_in_bytes", "9223372036854771712\n");
  EXPECT_EQ(ReadMemoryBudget(root.path()).limit, std::nullopt);
}

TEST(MemoryLimit, NoCgroupMeansNoLimit) {
  const FakeRoot root;
  const MemoryBudget budget = ReadMemoryBudget(root.path());
  EXPECT_EQ(budget.limit, std::nullopt);
  EXPECT_EQ(budget.usage, std::nullopt);
  EXPECT_EQ(budget.oom_kills, std::nullopt);
}

}  // namespace
}  // namespace hearth
