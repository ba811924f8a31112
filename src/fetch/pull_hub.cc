// A repository of the hub: into its cache, or into a plain folder.
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>

#include "fetch/ask.h"
#include "fetch/files.h"
#include "fetch/hub.h"
#include "fetch/hub_cache.h"
#include "fetch/lock_file.h"
#include "fetch/names.h"
#include "fetch/pull_parts.h"

namespace hearth::fetch {

namespace fs = std::filesystem;

namespace {

constexpr size_t kBatch = 64;  // files that are open, with their locks, at once

// A file of the snapshot that is not in the cache yet.
struct Missing {
  HubFile file;
  std::string etag;
  std::optional<http::Url> storage;
};

bool Exists(const std::string& path) {
  struct stat there{};
  return ::stat(path.c_str(), &there) == 0;
}

// The hub's word for what the file's bytes are; its ETag where the listing does not say.
std::vector<Checksum> ChecksumsOf(const HubFile& file, const std::string& etag) {
  if (!file.sha256.empty()) return {{ChecksumKind::kSha256, file.sha256}};
  if (!file.git_sha1.empty()) return {{ChecksumKind::kGitBlob, file.git_sha1}};
  if (const auto sha256 = AsHex(etag, 64)) return {{ChecksumKind::kSha256, *sha256}};
  if (const auto sha1 = AsHex(etag, 40)) return {{ChecksumKind::kGitBlob, *sha1}};
  return {};
}

// One pull of one repository.
class HubPull {
 public:
  HubPull(const HubSource& source, const PullOptions& options, const HubSettings& settings)
      : source_(source),
        options_(options),
        settings_(settings),
        hub_(settings, source.repository),
        cache_(settings.cache, source.repository),
        web_options_(WebOptionsFor(options, CaFile(options.env, CaFor::kHub))) {}

  bool offline() const { return options_.offline || settings_.offline; }
  Result<std::string> Commit();
  Result<Pulled> IntoCache();
  Result<Pulled> IntoFolder();

 private:
  Result<std::string> CachedCommit() const;
  Result<std::vector<std::string>> CachedNames(const std::string& commit) const;
  Result<Pulled> FromCache(const std::string& commit);
  Result<std::vector<HubFile>> Listing(const std::string& commit);
  Status Locate(const std::string& commit, std::vector<Missing>* missing);
  Status BringBatch(const std::string& commit, std::span<Missing> batch, DownloadState* state);
  Status BringAll(const std::string& commit, std::vector<Missing>* missing, DownloadState* state);
  FileToBring AsFile(const std::string& commit, Missing* one);
  Status TakeGivenSums(const std::vector<std::string>& names);
  Status CheckGivenSums(const std::string& commit) const;

