// Settings and cache of the hub, on folders.
#include "fetch/hub.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>

#include "fetch/files.h"
#include "fetch/hub_cache.h"
#include "fetch/hub_settings.h"

namespace hearth::fetch {
namespace {

namespace fs = std::filesystem;

Env Variables(std::map<std::string, std::string, std::less<>> values) {
  return [values = std::move(values)](std::string_view name) -> std::optional<std::string> {
    const auto found = values.find(name);
    if (found == values.end()) return std::nullopt;
    return found->second;
  };
}

class Folder {
 public:
  Folder() {
    std::string path = (fs::temp_directory_path() / "hearth-fetch-XXXXXX").string();
    if (::mkdtemp(path.data()) != nullptr) path_ = path;
  }
  ~Folder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  std::string operator/(std::string_view name) const { return path_ + "/" + std::string(name); }

 private:
  std::string path_;
};

TEST(HubSettings, TakeTheNamesOfHuggingfaceHub) {
  const auto cache = [](std::map<std::string, std::string, std::less<>> values) {
    return ReadHubSettings(Variables(std::move(values))).value().cache;
  };
  EXPECT_EQ(cache({{"HOME", "/u"}}), "/u/.cache/huggingface/hub");
  EXPECT_EQ(cache({{"HOME", "/u"}, {"XDG_CACHE_HOME", "/c"}}), "/c/huggingface/hub");
  EXPECT_EQ(cache({{"HOME", "/u"}, {"HF_HOME", "~/hf"}}), "/u/hf/hub");
  EXPECT_EQ(cache({{"HOME", "/u"}, {"HF_HOME", "$HOME/${X}/hf"}, {"X", "y"}}), "/u/y/hf/hub");
  EXPECT_EQ(cache({{"HF_HOME", "/h"}, {"HUGGINGFACE_HUB_CACHE", "/old"}}), "/old");
  EXPECT_EQ(cache({{"HUGGINGFACE_HUB_CACHE", "/old"}, {"HF_HUB_CACHE", "/new"}}), "/new");
  EXPECT_EQ(cache({}), "") << "only an error where a cache is needed";
}

TEST(HubSettings, TokenEndpointAndOffline) {
  auto read = ReadHubSettings(Variables({{"HF_TOKEN", " hf_x\n"},
                                         {"HF_ENDPOINT", "http://127.0.0.1:9/hub/"},
                                         {"TRANSFORMERS_OFFLINE", "yes"}}));
  ASSERT_TRUE(read);
  EXPECT_EQ(read->token, "hf_x");
  EXPECT_EQ(read->endpoint.target, "/hub");
  EXPECT_TRUE(read->offline);
  EXPECT_FALSE(ReadHubSettings(Variables({{"HF_TOKEN", "a\r\nX: y"}})));
  EXPECT_FALSE(ReadHubSettings(Variables({{"HF_ENDPOINT", "ftp://x"}})));
  EXPECT_FALSE(ReadHubSettings(Variables({{"HF_HUB_OFFLINE", "0"}, {"TRANSFORMERS_OFFLINE", "1"}}))
                   ->offline);
  const Folder home;
  std::ofstream(home / "token") << "hf_file\n";
  EXPECT_EQ(ReadHubSettings(Variables({{"HF_HOME", home / ""}}))->token, "hf_file");
  EXPECT_EQ(
      ReadHubSettings(Variables({{"HF_HOME", home / ""}, {"HF_HUB_DISABLE_IMPLICIT_TOKEN", "1"}}))
          ->token,
      "");
}

TEST(HubCache, LinksSnapshotsToBlobsRelatively) {
  const Folder folder;
  const std::string commit(40, 'a');
  const HubCache cache(folder / "hub", "org/name");
  ASSERT_TRUE(cache.Prepare());
  std::ofstream(cache.BlobPath("etag")) << "bytes";
  ASSERT_TRUE(cache.Link(commit, "1_Pooling/config.json", "etag"));
  ASSERT_TRUE(cache.Link(commit, "1_Pooling/config.json", "etag")) << "again";
  const fs::path link =
      folder / "hub/models--org--name/snapshots/" + commit + "/1_Pooling/config.json";
  EXPECT_EQ(fs::read_symlink(link), "../../../blobs/etag");
  EXPECT_TRUE(cache.HasFile(commit, "1_Pooling/config.json"));
  EXPECT_EQ(cache.SnapshotFiles(commit), std::vector<std::string>{"1_Pooling/config.json"});
  ASSERT_TRUE(cache.WriteRef("refs/pr/1", commit));
  EXPECT_EQ(cache.ReadRef("refs/pr/1"), commit);
  EXPECT_FALSE(cache.ReadRef("main"));
}

TEST(HubCache, BlobNamesCannotLeadOut) {
  EXPECT_TRUE(IsBlobName(std::string(64, 'a')));
  for (const char* wrong : {"", "..", "a/b", ".x", "a b", "a\nb"}) EXPECT_FALSE(IsBlobName(wrong));
}

TEST(Files, ALinkInTheWayIsNotFollowed) {
  const Folder folder;
  ASSERT_TRUE(MakeFolder(folder / "out"));
  ASSERT_TRUE(MakeFolder(folder / "elsewhere"));
  fs::create_directory_symlink(folder / "elsewhere", folder / "out/sub");
  const Status made = MakeParents(folder / "out", "sub/config.json");
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().code, Code::kCorrupt);
  EXPECT_TRUE(MakeParents(folder / "out", "a/b/c"));
  EXPECT_TRUE(fs::is_directory(folder / "out/a/b"));
}

TEST(HubErrors, AreOneSentenceThatNamesTheRemedy) {
  HubSettings settings;
  settings.endpoint = http::ParseUrl("http://hub.example").value();
  const auto said = [&](int status, std::vector<std::pair<std::string, std::string>> headers) {
    return ExplainHub(settings, "org/name", {status, std::move(headers), {}}).message;
  };
  EXPECT_NE(said(403, {{"X-Error-Code", "GatedRepo"}}).find("gated"), std::string::npos);
  EXPECT_NE(said(401, {{"X-Error-Code", "RepoNotFound"}}).find("HF_TOKEN"), std::string::npos);
  EXPECT_NE(said(404, {{"X-Error-Code", "RevisionNotFound"}}).find("revision"), std::string::npos);
  EXPECT_EQ(said(403, {{"X-Error-Message", "a\nb"}}).find('\n'), std::string::npos);
}

}  // namespace
}  // namespace hearth::fetch
