// A controller that is gone, and the next one.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <charconv>
#include <csignal>
#include <functional>

#include "pool/process_facts.h"
#include "pool/process_test_support.h"

namespace hearth::pool {
namespace {

using ::testing::HasSubstr;

bool IsGone(pid_t pid) {
  const auto stat = ReadProcessStat(pid);
  return !stat || stat->state == 'Z';
}

class Adoption : public ::testing::Test {
 protected:
  ~Adoption() override {
    if (pool_ == nullptr) Open();
    pool_->KillAll();
  }
  void Open() { pool_ = std::make_unique<TestPool>(folder_.path()); }
  // A controller of its own process runs `work` and is killed with -9 after it: what it has started
  // are no children of ours.
  void InAnEarlierController(const std::function<void(TestPool&)>& work) {
    const pid_t pid = ::fork();
    if (pid == 0) {
      TestPool pool(folder_.path());
      work(pool);
      ::kill(::getpid(), SIGKILL);
    }
    int status = 0;
    ASSERT_EQ(::waitpid(pid, &status, 0), pid);
    ASSERT_TRUE(WIFSIGNALED(status));
  }
  std::vector<ReplicaHandle> Find() {
    auto found = pool_->backend().Find();
    EXPECT_TRUE(found);
    return found ? *found : std::vector<ReplicaHandle>();
  }
  // Rewrites what is stored of r1.
  void Change(const std::function<void(ReplicaHandle*)>& change) {
    auto state = StateDir::Open(folder_.path() + "/state");
    ASSERT_TRUE(state);
    auto replicas = state->LoadReplicas();
    ASSERT_TRUE(replicas);
    ASSERT_EQ(replicas->size(), 1u);
    change(&replicas->front());
    ASSERT_TRUE(state->SaveReplica(replicas->front()));
  }
  pid_t StoredPid(uint64_t id) {
    const std::string text =
        ReadText(fmt::format("{}/state/replicas/r{}.json", folder_.path(), id)).value_or("");
    const size_t at = text.find("\"pid\":");
    pid_t pid = 0;
    if (at != std::string::npos)
      std::from_chars(text.data() + at + 6, text.data() + text.size(), pid);
    return pid;
  }

  TempFolder folder_;
  std::unique_ptr<TestPool> pool_;
};

TEST_F(Adoption, TheNextBackendOfTheSameProcessFindsAndReapsThem) {
  Open();
  const auto started = pool_->Start(1, "exec sleep 1000");
  ASSERT_TRUE(started);
  pool_ = nullptr;
  Open();
  const auto found = Find();
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].pid, started->pid);
  EXPECT_EQ(found[0].nonce, started->nonce);
  EXPECT_EQ(found[0].version, started->version);
  EXPECT_EQ(found[0].url.ToString(), started->url.ToString());
  EXPECT_EQ(found[0].log_path, started->log_path);
  EXPECT_EQ(Find().size(), 1u) << "once more, nothing new";
  EXPECT_TRUE(pool_->backend().Terminate(found[0]));
  EXPECT_EQ(pool_->End(found[0].id).words, "signal 15");
}

TEST_F(Adoption, AKilledControllersReplicasRunOnAndAreWatched) {
  InAnEarlierController([](TestPool& pool) {
    (void)pool.Start(1, "exec sleep 1000");
    (void)pool.Start(2, "trap '' TERM; sleep 1000 & echo $!; wait");
  });
  Open();
  const auto found = Find();
  ASSERT_EQ(found.size(), 2u);
  EXPECT_TRUE(pool_->backend().MemoryBytes(found[0]));
  EXPECT_TRUE(pool_->backend().Terminate(found[0]));
  const ReplicaExit end = pool_->End(found[0].id);
  EXPECT_EQ(end.reason, EndReason::kExited);
  EXPECT_EQ(end.words, "ended (its exit status went to another process)");
  ASSERT_TRUE(Eventually([&] { return !pool_->LogOf(found[1].id).empty(); }));
  const std::string printed = pool_->LogOf(found[1].id);
  pid_t child = 0;
  std::from_chars(printed.data(), printed.data() + printed.size(), child);
  ASSERT_GT(child, 1);
  EXPECT_FALSE(IsGone(child));
  EXPECT_TRUE(pool_->backend().Kill(found[1]));
  pool_->End(found[1].id);
  EXPECT_TRUE(Eventually([&] { return IsGone(child); }));
}

TEST_F(Adoption, AnAdoptedLeadersGroupEndsWithIt) {
  InAnEarlierController([](TestPool& pool) { (void)pool.Start(1, "sleep 1000 & echo $!; wait"); });
  Open();
  const auto found = Find();
  ASSERT_EQ(found.size(), 1u);
  ASSERT_TRUE(Eventually([&] { return !pool_->LogOf(found[0].id).empty(); }));
  const std::string printed = pool_->LogOf(found[0].id);
  pid_t child = 0;
  std::from_chars(printed.data(), printed.data() + printed.size(), child);
  ASSERT_GT(child, 1);
  ::kill(static_cast<pid_t>(found[0].pid), SIGKILL);  // the leader alone
  pool_->End(found[0].id);
  EXPECT_TRUE(Eventually([&] { return IsGone(child); }));
}

