#include "pool/replica_end.h"

#include <gtest/gtest.h>

#include "base/fake_root.h"

namespace hearth::pool {
namespace {

using Kind = ProcessEnd::Kind;

TEST(ReplicaEnd, SaysTheCodeOrTheSignal) {
  const ReplicaExit code = Explain(ReplicaId{7}, {}, {Kind::kCode, 3});
  EXPECT_EQ(code.id.value, 7u);
  EXPECT_EQ(code.reason, EndReason::kExited);
  EXPECT_EQ(code.words, "exit 3");
  const ReplicaExit signal = Explain(ReplicaId{7}, {}, {Kind::kSignal, 9});
  EXPECT_EQ(signal.reason, EndReason::kKilled);
  EXPECT_EQ(signal.words, "signal 9");
  EXPECT_EQ(Explain(ReplicaId{7}, {}, {}).reason, EndReason::kExited);
}

TEST(ReplicaEnd, AKillForMemoryExplainsAnEndThatItCanHaveCaused) {
  const FakeRoot root;
  root.Write("/g/memory.events", "oom_kill 1\n");
  root.Write("/g/memory.max", "536870912\n");
  const ReplicaGroup group{{root.path() + "/g"}};
  for (const ProcessEnd end : {ProcessEnd{Kind::kSignal, 9}, ProcessEnd{Kind::kCode, 137},
                               ProcessEnd{Kind::kUnknown, 0}}) {
    const ReplicaExit exit = Explain(ReplicaId{1}, group, end);
    EXPECT_EQ(exit.reason, EndReason::kOutOfMemory) << end.value;
    EXPECT_EQ(exit.words, "out of memory at 512 MiB");
  }
  // A worker was killed some time ago; this end has another cause.
  EXPECT_EQ(Explain(ReplicaId{1}, group, {Kind::kCode, 0}).words, "exit 0");
  EXPECT_EQ(Explain(ReplicaId{1}, group, {Kind::kSignal, 15}).words, "signal 15");
}

TEST(ReplicaEnd, WithoutAKillForMemoryAGroupChangesNothing) {
  const FakeRoot root;
  root.Write("/g/memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill 0\n");
  root.Write("/g/memory.limit_in_bytes", "1073741824\n");
  const ReplicaGroup group{{root.path() + "/g"}};
  EXPECT_EQ(Explain(ReplicaId{1}, group, {Kind::kSignal, 9}).words, "signal 9");
  root.Write("/g/memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill 2\n");
  EXPECT_EQ(Explain(ReplicaId{1}, group, {Kind::kSignal, 9}).words, "out of memory at 1 GiB");
}

}  // namespace
}  // namespace hearth::pool
