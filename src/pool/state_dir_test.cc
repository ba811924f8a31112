#include "pool/state_dir.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <array>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <limits>
#include <span>

#include "base/sha256.h"
#include "pool/process_test_support.h"
#include "pool/state_json.h"

namespace hearth::pool {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

class StateDirTest : public ::testing::Test {
 protected:
  StateDir Open() {
    auto state = StateDir::Open(path_, &log_.log());
    EXPECT_TRUE(state) << state.error().message;
    return std::move(*state);
  }
  void Write(const std::string& file, const std::string& text) {
    std::ofstream(path_ + "/" + file) << text;
  }
  static mode_t ModeOf(const std::string& file) {
    struct stat status{};
    ::stat(file.c_str(), &status);
    return status.st_mode & 0777;
  }

  TempFolder folder_;
  TestLog log_{folder_.path() + "/log"};
  std::string path_ = folder_.path() + "/a/state";
};

TEST_F(StateDirTest, MakesPrivateFoldersAndFiles) {
  StateDir state = Open();
  for (const char* folder : {"", "/replicas", "/logs", "/run"}) {
    EXPECT_EQ(ModeOf(path_ + folder), 0700u) << folder;
  }
  ASSERT_TRUE(state.Save({}));
  ASSERT_TRUE(state.SaveAdmin({"http://127.0.0.1:8001", "secret"}));
  for (const char* file : {"/lock", "/state.json", "/admin.json"}) {
    EXPECT_EQ(ModeOf(path_ + file), 0600u) << file;
  }
  for (const auto& entry : fs::recursive_directory_iterator(path_)) {
    EXPECT_NE(entry.path().extension(), ".tmp");
  }
}

TEST_F(StateDirTest, AFreshOneIsEmpty) {
  StateDir state = Open();
  const auto loaded = state.Load();
  ASSERT_TRUE(loaded);
  EXPECT_EQ(loaded->next_replica, 1u);
  EXPECT_TRUE(loaded->specs.empty());
  EXPECT_FALSE(loaded->policy.floor);
  EXPECT_TRUE(state.LoadReplicas().value().empty());
}

TEST_F(StateDirTest, ASecondControllerIsRefusedWithTheFirstOnesPid) {
  const StateDir first = Open();
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe(ends.data()), 0);
  const pid_t pid = ::fork();
  if (pid == 0) {
    const auto second = StateDir::Open(path_);
    const std::string message = second ? "taken" : second.error().message;
    const bool right = !second && second.error().code == Code::kUnavailable;
    (void)!::write(ends[1], message.data(), message.size());
    ::_exit(right ? 0 : 1);
  }
  ::close(ends[1]);
  std::array<char, 1000> text{};
  const ssize_t got = ::read(ends[0], text.data(), text.size());
  ::close(ends[0]);
  int status = 0;
  ::waitpid(pid, &status, 0);
  EXPECT_EQ(WEXITSTATUS(status), 0);
  const std::string message(text.data(), static_cast<size_t>(std::max<ssize_t>(got, 0)));
  EXPECT_THAT(message, HasSubstr(fmt::format("(pid {})", ::getpid())));
  EXPECT_THAT(message, HasSubstr("hearth down"));
}

TEST_F(StateDirTest, TheLockGoesWithItsHolderHoweverItDies) {
  const pid_t pid = ::fork();
  if (pid == 0) {
    const auto state = StateDir::Open(path_);
    ::kill(::getpid(), SIGKILL);
  }
  ::waitpid(pid, nullptr, 0);
  {
    const StateDir second = Open();
  }
  const StateDir third = Open();
  EXPECT_EQ(ReadText(path_ + "/lock"), fmt::format("{}\n", ::getpid()));
}

ReplicaHandle Handle(uint64_t id) {
  ReplicaHandle handle;
  handle.id = ReplicaId{id};
  handle.nonce = std::string(32, 'a');
  handle.version = "0a1b2c3d4e5f";
  handle.url.unix_path = "/x/r.sock";
  handle.pid = 4711;
  handle.pid_start_ticks = 123'456'789'012;
  handle.started_unix_ms = 1'764'082'800'000;
  handle.log_path = "/x/r.log";
  return handle;
}

