#include "pool/spawn.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <fstream>

#include "pool/process_test_support.h"

namespace hearth::pool {
namespace {

using ::testing::HasSubstr;

class SpawnTest : public ::testing::Test {
 protected:
  void Write(const std::string& name, const std::string& text, mode_t mode) {
    std::ofstream(folder_.path() + "/" + name) << text;
    ::chmod((folder_.path() + "/" + name).c_str(), mode);
  }
  // What the failed start of this file says.
  Error FailureOf(const std::string& name) {
    const auto spawned = Spawn({.command = {folder_.path() + "/" + name},
                                .environment = {},
                                .output = output_.get(),
                                .join = {}});
    EXPECT_FALSE(spawned);
    return spawned ? Error{} : spawned.error();
  }

  TempFolder folder_;
  UniqueFd output_{::open((folder_.path() + "/out").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600)};
};

TEST_F(SpawnTest, EachFailureSaysWhatToDo) {
  Write("plain", "text", 0644);
  Write("no-first-line", "echo hello\n", 0755);
  Write("no-interpreter", "#!/no/such/interpreter\n", 0755);
  EXPECT_EQ(FailureOf("missing").code, Code::kNotFound);
  EXPECT_THAT(FailureOf("missing").message, HasSubstr("missing\": no such file"));
  EXPECT_THAT(FailureOf("plain").message, HasSubstr("chmod +x"));
  EXPECT_THAT(FailureOf("no-first-line").message, HasSubstr("#!/bin/sh"));
  EXPECT_THAT(FailureOf("no-interpreter").message, HasSubstr("interpreter"));
  EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1) << "no child is left";
}

TEST_F(SpawnTest, LooksPathThrough) {
  std::filesystem::create_directories(folder_.path() + "/a");
  std::filesystem::create_directories(folder_.path() + "/b");
  Write("a/tool", "", 0644);
  Write("b/tool", "", 0755);
  Write("a/other", "", 0644);
  const std::string path = folder_.path() + "/a:" + folder_.path() + "/b";
  EXPECT_EQ(FindProgram("tool", path).value(), folder_.path() + "/b/tool");
  EXPECT_EQ(FindProgram("./tool", path).value(), "./tool");
  EXPECT_EQ(FindProgram("nothing", path).error().code, Code::kNotFound);
  EXPECT_THAT(FindProgram("other", path).error().message, HasSubstr("not executable"));
  EXPECT_FALSE(FindProgram("", path));
}

TEST_F(SpawnTest, TheReplicasOwnPathCounts) {
  Write("only-here", "#!/bin/sh\nexit 5\n", 0755);
  const auto spawned = Spawn({.command = {"only-here"},
                              .environment = {"PATH=" + folder_.path()},
                              .output = output_.get(),
                              .join = {}});
  ASSERT_TRUE(spawned) << spawned.error().message;
  int status = 0;
  ASSERT_EQ(::waitpid(spawned->pid, &status, 0), spawned->pid);
  EXPECT_EQ(WEXITSTATUS(status), 5);
}

TEST_F(SpawnTest, AGroupThatCannotBeJoinedIsSaidAndDoesNotStopTheProgram) {
  const auto spawned = Spawn({.command = {"true"},
                              .environment = {},
                              .output = output_.get(),
                              .join = {folder_.path() + "/no/cgroup.procs"}});
  ASSERT_TRUE(spawned) << spawned.error().message;
  EXPECT_EQ(spawned->not_joined, "No such file or directory");
  int status = 0;
  ASSERT_EQ(::waitpid(spawned->pid, &status, 0), spawned->pid);
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

}  // namespace
}  // namespace hearth::pool
