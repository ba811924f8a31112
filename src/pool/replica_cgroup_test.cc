#include "pool/replica_cgroup.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/xattr.h>

#include <filesystem>

#include "base/fake_root.h"
#include "base/text_file.h"
#include "pool/process_test_support.h"

namespace hearth::pool {
namespace {

using ::testing::HasSubstr;

class ReplicaCgroupTest : public ::testing::Test {
 protected:
  std::string Read(const std::string& file) {
    return ReadText(root_.path() + "/sys/fs/cgroup" + file).value_or("(none)");
  }
  size_t Warnings() {
    size_t count = 0;
    const std::string text = log_.text();
    for (size_t at = text.find("without memory"); at != std::string::npos;
         at = text.find("without memory", at + 1)) {
      ++count;
    }
    return count;
  }

  FakeRoot root_;
  TempFolder folder_;
  TestLog log_{folder_.path() + "/log"};
};

TEST_F(ReplicaCgroupTest, V1HasAGroupPerControllerBelowOurOwn) {
  root_.Write("/proc/self/cgroup", "4:memory:/unit\n2:cpu,cpuacct:/\n");
  root_.Write("/sys/fs/cgroup/memory/unit/cgroup.procs", "");
  root_.Write("/sys/fs/cgroup/cpu/cgroup.procs", "");
  ReplicaCgroups groups("p1", log_.log(), root_.path());
  const auto group = groups.Make(ReplicaId{7}, {.memory_bytes = 1 << 20, .cpu = 1.5});
  EXPECT_EQ(group.folders.size(), 2u);
  EXPECT_EQ(Read("/memory/unit/hearth/p1/r7/memory.limit_in_bytes"), "1048576");
  EXPECT_EQ(Read("/cpu/hearth/p1/r7/cpu.cfs_quota_us"), "150000");
  EXPECT_EQ(Read("/cpu/hearth/p1/r7/cpu.cfs_period_us"), "100000");
  EXPECT_EQ(groups.Existing(ReplicaId{7}).folders, group.folders);
  EXPECT_TRUE(groups.Existing(ReplicaId{8}).folders.empty());
  EXPECT_EQ(Warnings(), 0u);
}

TEST_F(ReplicaCgroupTest, OnlyWhatIsLimitedGetsAGroup) {
  root_.Write("/proc/self/cgroup", "4:memory:/\n2:cpu:/\n");
  root_.Write("/sys/fs/cgroup/memory/cgroup.procs", "");
  root_.Write("/sys/fs/cgroup/cpu/cgroup.procs", "");
  ReplicaCgroups groups("p1", log_.log(), root_.path());
  EXPECT_TRUE(groups.Make(ReplicaId{1}, {}).folders.empty());
  EXPECT_EQ(groups.Make(ReplicaId{2}, {.memory_bytes = 4096, .cpu = 0}).folders.size(), 1u);
  EXPECT_EQ(groups.Make(ReplicaId{3}, {.memory_bytes = 0, .cpu = 0.001}).folders.size(), 1u);
  EXPECT_EQ(Read("/cpu/hearth/p1/r3/cpu.cfs_quota_us"), "1000") << "the kernel's least";
}

TEST_F(ReplicaCgroupTest, V2StandsBesideUsInADelegatedParent) {
  root_.Write("/proc/self/cgroup", "0::/unit/controller\n");
  root_.Write("/sys/fs/cgroup/cgroup.controllers", "cpu memory");
  root_.Write("/sys/fs/cgroup/unit/controller/cgroup.procs", "1");
  const std::string unit = root_.path() + "/sys/fs/cgroup/unit";
  if (::setxattr(unit.c_str(), "user.delegate", "1", 1, 0) != 0 &&
      ::setxattr(unit.c_str(), "trusted.delegate", "1", 1, 0) != 0) {
    GTEST_SKIP() << "the temporary folder knows no extended attributes";
  }
  ReplicaCgroups groups("p1", log_.log(), root_.path());
  const auto group = groups.Make(ReplicaId{7}, {.memory_bytes = 1 << 20, .cpu = 2});
  ASSERT_EQ(group.folders.size(), 1u);
  EXPECT_EQ(group.folders[0], unit + "/hearth/p1/r7");
  EXPECT_EQ(Read("/unit/hearth/p1/r7/memory.max"), "1048576");
  EXPECT_EQ(Read("/unit/hearth/p1/r7/cpu.max"), "200000 100000");
  for (const char* folder : {"/unit", "/unit/hearth", "/unit/hearth/p1"}) {
    EXPECT_EQ(Read(std::string(folder) + "/cgroup.subtree_control"), "+memory +cpu");
  }
  EXPECT_EQ(groups.Existing(ReplicaId{7}).folders, group.folders);
}

TEST_F(ReplicaCgroupTest, WhereNoneCanBeMadeThatIsSaidOnce) {
  root_.Write("/proc/self/cgroup", "0::/\n");
  ReplicaCgroups groups("p1", log_.log(), root_.path());
  for (uint64_t id = 1; id <= 3; ++id) {
    EXPECT_TRUE(groups.Make(ReplicaId{id}, {.memory_bytes = 1 << 20, .cpu = 1}).folders.empty());
  }
  EXPECT_EQ(Warnings(), 1u);
}

TEST_F(ReplicaCgroupTest, CountsKillsForMemoryInBothVersions) {
  root_.Write("/v2/memory.events", "low 0\nhigh 0\nmax 12\noom 1\noom_kill 2\n");
  root_.Write("/v1/memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill 3\n");
  root_.Write("/none/x", "");
  EXPECT_EQ(OomKills({{root_.path() + "/v2"}}), 2);
  EXPECT_EQ(OomKills({{root_.path() + "/none", root_.path() + "/v1"}}), 3);
  EXPECT_EQ(OomKills({{root_.path() + "/none"}}), 0);
  EXPECT_EQ(OomKills({}), 0);
}

TEST_F(ReplicaCgroupTest, EmptyGroupsGoAndOthersStay) {
  root_.Write("/proc/self/cgroup", "4:memory:/\n");
  root_.Write("/sys/fs/cgroup/memory/cgroup.procs", "");
  const std::string pool = root_.path() + "/sys/fs/cgroup/memory/hearth/p1";
  std::filesystem::create_directories(pool + "/r1");
  root_.Write("/sys/fs/cgroup/memory/hearth/p1/r2/busy", "");
  const ReplicaCgroups groups("p1", log_.log(), root_.path());
  groups.RemoveEmpty();
  EXPECT_FALSE(std::filesystem::exists(pool + "/r1"));
  EXPECT_TRUE(std::filesystem::exists(pool + "/r2"));
  EXPECT_FALSE(Remove({{pool + "/r2"}}));
  EXPECT_TRUE(Remove({{pool + "/r1"}})) << "one that is gone is removed";
}

}  // namespace
}  // namespace hearth::pool