TEST_F(StateDirTest, RemembersReplicasUntilTheyAreForgotten) {
  {
    StateDir state = Open();
    ASSERT_TRUE(state.SaveReplica(Handle(12)));
    ASSERT_TRUE(state.SaveReplica(Handle(7)));
  }
  StateDir state = Open();
  auto replicas = state.LoadReplicas();
  ASSERT_TRUE(replicas);
  ASSERT_EQ(replicas->size(), 2u);
  EXPECT_EQ((*replicas)[0].id.value, 7u);
  EXPECT_EQ(PrintReplica((*replicas)[1]), PrintReplica(Handle(12)));
  EXPECT_EQ(state.Load().value().next_replica, 13u) << "a number is never used again";
  state.ForgetReplica(ReplicaId{12});
  state.ForgetReplica(ReplicaId{99});
  EXPECT_EQ(state.LoadReplicas().value().size(), 1u);
}

TEST_F(StateDirTest, DamagedFilesAreMovedAsideAndNamed) {
  const std::string cases[] = {"",
                               "{",
                               "[]",
                               "null",
                               R"({"next_replica":"x"})",
                               R"({"next_replica":-1})",
                               R"({"specs":[3]})",
                               R"({"specs":[{"command":[1]}]})",
                               std::string(1000, '\0'),
                               R"({"floor":1.5})"};
  StateDir state = Open();
  std::ofstream(state.LogPath(ReplicaId{41})) << "x";
  for (const std::string& text : cases) {
    Write("state.json", text);
    const auto loaded = state.Load();
    ASSERT_TRUE(loaded) << text;
    EXPECT_EQ(loaded->next_replica, 42u) << text;
    EXPECT_FALSE(fs::exists(path_ + "/state.json")) << text;
    EXPECT_EQ(ReadText(path_ + "/state.json.damaged"), text);
  }
  EXPECT_THAT(log_.text(), HasSubstr(path_ + "/state.json"));
}

TEST_F(StateDirTest, ADamagedReplicaFileDoesNotHideTheOthers) {
  StateDir state = Open();
  ASSERT_TRUE(state.SaveReplica(Handle(1)));
  Write("replicas/r2.json", "{\"id\":2,\"pid\":\"x\"}");
  Write("replicas/r3.json", "");
  Write("replicas/r4.json", PrintReplica(Handle(5)));
  Write("replicas/r6.json", R"({"id":6,"pid":-1})");
  Write("replicas/README", "not ours");
  Write("replicas/r7.json.tmp", "{");
  const auto replicas = state.LoadReplicas();
  ASSERT_TRUE(replicas);
  ASSERT_EQ(replicas->size(), 1u);
  EXPECT_EQ((*replicas)[0].id.value, 1u);
  for (const char* name : {"r2", "r3", "r4", "r6"}) {
    EXPECT_TRUE(fs::exists(fmt::format("{}/replicas/{}.json.damaged", path_, name))) << name;
    EXPECT_THAT(log_.text(), HasSubstr(fmt::format("replicas/{}.json", name)));
  }
  EXPECT_TRUE(fs::exists(path_ + "/replicas/README"));
}

TEST_F(StateDirTest, KeepsTheLastFiftyLogsAndThoseOfWhatRuns) {
  StateDir state = Open();
  ASSERT_TRUE(state.SaveReplica(Handle(3)));
  for (uint64_t id = 1; id <= 60; ++id) std::ofstream(state.LogPath(ReplicaId{id})) << id;
  state.ForgetReplica(ReplicaId{60});
  for (uint64_t id = 1; id <= 60; ++id) {
    EXPECT_EQ(fs::exists(state.LogPath(ReplicaId{id})), id > 10 || id == 3) << id;
  }
}

TEST_F(StateDirTest, ASocketsPathFitsOrIsEmpty) {
  const StateDir state = Open();
  EXPECT_EQ(state.SocketPath(ReplicaId{7}), path_ + "/run/r7.sock");
  const auto deep = StateDir::Open(folder_.path() + "/" + std::string(100, 'x'));
  ASSERT_TRUE(deep);
  EXPECT_EQ(deep->SocketPath(ReplicaId{7}), "");
}

TEST_F(StateDirTest, TheAdminAddressIsThereWhileThePoolRuns) {
  EXPECT_EQ(StateDir::LoadAdmin(path_).error().code, Code::kNotFound);
  {
    StateDir state = Open();
    EXPECT_EQ(StateDir::LoadAdmin(path_).error().code, Code::kNotFound);
    ASSERT_TRUE(state.SaveAdmin({"http://127.0.0.1:8001", "secret"}));
    const auto admin = StateDir::LoadAdmin(path_);
    ASSERT_TRUE(admin) << admin.error().message;
    EXPECT_EQ(admin->url, "http://127.0.0.1:8001");
    EXPECT_EQ(admin->token, "secret");
    Write("admin.json", "{}");
    EXPECT_EQ(StateDir::LoadAdmin(path_).error().code, Code::kCorrupt);
  }
  const auto gone = StateDir::LoadAdmin(path_);
  EXPECT_EQ(gone.error().code, Code::kNotFound);
  EXPECT_THAT(gone.error().message, HasSubstr("hearth up"));
}

