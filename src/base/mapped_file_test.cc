#include "base/mapped_file.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

namespace hearth {
namespace {

constexpr size_t kMiB = size_t{1} << 20;

// A file of zeros (a hole: it costs no disk), gone with the object.
class ZeroFile {
 public:
  explicit ZeroFile(size_t bytes) {
    path_ = (std::filesystem::temp_directory_path() / "hearth-map-XXXXXX").string();
    ::close(::mkstemp(path_.data()));
    Resize(bytes);
  }
  ~ZeroFile() { std::filesystem::remove(path_); }
  ZeroFile(const ZeroFile&) = delete;
  ZeroFile& operator=(const ZeroFile&) = delete;
  void Resize(size_t bytes) const { std::filesystem::resize_file(path_, bytes); }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

class Populate : public testing::TestWithParam<size_t> {};

TEST_P(Populate, TellsEveryByteInTheEnd) {
  const ZeroFile zeros(GetParam());
  const auto file = MappedFile::Open(zeros.path());
  ASSERT_TRUE(file);
  std::vector<size_t> told;
  ASSERT_TRUE(file->Populate(0, GetParam(), [&](size_t bytes) { told.push_back(bytes); }));
  ASSERT_FALSE(told.empty());
  EXPECT_TRUE(std::is_sorted(told.begin(), told.end()));
  EXPECT_EQ(told.back(), GetParam());
}

TEST_P(Populate, AFileThatShrankIsAnErrorNotASignal) {
  const ZeroFile zeros(GetParam());
  const auto file = MappedFile::Open(zeros.path());
  ASSERT_TRUE(file);
  zeros.Resize(GetParam() / 2);
  const Status status = file->Populate(0, GetParam());
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, Code::kIo);
  EXPECT_NE(status.error().message.find("shorter"), std::string::npos) << status.error().message;
}

// One that the caller populates alone, and one that several threads do.
INSTANTIATE_TEST_SUITE_P(Sizes, Populate, testing::Values(3 * kMiB + 5, 96 * kMiB + 5));

}  // namespace
}  // namespace hearth
