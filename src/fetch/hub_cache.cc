#include "fetch/hub_cache.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <boost/json.hpp>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "base/atomic_file.h"
#include "fetch/files.h"
#include "fetch/names.h"

namespace hearth::fetch {

namespace fs = std::filesystem;

namespace {

constexpr uint64_t kTreeBytesMax = uint64_t{64} << 20U;

std::string FolderName(const std::string& repository) {
  std::string out = "models--" + repository;
  const size_t slash = out.find('/');
  if (slash != std::string::npos) out.replace(slash, 1, "--");
  return out;
}

std::optional<std::string> ReadSmall(const std::string& path, uint64_t bytes_max) {
  std::error_code error;
  if (!fs::is_regular_file(path, error) || fs::file_size(path, error) > bytes_max) {
    return std::nullopt;
  }
  std::ifstream file(path, std::ios::binary);
  if (!file) return std::nullopt;
  return std::string(std::istreambuf_iterator<char>(file), {});
}

}  // namespace

bool IsCommit(std::string_view revision) {
  return revision.size() == 40 && std::ranges::all_of(revision, [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
         });
}

bool IsBlobName(std::string_view etag) {
  return !etag.empty() && etag.size() <= 128 && etag.front() != '.' &&
         std::ranges::all_of(etag, [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                  c == '-' || c == '_' || c == '.' || c == '+';
         });
}

HubCache::HubCache(std::string cache, const std::string& repository)
    : cache_(std::move(cache)),
      folder_name_(FolderName(repository)),
      folder_(cache_ + "/" + folder_name_) {}

std::string HubCache::BlobPath(std::string_view etag) const {
  return fmt::format("{}/blobs/{}", folder_, etag);
}

std::string HubCache::LockPath(std::string_view etag) const {
  return fmt::format("{}/.locks/{}/{}.lock", cache_, folder_name_, etag);
}

std::string HubCache::SnapshotPath(std::string_view commit) const {
  return fmt::format("{}/snapshots/{}", folder_, commit);
}

std::optional<std::string> HubCache::ReadRef(const std::string& revision) const {
  const auto text = ReadSmall(folder_ + "/refs/" + revision, 100);
  if (!text) return std::nullopt;
  std::string commit = text->substr(0, text->find_last_not_of(" \r\n") + 1);
  if (!IsCommit(commit)) return std::nullopt;
  return commit;
}

Status HubCache::WriteRef(const std::string& revision, const std::string& commit) const {
  if (revision == commit || ReadRef(revision) == commit) return {};
  if (Status made = MakeParents(folder_, "refs/" + revision); !made) return made;
  auto file = AtomicFile::Create(folder_ + "/refs/" + revision);
  if (!file) return Forward(file);
  if (Status written = file->Write(std::as_bytes(std::span(commit))); !written) return written;
  return file->Commit();
}

std::vector<std::string> HubCache::SnapshotFiles(std::string_view commit) const {
  std::vector<std::string> out;
  const fs::path base(SnapshotPath(commit));
  std::error_code error;
  for (fs::recursive_directory_iterator at(base, error), end; !error && at != end;
       at.increment(error)) {
    std::error_code unreadable;
    if (at->is_regular_file(unreadable)) {
      out.push_back(at->path().lexically_relative(base).string());
    }
  }
  std::ranges::sort(out);
  return out;
}

bool HubCache::HasFile(std::string_view commit, const std::string& name) const {
  std::error_code error;
  return fs::is_regular_file(SnapshotPath(commit) + "/" + name, error);
}

std::optional<std::vector<std::string>> HubCache::KnownTree(std::string_view commit) const {
  const auto text = ReadSmall(fmt::format("{}/trees/{}.json", folder_, commit), kTreeBytesMax);
  if (!text) return std::nullopt;
  boost::system::error_code error;
  const boost::json::value value = boost::json::parse(*text, error);
  if (error || !value.is_object()) return std::nullopt;
  const boost::json::value* files = value.get_object().if_contains("files");
  if (files == nullptr || !files->is_object()) return std::nullopt;
  std::vector<std::string> out;
  out.reserve(files->get_object().size());
  for (const auto& member : files->get_object()) out.emplace_back(member.key());
  return out;
}

Status HubCache::Prepare() const {
  for (const std::string& folder : {folder_ + "/blobs", folder_ + "/snapshots", folder_ + "/refs",
                                    cache_ + "/.locks/" + folder_name_}) {
    if (Status made = MakeFolder(folder); !made) return made;
  }
  return {};
}

Status HubCache::Link(std::string_view commit, const std::string& name,
                      std::string_view etag) const {
  const std::string base = SnapshotPath(commit);
  if (Status made = MakeFolder(base); !made) return made;
  if (Status made = MakeParents(base, name); !made) return made;
  const auto depth = std::ranges::count(name, '/');
  std::string target = "../../";
  for (auto i = depth; i > 0; --i) target += "../";
  target += fmt::format("blobs/{}", etag);
  const std::string path = base + "/" + name;
  // Under another name first, so that whoever reads the snapshot sees the old link or the new one.
  const std::string temporary = fmt::format("{}.hearth-pull.{}", path, ::getpid());
  ::unlink(temporary.c_str());
  if (::symlink(target.c_str(), temporary.c_str()) != 0 ||
      ::rename(temporary.c_str(), path.c_str()) != 0) {
    const int failed = errno;
    ::unlink(temporary.c_str());
    return Fail(Code::kIo, "cannot link \"{}\": {}", path, std::strerror(failed));
  }
  return {};
}

}  // namespace hearth::fetch