TEST_F(StateDirTest, TheAddressOfAKilledControllerIsNotBelieved) {
  const pid_t pid = ::fork();
  if (pid == 0) {
    auto state = StateDir::Open(path_);
    (void)state->SaveAdmin({"http://127.0.0.1:8001", "secret"});
    ::kill(::getpid(), SIGKILL);
  }
  ::waitpid(pid, nullptr, 0);
  ASSERT_TRUE(fs::exists(path_ + "/admin.json"));
  EXPECT_EQ(StateDir::LoadAdmin(path_).error().code, Code::kNotFound);
}

TEST_F(StateDirTest, WhatCannotBeMadeIsSaidWithTheRemedy) {
  std::ofstream(folder_.path() + "/file") << "x";
  const std::string in_file = folder_.path() + "/file/state";
  for (const std::string& path : {in_file, folder_.path() + "/file", std::string("/proc/state")}) {
    const auto state = StateDir::Open(path);
    ASSERT_FALSE(state) << path;
    EXPECT_EQ(state.error().code, Code::kIo);
    EXPECT_THAT(state.error().message, HasSubstr(path));
    EXPECT_THAT(state.error().message, HasSubstr("state_dir"));
  }
}

TEST_F(StateDirTest, AWriteThatFailsLeavesTheOldTextAndNothingElse) {
  StateDir state = Open();
  StoredState old;
  old.next_replica = 5;
  ASSERT_TRUE(state.Save(old));
  // No file may grow: what can be had of a full disk without one.
  struct rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  std::signal(SIGXFSZ, SIG_IGN);
  const struct rlimit none{0, before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &none), 0);
  const Status saved = state.Save({});
  ::setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, SIG_DFL);
  ASSERT_FALSE(saved);
  EXPECT_EQ(saved.error().code, Code::kIo);
  EXPECT_THAT(saved.error().message, HasSubstr(path_ + "/state.json"));
  EXPECT_FALSE(fs::exists(path_ + "/state.json.tmp"));
  EXPECT_EQ(state.Load().value().next_replica, 5u);
}

TEST(StateJson, WhatIsPrintedReadsBackTheSame) {
  EXPECT_TRUE(rc::check("state", [](uint64_t next, const std::string& digest, int floor, bool set,
                                    const std::vector<std::string>& words, double cpu) {
    // JSON has UTF-8 only.
    RC_PRE(cpu == cpu);
    StoredState state;
    state.next_replica = next;
    state.config_digest = Hex(std::as_bytes(std::span(digest)));
    if (set) state.policy.floor = floor;
    ReplicaSpec spec;
    for (const std::string& word : words)
      spec.command.push_back(Hex(std::as_bytes(std::span(word))));
    spec.env = {{"A", "\"\\\n\t\x01 é"}, {"", ""}};
    spec.cpu = cpu;
    spec.memory_bytes = std::numeric_limits<int64_t>::max();
    state.specs = {spec, {}};
    const auto read = ParseState(PrintState(state));
    RC_ASSERT(bool(read));
    RC_ASSERT(PrintState(*read) == PrintState(state));
    RC_ASSERT(read->next_replica == next);
    RC_ASSERT(read->policy.floor == state.policy.floor);
    RC_ASSERT(read->specs[0].command == spec.command);
    RC_ASSERT(read->specs[0].env == spec.env);
    RC_ASSERT(read->specs[0].cpu == cpu);
  }));
}

TEST(StateJson, NoTextCrashesTheReader) {
  const std::string whole = PrintReplica(Handle(3));
  EXPECT_TRUE(rc::check("cut and changed", [&](uint8_t at, char byte) {
    std::string text = whole;
    text[at % text.size()] = byte;
    (void)ParseReplica(text);
    (void)ParseReplica(text.substr(0, at % text.size()));
    (void)ParseState(text);
    (void)ParseAdmin(text);
  }));
}

}  // namespace
}  // namespace hearth::pool