  const HubSource& source_;
  const PullOptions& options_;
  const HubSettings& settings_;
  Hub hub_;
  HubCache cache_;
  WebOptions web_options_;
  std::map<std::string, std::vector<Checksum>> given_;  // --sha256, by name
};

Result<std::string> HubPull::CachedCommit() const {
  if (IsCommit(source_.revision)) return source_.revision;
  if (auto commit = cache_.ReadRef(source_.revision)) return *commit;
  return Fail(Code::kNotFound,
              "{} is not in the cache \"{}\" and hearth is offline (HF_HUB_OFFLINE or --offline)",
              ToString(Source(source_)), settings_.cache);
}

Result<std::string> HubPull::Commit() {
  if (offline()) return CachedCommit();
  if (IsCommit(source_.revision)) return source_.revision;
  Web web(web_options_);
  return hub_.Commit(&web, source_.revision);
}

// What is wanted of the snapshot as far as the cache knows; an error when some of it is missing.
Result<std::vector<std::string>> HubPull::CachedNames(const std::string& commit) const {
  auto known = cache_.KnownTree(commit);
  auto names = SelectNames(options_, known ? *known : cache_.SnapshotFiles(commit));
  std::string missing;
  if (!names) {
    missing = "anything that is wanted";
  } else {
    for (const std::string& name : *names) {
      if (!cache_.HasFile(commit, name)) missing = name;
    }
    if (!known && options_.include.empty() &&
        std::ranges::find(*names, "config.json") == names->end()) {
      missing = "config.json";
    }
  }
  if (missing.empty()) return names;
  return Fail(Code::kNotFound, "the cache \"{}\" has not {} of {} and hearth is offline",
              settings_.cache, missing, ToString(Source(source_)));
}

// Which file each --sha256 is for.
Status HubPull::TakeGivenSums(const std::vector<std::string>& names) {
  std::vector<WantedFile> files;
  std::vector<WantedFile*> pointers;
  files.reserve(names.size());
  pointers.reserve(names.size());
  for (const std::string& name : names) files.push_back({name, 0, {}, {}});
  for (WantedFile& file : files) pointers.push_back(&file);
  if (Status added = AddSha256(options_, pointers); !added) return added;
  for (const WantedFile& file : files) {
    if (!file.checksums.empty()) given_[file.name] = file.checksums;
  }
  return {};
}

// Of what is linked, also of what was there before.
Status HubPull::CheckGivenSums(const std::string& commit) const {
  for (const auto& [name, checksums] : given_) {
    std::error_code error;
    const auto path = fs::canonical(cache_.SnapshotPath(commit) + "/" + name, error);
    const uint64_t size = error ? 0 : fs::file_size(path, error);
    auto right = IsThere(path, {name, size, checksums, {}}, *options_.cancel);
    if (!right) return Forward(right);
    if (*right) continue;
    return Fail(Code::kCorrupt, "\"{}\" in the cache has not the SHA-256 that was given", name);
  }
  return {};
}

Result<Pulled> HubPull::FromCache(const std::string& commit) {
  auto names = CachedNames(commit);
  if (!names) return Forward(names);
  if (Status taken = TakeGivenSums(*names); !taken) return Forward(taken);
  if (Status right = CheckGivenSums(commit); !right) return Forward(right);
  Pulled out{
      .path = cache_.SnapshotPath(commit), .revision = commit, .files = names->size(), .state = {}};
  for (const std::string& name : *names) {
    struct stat there{};
    if (::stat((out.path + "/" + name).c_str(), &there) == 0) {
      out.bytes += static_cast<uint64_t>(there.st_size);
    }
  }
  return out;
}

// What is wanted of the commit. The names have been checked.
Result<std::vector<HubFile>> HubPull::Listing(const std::string& commit) {
  Web web(web_options_);
  auto files = hub_.Files(&web, commit);
  if (!files) return files;
  std::vector<std::string> names;
  names.reserve(files->size());
  for (const HubFile& file : *files) names.push_back(file.name);
  auto selected = SelectNames(options_, names);
  if (!selected) return Forward(selected);
  std::erase_if(*files, [&](const HubFile& file) {
    return !std::ranges::binary_search(*selected, file.name);
  });
  std::ranges::sort(*files, {}, &HubFile::name);
  return files;
}

Status HubPull::Locate(const std::string& commit, std::vector<Missing>* missing) {
  return ForEach(missing->size(), options_.connections, web_options_,
                 [&](Web* web, size_t i) -> Status {
                   Missing& one = (*missing)[i];
                   auto place = hub_.Locate(web, commit, one.file.name);
                   if (!place) return Forward(place);
                   one.etag = place->etag;
                   one.storage = std::move(place->storage);
                   if (IsBlobName(one.etag)) return {};
                   return Fail(Code::kCorrupt,
                               "{} gives \"{}\" no usable ETag (\"{:.80}\"): is HF_ENDPOINT a hub?",
                               settings_.endpoint.Authority(), one.file.name, one.etag);
                 });
}

FileToBring HubPull::AsFile(const std::string& commit, Missing* one) {
  WantedFile wanted{one->file.name, one->file.size, ChecksumsOf(one->file, one->etag), {}};
  if (const auto given = given_.find(wanted.name); given != given_.end()) {
    wanted.checksums.insert(wanted.checksums.end(), given->second.begin(), given->second.end());
  }
  // Redirected answers have the storage's own ETags: checksums tell, where there are some.
  const std::string etag = wanted.checksums.empty() && !one->storage ? one->etag : "";
  return {.name = one->file.name,
          .final_path = cache_.BlobPath(one->etag),
          .size = one->file.size,
          .etag = etag,
          .key = KeyOf("hub", one->etag, one->file.size),
          .checksums = std::move(wanted.checksums),
          .origin = hub_.OriginOf(commit, one->file.name, std::move(one->storage))};
}

// Under the locks that Python takes too, in one order for all. Sorted by ETag, without doubles.
Status HubPull::BringBatch(const std::string& commit, std::span<Missing> batch,
                           DownloadState* state) {
  std::vector<LockFile> locks;
  std::vector<FileToBring> files;
  for (Missing& one : batch) {
    auto lock = LockFile::Take(cache_.LockPath(one.etag), false, options_.deadline,
                               *options_.cancel, options_.events.on_wait);
    if (!lock) return Forward(lock);
    if (Exists(cache_.BlobPath(one.etag))) continue;  // by whoever had the lock before
    locks.push_back(*std::move(lock));
    files.push_back(AsFile(commit, &one));
  }
  auto brought = Bring(options_, web_options_, std::move(files));
  if (!brought) return Forward(brought);
  state->total += brought->total;
  state->there += brought->there;
  state->arrived += brought->arrived;
  state->resumed += brought->resumed;
  state->retries += brought->retries;
  return {};
}

Status HubPull::BringAll(const std::string& commit, std::vector<Missing>* missing,
                         DownloadState* state) {
  std::ranges::sort(*missing, {}, &Missing::etag);
  std::vector<Missing> absent;
  for (const Missing& one : *missing) {
    const bool same = !absent.empty() && absent.back().etag == one.etag;
    if (!same && !Exists(cache_.BlobPath(one.etag))) absent.push_back(one);
  }
  for (size_t begin = 0; begin < absent.size(); begin += kBatch) {
    const size_t count = std::min(kBatch, absent.size() - begin);
    Status brought = BringBatch(commit, std::span(absent).subspan(begin, count), state);
    if (!brought) return brought;
  }
  return {};
}

Result<Pulled> HubPull::IntoCache() {
  if (settings_.cache.empty()) {
    return Fail(Code::kUsage,
                "no place for the hub's cache: set HF_HOME (or HF_HUB_CACHE, HOME), or use -o DIR");
  }
  auto commit = Commit();
  if (!commit) return Forward(commit);
  if (offline()) return FromCache(*commit);
  auto files = Listing(*commit);
  if (!files) return Forward(files);
  Pulled out{.path = cache_.SnapshotPath(*commit),
             .revision = *commit,
             .files = files->size(),
             .state = {}};
  std::vector<Missing> missing;
  std::vector<std::string> names;
  for (HubFile& file : *files) {
    out.bytes += file.size;
    names.push_back(file.name);
    // A commit never changes: what is linked is right.
    if (!cache_.HasFile(*commit, file.name)) missing.push_back({std::move(file), {}, {}});
  }
  if (Status taken = TakeGivenSums(names); !taken) return Forward(taken);
  if (!missing.empty()) {
    if (Status ready = cache_.Prepare(); !ready) return Forward(ready);
    if (Status located = Locate(*commit, &missing); !located) return Forward(located);
    if (Status all = BringAll(*commit, &missing, &out.state); !all) return Forward(all);
    // Last, so that a snapshot which hearth made is whole.
    for (const Missing& one : missing) {
      Status linked = cache_.Link(*commit, one.file.name, one.etag);
      if (!linked) return Forward(linked);
    }
  }
  if (Status right = CheckGivenSums(*commit); !right) return Forward(right);
  if (Status noted = cache_.WriteRef(source_.revision, *commit); !noted && !missing.empty()) {
    return Forward(noted);
  }
  return out;
}

Result<Pulled> HubPull::IntoFolder() {
  auto commit = Commit();
  if (!commit) return Forward(commit);
  if (offline()) {
    auto names = CachedNames(*commit);
    if (!names) return Forward(names);
    PullOptions copy = options_;
    copy.source = FolderSource{cache_.SnapshotPath(*commit)};
    copy.include = *names;
    auto pulled = PullFolder(std::get<FolderSource>(copy.source), copy);
    if (pulled) pulled->revision = *commit;
    return pulled;
  }
  auto listed = Listing(*commit);
  if (!listed) return Forward(listed);
  std::vector<SourceFile> files;
  files.reserve(listed->size());
  for (const HubFile& file : *listed) {
    files.push_back({.wanted = {file.name, file.size, ChecksumsOf(file, ""), {}},
                     .version = file.sha256.empty() ? file.git_sha1 : file.sha256,
                     .etag = {},
                     .origin = hub_.OriginOf(*commit, file.name, {})});
  }
  std::vector<WantedFile*> wanted;
  wanted.reserve(files.size());
  for (SourceFile& file : files) wanted.push_back(&file.wanted);
  if (Status added = AddSha256(options_, wanted); !added) return Forward(added);
  auto pulled = BringToFolder(options_, web_options_, std::move(files), options_.output);
  if (pulled) pulled->revision = *commit;
  return pulled;
}

}  // namespace

Result<std::string> HubRevision(const HubSource& source, const PullOptions& options) {
  auto settings = ReadHubSettings(options.env);
  if (!settings) return Forward(settings);
  return HubPull(source, options, *settings).Commit();
}

Result<Pulled> PullHub(const HubSource& source, const PullOptions& options) {
  auto settings = ReadHubSettings(options.env);
  if (!settings) return Forward(settings);
  HubPull pull(source, options, *settings);
  return options.output.empty() ? pull.IntoCache() : pull.IntoFolder();
}

}  // namespace hearth::fetch
