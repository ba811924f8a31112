#include "pool/process_backend.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <algorithm>
#include <charconv>
#include <csignal>
#include <cstdio>
#include <optional>
#include <set>

#include "pool/process_facts.h"
#include "pool/process_test_support.h"
#include "pool/replica_command.h"

namespace hearth::pool {
namespace {

using ::testing::HasSubstr;

class ProcessBackendTest : public ::testing::Test {
 protected:
  ~ProcessBackendTest() override { pool_.KillAll(); }

  // The number that a script has printed on its log's first line.
  pid_t PrintedPid(ReplicaId id) {
    pid_t pid = 0;
    EXPECT_TRUE(Eventually([&] { return pool_.LogOf(id).find('\n') != std::string::npos; }));
    const std::string text = pool_.LogOf(id);
    std::from_chars(text.data(), text.data() + text.size(), pid);
    return pid;
  }
  // Ended, or dead and not yet reaped by whoever has it now.
  static bool IsGone(pid_t pid) {
    const auto stat = ReadProcessStat(pid);
    return !stat || stat->state == 'Z';
  }

  TempFolder folder_;
  TestPool pool_{folder_.path()};
};

TEST_F(ProcessBackendTest, StartsAReplicaInASessionOfItsOwnAndKnowsWhereItListens) {
  const auto replica = pool_.Start(1, "echo {port} {name} $HEARTH_REPLICA_NAME; exec sleep 1000");
  ASSERT_TRUE(replica) << replica.error().message;
  const auto stat = ReadProcessStat(static_cast<pid_t>(replica->pid));
  ASSERT_TRUE(stat);
  EXPECT_EQ(stat->group, replica->pid);
  EXPECT_EQ(stat->session, replica->pid);
  EXPECT_EQ(stat->start_ticks, replica->pid_start_ticks);
  EXPECT_EQ(replica->url.host, "127.0.0.1");
  EXPECT_GT(replica->url.port, 0);
  EXPECT_EQ(replica->version.size(), 12u);
  const std::string wanted = fmt::format("{} r1 r1\n", replica->url.port);
  EXPECT_TRUE(Eventually([&] { return pool_.LogOf(replica->id) == wanted; }))
      << pool_.LogOf(replica->id);
  EXPECT_EQ(ReadVariableOf(static_cast<pid_t>(replica->pid), kNonceVariable), replica->nonce);
}

TEST_F(ProcessBackendTest, PassesOnNothingButThreeDescriptorsAndFreshSignals) {
  // Left open on purpose: a descriptor without CLOEXEC, a blocked and an ignored signal.
  const UniqueFd leak(::open("/dev/null", O_RDONLY));
  ASSERT_TRUE(leak.valid());
  sigset_t block;
  sigemptyset(&block);
  sigaddset(&block, SIGUSR1);
  sigset_t before;
  ::pthread_sigmask(SIG_BLOCK, &block, &before);
  std::signal(SIGUSR2, SIG_IGN);
  const auto replica = pool_.backend().Start(TestPool::Order(1, {"cat", "/proc/self/status"}));
  const auto lister = pool_.Start(2, "ls -l /proc/$$/fd; exec sleep 1000");
  std::signal(SIGUSR2, SIG_DFL);
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  ASSERT_TRUE(replica && lister);
  EXPECT_EQ(pool_.End(replica->id).words, "exit 0");
  const std::string status = pool_.LogOf(replica->id);
  EXPECT_THAT(status, HasSubstr("SigBlk:\t0000000000000000"));
  EXPECT_THAT(status, HasSubstr("SigIgn:\t0000000000000000"));
  EXPECT_TRUE(
      Eventually([&] { return pool_.LogOf(lister->id).find(" 2 -> ") != std::string::npos; }));
  const std::string listed = pool_.LogOf(lister->id);
  EXPECT_THAT(listed, HasSubstr(" 0 -> /dev/null"));
  EXPECT_THAT(listed, HasSubstr(" 1 -> " + lister->log_path));
  EXPECT_THAT(listed, HasSubstr(" 2 -> " + lister->log_path));
  EXPECT_EQ(std::ranges::count(listed, '>'), 3) << listed;
}

TEST_F(ProcessBackendTest, AFailedStartNamesTheProgramAndLeavesNothing) {
  const auto missing = pool_.backend().Start(TestPool::Order(1, {"no-such-program-here", "x"}));
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, Code::kNotFound);
  EXPECT_THAT(missing.error().message, HasSubstr("cannot start replica r1: cannot run "
                                                 "\"no-such-program-here\": no such program"));
  const auto folder = pool_.backend().Start(TestPool::Order(2, {"/"}));
  ASSERT_FALSE(folder);
  EXPECT_EQ(folder.error().code, Code::kIo);
  EXPECT_THAT(folder.error().message, HasSubstr("cannot run \"/\""));
  EXPECT_FALSE(pool_.backend().Start(TestPool::Order(3, {})));
  const auto found = pool_.backend().Find();
  ASSERT_TRUE(found);
  EXPECT_TRUE(found->empty());
  EXPECT_TRUE(pool_.Ends(ReplicaId{1}).empty());
}

TEST_F(ProcessBackendTest, TellsExitCodesAndSignals) {
  struct Case {
    const char* script;
    EndReason reason;
    const char* words;
  };
  const Case cases[] = {{"exit 0", EndReason::kExited, "exit 0"},
                        {"exit 3", EndReason::kExited, "exit 3"},
                        {"kill -9 $$", EndReason::kKilled, "signal 9"},
                        {"kill -TERM $$; sleep 1000", EndReason::kKilled, "signal 15"}};
  uint64_t id = 0;
  for (const Case& one : cases) {
    const auto replica = pool_.Start(++id, one.script);
    ASSERT_TRUE(replica) << replica.error().message;
    const ReplicaExit end = pool_.End(replica->id);
    EXPECT_EQ(end.reason, one.reason) << one.script;
    EXPECT_EQ(end.words, one.words) << one.script;
  }
  const auto stored = pool_.state().LoadReplicas();
  ASSERT_TRUE(stored);
  EXPECT_TRUE(stored->empty());
}

TEST_F(ProcessBackendTest, TerminateLetsTheReplicaFinish) {
  const auto replica =
      pool_.Start(1, "trap 'echo bye; exit 7' TERM; echo up; while :; do sleep 0.01; done");
  ASSERT_TRUE(replica);
  ASSERT_TRUE(Eventually([&] { return pool_.LogOf(replica->id) == "up\n"; }));
  EXPECT_TRUE(pool_.backend().Terminate(*replica));
  EXPECT_EQ(pool_.End(replica->id).words, "exit 7");
  EXPECT_EQ(pool_.LogOf(replica->id), "up\nbye\n");
  EXPECT_TRUE(pool_.backend().Terminate(*replica)) << "one that has ended is no failure";
  EXPECT_TRUE(pool_.backend().Kill(*replica));
  EXPECT_FALSE(pool_.backend().MemoryBytes(*replica));
}

TEST_F(ProcessBackendTest, KillReachesGrandchildrenAndAStoppedProcess) {
  const auto replica = pool_.Start(
      1, "trap '' TERM; sh -c 'trap \"\" TERM; echo $$; sleep 1000; :' & wait; sleep 1000");
  ASSERT_TRUE(replica);
  const pid_t grandchild = PrintedPid(replica->id);
  ASSERT_GT(grandchild, 1);
  ::kill(static_cast<pid_t>(replica->pid), SIGSTOP);
  EXPECT_TRUE(pool_.backend().Terminate(*replica));
  EXPECT_FALSE(IsGone(grandchild));
  EXPECT_TRUE(pool_.backend().Kill(*replica));
  EXPECT_EQ(pool_.End(replica->id).words, "signal 9");
  EXPECT_TRUE(Eventually([&] { return IsGone(grandchild); }));
}

TEST_F(ProcessBackendTest, WhatALeaderLeavesInItsGroupEndsWithIt) {
  const auto replica = pool_.Start(1, "sleep 1000 & echo $!; exit 4");
  ASSERT_TRUE(replica);
  EXPECT_EQ(pool_.End(replica->id).words, "exit 4");
  const pid_t child = PrintedPid(replica->id);
  ASSERT_GT(child, 1);
  EXPECT_TRUE(Eventually([&] { return IsGone(child); }));
}

TEST_F(ProcessBackendTest, GivesASocketToThoseWhoAskForOne) {
  const auto replica = pool_.Start(1, "echo {socket}; exec sleep 1000");
  ASSERT_TRUE(replica);
  EXPECT_EQ(replica->url.unix_path, pool_.state().SocketPath(replica->id));
  EXPECT_TRUE(
      Eventually([&] { return pool_.LogOf(replica->id) == replica->url.unix_path + "\n"; }));
}

TEST_F(ProcessBackendTest, SaysHowMuchMemoryIsResident) {
  const auto replica = pool_.Start(1, "exec sleep 1000");
  ASSERT_TRUE(replica);
  // At first it is nothing but the dynamic linker.
  EXPECT_TRUE(Eventually([&] {
    const auto bytes = pool_.backend().MemoryBytes(*replica);
    return bytes && *bytes > 100'000 && *bytes < 100'000'000;
  }));
}

TEST_F(ProcessBackendTest, TwoHundredReplicasStartAndEnd) {
  std::vector<ReplicaHandle> replicas;
  std::set<uint16_t> ports;
  for (uint64_t id = 1; id <= 200; ++id) {
    const auto replica = pool_.backend().Start(TestPool::Order(id, {"sleep", "1000"}));
    ASSERT_TRUE(replica) << replica.error().message;
    EXPECT_TRUE(ports.insert(replica->url.port).second) << "given twice";
    replicas.push_back(*replica);
  }
  const auto found = pool_.backend().Find();
  ASSERT_TRUE(found);
  EXPECT_EQ(found->size(), 200u);
  for (const ReplicaHandle& replica : replicas) EXPECT_TRUE(pool_.backend().Kill(replica));
  for (const ReplicaHandle& replica : replicas) {
    EXPECT_EQ(pool_.End(replica.id).reason, EndReason::kKilled);
  }
}

TEST_F(ProcessBackendTest, AReplicaThatOutgrowsItsMemoryLimitDiesOfThat) {
  StartOrder order = TestPool::Order(1, {"tail", "/dev/zero"});  // keeps all it reads
  order.spec.memory_bytes = 32 << 20;
  const auto replica = pool_.backend().Start(order);
  ASSERT_TRUE(replica) << replica.error().message;
  if (pool_.log().find("without memory and CPU limits") != std::string::npos) {
    ASSERT_TRUE(pool_.backend().Kill(*replica));
    EXPECT_EQ(pool_.End(replica->id).reason, EndReason::kKilled);
    GTEST_SKIP() << "this machine allows no control groups: " << pool_.log();
  }
  const ReplicaExit end = pool_.End(replica->id);
  EXPECT_EQ(end.reason, EndReason::kOutOfMemory) << end.words;
  EXPECT_EQ(end.words, "out of memory at 32 MiB");
}

}  // namespace
}  // namespace hearth::pool
