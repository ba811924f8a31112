#include "base/cpu_quota.h"

#include <gtest/gtest.h>

#include "base/fake_root.h"

namespace hearth {
namespace {

TEST(CpuQuota, ReadsCpuMax) {
  EXPECT_EQ(ParseCpuMax("50000 100000\n"), 0.5);
  EXPECT_EQ(ParseCpuMax("max 100000\n"), std::nullopt);
  EXPECT_EQ(ParseCpuMax(""), std::nullopt);
  EXPECT_EQ(ParseCpuMax("1 0"), std::nullopt);
}

TEST(CpuQuota, CountsAPartOfACpuWhole) {
  EXPECT_EQ(ThreadsFor({8, std::nullopt}), 8);
  EXPECT_EQ(ThreadsFor({8, 0.5}), 1);
  EXPECT_EQ(ThreadsFor({8, 1.5}), 2);
  EXPECT_EQ(ThreadsFor({8, 2.0}), 2);
  EXPECT_EQ(ThreadsFor({1, 4.0}), 1);
}

TEST(CpuQuota, TakesTheTightestOfV2Parents) {
  const FakeRoot root;
  root.Write("/proc/self/cgroup", "0::/pod/container\n");
  root.Write("/sys/fs/cgroup/pod/cpu.max", "150000 100000\n");
  root.Write("/sys/fs/cgroup/pod/container/cpu.max", "max 100000\n");
  root.Write("/sys/fs/cgroup/pod/container/cpu.stat", "usage_usec 9\nthrottled_usec 2500000\n");
  EXPECT_EQ(ReadCpuBudget(root.path()).quota, 1.5);
  EXPECT_EQ(ReadCpuThrottledSeconds(root.path()), 2.5);
}

TEST(CpuQuota, ReadsV1WhereTheNamedFolderIsTheHosts) {
  const FakeRoot root;
  root.Write("/proc/self/cgroup", "5:cpu,cpuacct:/docker/abc\n0::/\n");
  root.Write("/sys/fs/cgroup/cpu/cpu.cfs_quota_us", "200000\n");
  root.Write("/sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000\n");
  root.Write("/sys/fs/cgroup/cpu/cpu.stat", "nr_throttled 1\nthrottled_time 500000000\n");
  EXPECT_EQ(ReadCpuBudget(root.path()).quota, 2.0);
  EXPECT_EQ(ReadCpuThrottledSeconds(root.path()), 0.5);
}

TEST(CpuQuota, NoCgroupMeansNoQuota) {
  const FakeRoot root;
  const CpuBudget budget = ReadCpuBudget(root.path());
  EXPECT_EQ(budget.quota, std::nullopt);
  EXPECT_GE(budget.affinity, 1);
  EXPECT_EQ(ReadCpuThrottledSeconds(root.path()), std::nullopt);
}

}  // namespace
}  // namespace hearth
