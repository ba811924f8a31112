#include "fetch/pull_parts.h"

#include <sys/stat.h>

#include <algorithm>
#include <span>

#include "base/sha256.h"
#include "fetch/files.h"
#include "fetch/lock_file.h"
#include "fetch/names.h"

namespace hearth::fetch {
namespace {

constexpr size_t kKeyDigits = 16;

std::string HashOf(const std::string& text) {
  Sha256 hash;
  hash.Update(std::as_bytes(std::span(text)));
  return Hex(hash.Digest());
}

FileToBring AsFileToBring(SourceFile file, const std::string& path) {
  return {.name = file.wanted.name,
          .final_path = path,
          .size = file.wanted.size,
          .etag = file.etag,
          .key = KeyOf(file.wanted.name, file.version, file.wanted.size),
          .checksums = std::move(file.wanted.checksums),
          .origin = std::move(file.origin)};
}

Result<LockFile> TakeLock(const PullOptions& options, const std::string& path) {
  return LockFile::Take(path, true, options.deadline, *options.cancel, options.events.on_wait);
}

}  // namespace

WebOptions WebOptionsFor(const PullOptions& options, const std::string& ca_file) {
  return {.env = options.env,
          .ca_file = ca_file,
          .idle_timeout = options.idle_timeout,
          .deadline = options.deadline,
          .cancel = options.cancel};
}

std::string KeyOf(const std::string& source, const std::string& version, uint64_t size) {
  return HashOf(fmt::format("{}\n{}\n{}", source, version, size)).substr(0, kKeyDigits);
}

std::string RevisionOf(const std::vector<SourceFile>& files) {
  std::string text;
  for (const SourceFile& file : files) {
    text += fmt::format("{}\n{}\n{}\n", file.wanted.name, file.wanted.size, file.version);
  }
  return HashOf(text);
}

Status AddSha256(const PullOptions& options, std::vector<WantedFile*> files) {
  for (const auto& [name, hex] : options.sha256) {
    if (name.empty() && files.size() != 1) {
      return Fail(Code::kUsage,
                  "--sha256 {} is for a source of one file, this one has {}: use --sha256 NAME=HEX",
                  hex, files.size());
    }
    const auto is = [&](const WantedFile* file) { return name.empty() || file->name == name; };
    const auto found = std::ranges::find_if(files, is);
    if (found == files.end()) {
      return Fail(Code::kUsage, "--sha256 {}={}: there is no such file to bring", name, hex);
    }
    (*found)->checksums.push_back({ChecksumKind::kSha256, hex});
  }
  return {};
}

Result<std::vector<std::string>> SelectNames(const PullOptions& options,
                                             const std::vector<std::string>& names) {
  if (Status sound = CheckNames(names); !sound) return Forward(sound);
  std::vector<std::string> out;
  for (const std::string& name : names) {
    if (Selected(name, options.include)) out.push_back(name);
  }
  std::ranges::sort(out);
  if (!out.empty()) return out;
  std::string some;
  for (size_t i = 0; i < std::min<size_t>(names.size(), 5); ++i) {
    some += fmt::format("{}{:.60}", i == 0 ? ": " : ", ", names[i]);
  }
  return Fail(Code::kNotFound, "{} has {} files, none of which is wanted{}; see --include",
              ToString(options.source), names.size(), some);
}

Result<DownloadState> Bring(const PullOptions& options, const WebOptions& web,
                            std::vector<FileToBring> files) {
  return Download(std::move(files), {.web = web,
                                     .connections = options.connections,
                                     .piece_bytes = options.piece_bytes,
                                     .cancel = options.cancel,
                                     .on_tick = options.events.on_state,
                                     .on_retry = options.events.on_retry});
}

Result<Pulled> BringToFolder(const PullOptions& options, const WebOptions& web,
                             std::vector<SourceFile> files, const std::string& folder) {
  Pulled out{.path = folder, .revision = RevisionOf(files), .files = files.size(), .state = {}};
  if (Status made = MakeFolder(folder); !made) return Forward(made);
  auto lock = TakeLock(options, folder + "/.hearth-pull.lock");
  if (!lock) return Forward(lock);
  std::vector<FileToBring> missing;
  for (SourceFile& file : files) {
    const std::string path = folder + "/" + file.wanted.name;
    out.bytes += file.wanted.size;
    auto there = IsThere(path, file.wanted, *options.cancel);
    if (!there) return Forward(there);
    if (*there) continue;
    if (Status made = MakeParents(folder, file.wanted.name); !made) return Forward(made);
    missing.push_back(AsFileToBring(std::move(file), path));
  }
  auto state = Bring(options, web, std::move(missing));
  if (!state) return Forward(state);
  out.state = *state;
  return out;
}

Result<Pulled> BringToFile(const PullOptions& options, const WebOptions& web, SourceFile file,
                           const std::string& path) {
  Pulled out{.path = path, .revision = {}, .files = 1, .bytes = file.wanted.size, .state = {}};
  out.revision = KeyOf(file.wanted.name, file.version, file.wanted.size);
  const size_t slash = path.rfind('/');
  const std::string name = slash == std::string::npos ? path : path.substr(slash + 1);
  if (Status made = MakeFolder(ParentOf(path)); !made) return Forward(made);
  auto lock = TakeLock(options, fmt::format("{}/.{}.hearth-pull.lock", ParentOf(path), name));
  if (!lock) return Forward(lock);
  auto there = IsThere(path, file.wanted, *options.cancel);
  if (!there) return Forward(there);
  if (*there) return out;
  std::vector<FileToBring> missing;
  missing.push_back(AsFileToBring(std::move(file), path));
  auto state = Bring(options, web, std::move(missing));
  if (!state) return Forward(state);
  out.state = *state;
  return out;
}

Result<Pulled> Pull(const PullOptions& options) {
  if (const auto* hub = std::get_if<HubSource>(&options.source)) return PullHub(*hub, options);
  if (const auto* s3 = std::get_if<S3Source>(&options.source)) return PullS3(*s3, options);
  return PullFolder(std::get<FolderSource>(options.source), options);
}

Result<std::string> FindRevision(const PullOptions& options) {
  if (const auto* hub = std::get_if<HubSource>(&options.source)) return HubRevision(*hub, options);
  if (const auto* s3 = std::get_if<S3Source>(&options.source)) return S3Revision(*s3, options);
  return FolderRevision(std::get<FolderSource>(options.source), options);
}

}  // namespace hearth::fetch