TEST_F(Adoption, ALeaderThatDiedMeanwhileIsForgottenAndWhatItLeftIsKilled) {
  InAnEarlierController([](TestPool& pool) { (void)pool.Start(1, "sleep 1000 & echo $!; wait"); });
  const pid_t leader = StoredPid(1);
  ASSERT_GT(leader, 1);
  const std::string log = folder_.path() + "/state/logs/r1.log";
  ASSERT_TRUE(Eventually([&] { return !ReadText(log).value_or("").empty(); }));
  const std::string printed = ReadText(log).value_or("");
  pid_t child = 0;
  std::from_chars(printed.data(), printed.data() + printed.size(), child);
  ASSERT_GT(child, 1);
  ::kill(leader, SIGKILL);
  ASSERT_TRUE(Eventually([&] { return IsGone(leader); }));
  Open();
  EXPECT_TRUE(Find().empty());
  EXPECT_TRUE(Eventually([&] { return IsGone(child); }));
  EXPECT_THAT(pool_->log(), HasSubstr("ended while no controller ran"));
  EXPECT_EQ(StoredPid(1), 0) << "its file is gone";
  EXPECT_TRUE(pool_->Ends(ReplicaId{1}).empty());
}

TEST_F(Adoption, AnotherProcessWithTheSameNumberIsNotTouched) {
  // A process of somebody else's: not this pool's mark, not its start time.
  const pid_t other = ::fork();
  if (other == 0) {
    ::setsid();
    ::execlp("sleep", "sleep", "1000", nullptr);
    ::_exit(127);
  }
  Open();
  ReplicaHandle stored{.id = ReplicaId{1},
                       .nonce = "00",
                       .version = "",
                       .url = {},
                       .pid = other,
                       .container = "",
                       .log_path = ""};
  stored.pid_start_ticks = 1;
  ASSERT_TRUE(pool_->state().SaveReplica(stored));
  EXPECT_TRUE(Find().empty());
  EXPECT_TRUE(pool_->backend().Kill(stored));
  EXPECT_EQ(StoredPid(1), 0);
  EXPECT_FALSE(IsGone(other));
  ::kill(other, SIGKILL);
  ::waitpid(other, nullptr, 0);
}

TEST_F(Adoption, AWrongStartTimeIsAnotherProcess) {
  InAnEarlierController([](TestPool& pool) { (void)pool.Start(1, "exec sleep 1000"); });
  const pid_t pid = StoredPid(1);
  Change([](ReplicaHandle* replica) { ++replica->pid_start_ticks; });
  Open();
  EXPECT_TRUE(Find().empty());
  EXPECT_TRUE(Eventually([&] { return IsGone(pid); })) << "it has the pool's mark: an orphan";
}

TEST_F(Adoption, AWrongNonceIsAnotherReplica) {
  InAnEarlierController([](TestPool& pool) { (void)pool.Start(1, "exec sleep 1000"); });
  const pid_t pid = StoredPid(1);
  Change([](ReplicaHandle* replica) { replica->nonce = std::string(32, 'f'); });
  Open();
  EXPECT_TRUE(Find().empty());
  EXPECT_TRUE(Eventually([&] { return IsGone(pid); }));
}

TEST_F(Adoption, AProgramWithoutItsEnvironmentIsKnownByItsLog) {
  InAnEarlierController([](TestPool& pool) { (void)pool.Start(1, "exec env -i sleep 1000"); });
  const pid_t pid = StoredPid(1);
  ASSERT_TRUE(Eventually([&] { return !ReadVariableOf(pid, "HEARTH_REPLICA_NONCE"); }));
  Open();
  const auto found = Find();
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].pid, pid);
}

TEST_F(Adoption, AReplicaThatWasNeverWrittenDownIsKilled) {
  InAnEarlierController([](TestPool& pool) { (void)pool.Start(1, "exec sleep 1000"); });
  const pid_t pid = StoredPid(1);
  std::filesystem::remove(folder_.path() + "/state/replicas/r1.json");
  Open();
  EXPECT_TRUE(Find().empty());
  EXPECT_TRUE(Eventually([&] { return IsGone(pid); }));
  EXPECT_THAT(pool_->log(), HasSubstr("killed"));
}

TEST_F(Adoption, AnotherPoolsReplicasAreLeftAlone) {
  TempFolder other_folder;
  TestPool other(other_folder.path());
  const auto replica = other.Start(1, "exec sleep 1000");
  ASSERT_TRUE(replica);
  Open();
  EXPECT_TRUE(Find().empty());
  EXPECT_FALSE(IsGone(static_cast<pid_t>(replica->pid)));
  other.KillAll();
}

}  // namespace
}  // namespace hearth::pool
