#include "fetch/partial_file.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <fstream>
#include <memory>

#include "base/text_file.h"
#include "fetch/files.h"
#include "fetch/journal.h"

namespace hearth::fetch {
namespace {

constexpr std::string_view kSuffix = ".partial-";
constexpr std::string_view kJournalSuffix = ".journal";

std::string NameIn(const std::string& path) { return path.substr(path.rfind('/') + 1); }

// What older pulls of other versions left behind.
void RemoveOthers(const std::string& final_path, const std::string& keep) {
  const std::string folder = ParentOf(final_path);
  const std::string prefix = NameIn(final_path) + std::string(kSuffix);
  const std::string kept = NameIn(keep);
  const std::string kept_journal = std::string(kept).append(kJournalSuffix);
  const std::unique_ptr<DIR, int (*)(DIR*)> open(::opendir(folder.c_str()), &::closedir);
  if (!open) return;
  while (const dirent* entry = ::readdir(open.get())) {
    const std::string name = entry->d_name;
    if (name.starts_with(prefix) && name != kept && name != kept_journal) {
      ::unlink(std::string(folder).append("/").append(name).c_str());
    }
  }
}

// What the last pull left, if it can be gone on with.
RangeSet Resumable(const PartialOptions& options, const std::string& path) {
  struct stat there{};
  if (::lstat(path.c_str(), &there) != 0 || !S_ISREG(there.st_mode) ||
      static_cast<uint64_t>(there.st_size) != options.size) {
    return {};
  }
  const auto journal = ReadJournal(ReadText(path + std::string(kJournalSuffix)).value_or(""));
  if (!journal || journal->head.size != options.size || journal->head.key != options.key) return {};
  if (journal->head.boot_id != options.boot_id && !options.verified) return {};
  return journal->done;
}

Status WriteAll(int fd, const std::string& path, std::string_view text) {
  const ssize_t written = ::write(fd, text.data(), text.size());
  if (written == static_cast<ssize_t>(text.size())) return {};
  return CannotWrite(path, written < 0 ? errno : ENOSPC);
}

}  // namespace

Result<PartialFile> PartialFile::Open(PartialOptions options) {
  const std::string path = options.final_path + std::string(kSuffix) + options.key;
  PartialFile file(std::move(options), path);
  RemoveOthers(file.options_.final_path, path);
  file.resumed_ = Resumable(file.options_, path);
  const bool fresh = file.resumed_.total() == 0;
  if (fresh) ::unlink(path.c_str());
  // Another may have put a link in its place: not followed.
  const int flags = O_RDWR | O_CLOEXEC | O_NOFOLLOW | (fresh ? O_CREAT | O_EXCL : 0);
  file.fd_.Reset(::open(path.c_str(), flags, 0666));
  if (!file.fd_.valid()) return CannotWrite(file.options_.final_path, errno);
  Status ready = file.Reserve();
  if (ready) ready = file.OpenJournal(fresh);
  if (!ready) {
    if (fresh) file.Discard();
    return Forward(ready);
  }
  return file;
}

// A full disk is known before the work is done. Not every file system can reserve.
Status PartialFile::Reserve() {
  const auto size = static_cast<off_t>(options_.size);
  if (size == 0) return {};
  int failed = ::fallocate(fd_.get(), 0, 0, size) == 0 ? 0 : errno;
  if (failed == EOPNOTSUPP || failed == ENOSYS || failed == EINVAL) {
    failed = ::ftruncate(fd_.get(), size) == 0 ? 0 : errno;
  }
  if (failed != 0) return CannotWrite(options_.final_path, failed);
  return {};
}

Status PartialFile::OpenJournal(bool fresh) {
  const std::string path = path_ + std::string(kJournalSuffix);
  if (fresh) ::unlink(path.c_str());
  const std::string whole_path = path + ".new";
  ::unlink(whole_path.c_str());
  journal_.Reset(
      ::open(whole_path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_EXCL | O_CLOEXEC, 0666));
  if (!journal_.valid()) return CannotWrite(options_.final_path, errno);
  // Written anew: a line that was cut off would run into the next one.
  std::string text = FirstLine({options_.size, options_.boot_id, options_.key});
  for (const Range& range : resumed_.All()) text += RangeLine(range);
  Status written = WriteAll(journal_.get(), options_.final_path, text);
  if (written && ::rename(whole_path.c_str(), path.c_str()) != 0) {
    written = CannotWrite(options_.final_path, errno);
  }
  if (!written) ::unlink(whole_path.c_str());
  return written;
}

Status PartialFile::Write(uint64_t offset, std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t count =
        ::pwrite(fd_.get(), bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return CannotWrite(options_.final_path, errno);
    bytes = bytes.subspan(static_cast<size_t>(count));
    offset += static_cast<uint64_t>(count);
  }
  return {};
}

Status PartialFile::Note(Range range) {
  return WriteAll(journal_.get(), options_.final_path, RangeLine(range));
}

Status PartialFile::NoteRestart() {
  return WriteAll(journal_.get(), options_.final_path, kRestartLine);
}

Status PartialFile::Read(uint64_t offset, std::span<std::byte> bytes) const {
  while (!bytes.empty()) {
    const ssize_t count =
        ::pread(fd_.get(), bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) {
      return Fail(Code::kIo, "cannot read \"{}\" back", path_);
    }
    bytes = bytes.subspan(static_cast<size_t>(count));
    offset += static_cast<uint64_t>(count);
  }
  return {};
}

Status PartialFile::Commit() {
  if (::fsync(fd_.get()) != 0) return CannotWrite(options_.final_path, errno);
  if (::rename(path_.c_str(), options_.final_path.c_str()) != 0) {
    return CannotWrite(options_.final_path, errno);
  }
  ::unlink((path_ + std::string(kJournalSuffix)).c_str());
  return FlushFolder(ParentOf(options_.final_path));
}

void PartialFile::Discard() {
  ::unlink(path_.c_str());
  ::unlink((path_ + std::string(kJournalSuffix)).c_str());
}

std::string ReadBootId() {
  std::ifstream file("/proc/sys/kernel/random/boot_id");
  std::string id;
  file >> id;
  return id.empty() ? "unknown" : id;
}

}  // namespace hearth::fetch
