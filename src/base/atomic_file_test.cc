#include "base/atomic_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string_view>

namespace hearth {
namespace {

namespace fs = std::filesystem;

std::span<const std::byte> Bytes(std::string_view text) { return std::as_bytes(std::span(text)); }

class AtomicFileTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "hearth_atomic_XXXXXX").string();
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    folder_ = name;
  }
  void TearDown() override { fs::remove_all(folder_); }

  std::string Content(const std::string& name) const {
    std::ostringstream out;
    out << std::ifstream(folder_ / name, std::ios::binary).rdbuf();
    return out.str();
  }
  int FileCount() const {
    return static_cast<int>(
        std::distance(fs::directory_iterator(folder_), fs::directory_iterator()));
  }

  fs::path folder_;
};

TEST_F(AtomicFileTest, AppearsOnlyAtCommit) {
  auto file = AtomicFile::Create(folder_ / "x", 100);
  ASSERT_TRUE(file);
  ASSERT_TRUE(file->Write(Bytes("....world")));
  ASSERT_TRUE(file->WriteAt(0, Bytes("hell")));
  EXPECT_EQ(file->written(), 9U);
  EXPECT_FALSE(fs::exists(folder_ / "x"));
  ASSERT_TRUE(file->Commit());
  EXPECT_EQ(Content("x"), "hellworld");
  EXPECT_EQ(FileCount(), 1);
}

TEST_F(AtomicFileTest, ReplacesWholeAndKeepsTheOldOneUntilThen) {
  std::ofstream(folder_ / "x") << "old";
  {
    auto file = AtomicFile::Create(folder_ / "x");
    ASSERT_TRUE(file);
    ASSERT_TRUE(file->Write(Bytes("half")));
    EXPECT_EQ(Content("x"), "old");
  }
  EXPECT_EQ(Content("x"), "old");
  EXPECT_EQ(FileCount(), 1) << "the temporary file was not removed";
  auto file = AtomicFile::Create(folder_ / "x");
  ASSERT_TRUE(file);
  ASSERT_TRUE(file->Write(Bytes("new")));
  ASSERT_TRUE(file->Commit());
  EXPECT_EQ(Content("x"), "new");
}

TEST_F(AtomicFileTest, NamesTheTargetThatCannotBeWritten) {
  auto missing = AtomicFile::Create(folder_ / "no" / "x");
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, Code::kIo);
  EXPECT_THAT(missing.error().message, testing::HasSubstr((folder_ / "no" / "x").string()));

  fs::create_directory(folder_ / "taken");
  auto folder = AtomicFile::Create(folder_ / "taken");
  ASSERT_TRUE(folder);
  EXPECT_FALSE(folder->Commit());
  EXPECT_FALSE(AtomicFile::Create(folder_.string() + "/"));
}

// A file size limit fails a write the way a full disk does, in the middle of the file.
TEST_F(AtomicFileTest, RemovesTheTemporaryFileWhenTheDiskSaysNo) {
  rlimit before = {};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  rlimit small = before;
  small.rlim_cur = 10;
  auto* old_handler = std::signal(SIGXFSZ, SIG_IGN);
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  {
    auto file = AtomicFile::Create(folder_ / "x");
    ASSERT_TRUE(file);
    Status status = file->Write(Bytes("more than ten bytes"));
    ASSERT_FALSE(status);
    EXPECT_EQ(status.error().code, Code::kIo);
  }
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
  std::signal(SIGXFSZ, old_handler);
  EXPECT_EQ(FileCount(), 0);
}

}  // namespace
}  // namespace hearth
