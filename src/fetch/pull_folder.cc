// A folder on this machine: copied file by file.
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "fetch/files.h"
#include "fetch/lock_file.h"
#include "fetch/pull_parts.h"

namespace hearth::fetch {
namespace {

Result<std::vector<WantedFile>> Wanted(const FolderSource& source, const PullOptions& options) {
  auto all = ListFolder(source.path);
  if (!all) return all;
  std::vector<std::string> names;
  names.reserve(all->size());
  for (const WantedFile& file : *all) names.push_back(file.name);
  auto selected = SelectNames(options, names);
  if (!selected) return Forward(selected);
  std::erase_if(*all, [&](const WantedFile& file) {
    return !std::ranges::binary_search(*selected, file.name);
  });
  std::vector<WantedFile*> pointers;
  pointers.reserve(all->size());
  for (WantedFile& file : *all) pointers.push_back(&file);
  if (Status added = AddSha256(options, pointers); !added) return Forward(added);
  return all;
}

std::string Revision(const std::vector<WantedFile>& files) {
  std::vector<SourceFile> parts;
  parts.reserve(files.size());
  for (const WantedFile& file : files) {
    parts.push_back({file, std::to_string(file.modified.value_or(0)), {}, nullptr});
  }
  return RevisionOf(parts);
}

Status CopyOne(const FolderSource& source, const PullOptions& options, const WantedFile& file,
               Pulled* out) {
  const std::string to = options.output + "/" + file.name;
  auto there = IsThere(to, file, *options.cancel);
  if (!there) return Forward(there);
  if (*there) return {};
  if (Status made = MakeParents(options.output, file.name); !made) return made;
  Status copied = CopyFile(source.path + "/" + file.name, to, *options.cancel, [&](uint64_t bytes) {
    out->state.there += bytes;
    out->state.arrived += bytes;
    if (options.events.on_state) options.events.on_state(out->state);
  });
  if (!copied || file.checksums.empty()) return copied;
  auto right = IsThere(to, file, *options.cancel);
  if (!right) return Forward(right);
  if (*right) return {};
  ::unlink(to.c_str());
  return Fail(Code::kCorrupt, "\"{}\" has not the SHA-256 that was given", file.name);
}

}  // namespace

Result<std::string> FolderRevision(const FolderSource& source, const PullOptions& options) {
  auto files = Wanted(source, options);
  if (!files) return Forward(files);
  return Revision(*files);
}

Result<Pulled> PullFolder(const FolderSource& source, const PullOptions& options) {
  auto files = Wanted(source, options);
  if (!files) return Forward(files);
  Pulled out{
      .path = options.output, .revision = Revision(*files), .files = files->size(), .state = {}};
  struct stat from{};
  struct stat to{};
  if (Status made = MakeFolder(options.output); !made) return Forward(made);
  if (::stat(source.path.c_str(), &from) == 0 && ::stat(options.output.c_str(), &to) == 0 &&
      from.st_ino == to.st_ino && from.st_dev == to.st_dev) {
    return Fail(Code::kUsage, "\"{}\" is the source itself", options.output);
  }
  auto lock = LockFile::Take(options.output + "/.hearth-pull.lock", true, options.deadline,
                             *options.cancel, options.events.on_wait);
  if (!lock) return Forward(lock);
  for (const WantedFile& file : *files) out.bytes += file.size;
  out.state.total = out.bytes;
  for (const WantedFile& file : *files) {
    if (Status copied = CopyOne(source, options, file, &out); !copied) return Forward(copied);
  }
  return out;
}

}  // namespace hearth::fetch
