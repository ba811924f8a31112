// The downloader's threads, against a server of this process that breaks off now and then.
#include "fetch/download.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <charconv>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "base/sha256.h"
#include "http/test_support.h"

namespace hearth::fetch {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

class PlainOrigin final : public Origin {
 public:
  explicit PlainOrigin(http::Url url) : url_(std::move(url)) {}
  Result<OriginRequest> Ask() override { return OriginRequest{url_, {}, false}; }
  Result<OriginRequest> Follow(const OriginRequest& /*from*/, const http::Url& to) override {
    return OriginRequest{to, {}, false};
  }
  Error Explain(const OriginRequest& /*request*/, const http::AnswerHead& head,
                std::string_view /*body*/) override {
    return {head.status >= 500 ? Code::kUnavailable : Code::kNotFound,
            fmt::format("status {}", head.status)};
  }

 private:
  http::Url url_;
};

std::string Body(size_t size) {
  std::string out(size, '\0');
  uint32_t state = 1;
  for (char& c : out) {
    state = state * 1664525 + 1013904223;
    c = static_cast<char>(state >> 24U);
  }
  return out;
}

// Serves `body` by ranges; every `refuse`th request is a 503.
class Files {
 public:
  explicit Files(std::string body, int refuse = 0)
      : body_(std::move(body)), refuse_(refuse), server_(Handlers()) {}

  http::Url url() const {
    return http::ParseUrl(fmt::format("http://127.0.0.1:{}/x", server_.port())).value();
  }
  int requests() const { return requests_; }

 private:
  http::Handlers Handlers() {
    http::Handlers handlers;
    handlers.on_request = [this](const http::Request& request, http::Responder responder) {
      http::Response response;
      const int number = ++requests_;
      if (refuse_ > 0 && number % refuse_ == 0) {
        response.status = 503;
      } else {
        Answer(std::string(request.Header("Range")), &response);
      }
      responder.Send(std::move(response));
    };
    return handlers;
  }

  void Answer(std::string range, http::Response* response) const {
    response->body = body_;
    if (range.empty()) return;
    range.erase(0, std::string_view("bytes=").size());
    const size_t from = std::stoul(range);
    const size_t last = std::stoul(range.substr(range.find('-') + 1));
    response->status = 206;
    response->headers.emplace_back("Content-Range",
                                   fmt::format("bytes {}-{}/{}", from, last, body_.size()));
    response->body = body_.substr(from, last - from + 1);
  }

  const std::string body_;
  const int refuse_;
  std::atomic<int> requests_{0};
  http::testing::TestServer server_;
};

class DownloadTest : public ::testing::Test {
 protected:
  DownloadTest() {
    std::string path = (fs::temp_directory_path() / "hearth-download-XXXXXX").string();
    if (::mkdtemp(path.data()) != nullptr) folder_ = path;
  }
  ~DownloadTest() override {
    std::error_code ignored;
    fs::remove_all(folder_, ignored);
  }

  FileToBring File(const std::string& name, const http::Url& url, const std::string& body) const {
    Sha256 hash;
    hash.Update(std::as_bytes(std::span(body)));
    return {.name = name,
            .final_path = folder_ + "/" + name,
            .size = body.size(),
            .etag = {},
            .key = "key",
            .checksums = {{ChecksumKind::kSha256, Hex(hash.Digest())}},
            .origin = std::make_unique<PlainOrigin>(url)};
  }

  DownloadOptions Options() {
    return {.web = {.env = [](std::string_view) { return std::nullopt; },
                    .deadline = http::Clock::now() + http::testing::kPatience,
                    .cancel = &cancel_},
            .connections = 6,
            .piece_bytes = 10'000,
            .cancel = &cancel_,
            .on_tick = {},
            .on_retry = {}};
  }

  std::string Read(const std::string& name) const {
    std::ifstream file(folder_ + "/" + name, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }

  size_t Entries() const {
    return static_cast<size_t>(
        std::distance(fs::directory_iterator(folder_), fs::directory_iterator()));
  }

  std::string folder_;
  Cancel cancel_;
};

TEST_F(DownloadTest, BringsSeveralFilesInPiecesWhileTheServerStumbles) {
  const std::string body = Body(123'456);
  const Files files(body, 5);
  std::vector<FileToBring> wanted;
  for (const char* name : {"a", "b", "c"}) wanted.push_back(File(name, files.url(), body));
  wanted.push_back(File("empty", files.url(), ""));
  auto options = Options();
  std::atomic<int> retries{0};
  options.on_retry = [&](const std::string&, const Error&, double) { ++retries; };
  const auto state = Download(std::move(wanted), options);
  ASSERT_TRUE(state) << state.error().message;
  for (const char* name : {"a", "b", "c"}) EXPECT_EQ(Read(name), body);
  EXPECT_EQ(Read("empty"), "");
  EXPECT_EQ(Entries(), 4U) << "nothing is left beside them";
  EXPECT_EQ(state->arrived, 3 * body.size());
  EXPECT_GT(retries, 0);
}

TEST_F(DownloadTest, AWrongHashLeavesNothing) {
  const std::string body = Body(50'000);
  const Files files(body);
  std::vector<FileToBring> wanted;
  wanted.push_back(File("a", files.url(), Body(50'000).replace(0, 1, "x")));
  const auto state = Download(std::move(wanted), Options());
  ASSERT_FALSE(state);
  EXPECT_EQ(state.error().code, Code::kCorrupt);
  EXPECT_EQ(Entries(), 0U);
}

TEST_F(DownloadTest, ResumesWhatAnEarlierOneLeft) {
  const std::string body = Body(200'000);
  const Files files(body);
  // What a pull that was killed leaves: some bytes, and a journal that says which.
  std::ofstream(folder_ + "/a.partial-key", std::ios::binary)
      << body.substr(0, 150'000) << std::string(50'000, '\0');
  std::ofstream(folder_ + "/a.partial-key.journal")
      << "hearth-pull 1 200000 another-boot key\n0 100000\n120000 150000\n150000 1";
  std::ofstream(folder_ + "/a.partial-older") << "of another version";
  std::vector<FileToBring> wanted;
  wanted.push_back(File("a", files.url(), body));
  const auto state = Download(std::move(wanted), Options());
  ASSERT_TRUE(state) << state.error().message;
  EXPECT_EQ(Read("a"), body);
  EXPECT_EQ(state->resumed, 130'000U);
  EXPECT_EQ(state->arrived, 70'000U);
  EXPECT_EQ(Entries(), 1U);
}

TEST_F(DownloadTest, StopsWhenItIsToldTo) {
  const std::string body = Body(10'000);
  const Files files(body, 1);  // never answers well
  std::vector<FileToBring> wanted;
  wanted.push_back(File("a", files.url(), body));
  auto options = Options();
  options.on_tick = [&](const DownloadState&) { cancel_.Fire(); };
  const auto state = Download(std::move(wanted), options);
  ASSERT_FALSE(state);
  EXPECT_EQ(state.error().code, Code::kCancelled);
  EXPECT_EQ(Entries(), 0U);
}

}  // namespace
}  // namespace hearth::fetch
