#include "base/atomic_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <utility>

namespace hearth {

namespace {

struct SplitPath {
  std::string folder;
  std::string name;
};

SplitPath Split(const std::string& path) {
  const size_t slash = path.rfind('/');
  if (slash == std::string::npos) return {".", path};
  return {slash == 0 ? "/" : path.substr(0, slash), path.substr(slash + 1)};
}

tl::unexpected<Error> WriteFailure(const std::string& path, int error) {
  if (error == ENOSPC || error == EDQUOT) {
    return Fail(Code::kIo,
                "cannot write \"{}\": no space left on the disk; free some and try again", path);
  }
  return Fail(Code::kIo, "cannot write \"{}\": {}", path, std::strerror(error));
}

// The rename is on the disk only when the folder is. Some file systems cannot flush a folder: that
// is not a failure.
Status FlushFolder(const std::string& path) {
  UniqueFd folder(::open(Split(path).folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (folder.valid() && ::fsync(folder.get()) != 0 && errno == EIO)
    return WriteFailure(path, errno);
  return {};
}

}  // namespace

Result<AtomicFile> AtomicFile::Create(const std::string& path, uint64_t size_hint) {
  static std::atomic<unsigned> counter{0};
  const auto [folder, name] = Split(path);
  if (name.empty())
    return Fail(Code::kInvalidArgument, "cannot write \"{}\": it names a folder", path);
  std::string temporary;
  UniqueFd fd;
  do {
    temporary = fmt::format("{}/.{}.{}-{}.tmp", folder, name, ::getpid(), counter.fetch_add(1));
    fd.Reset(::open(temporary.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666));
  } while (!fd.valid() && errno == EEXIST);
  if (!fd.valid()) return WriteFailure(path, errno);
  AtomicFile file(std::move(fd), path, std::move(temporary));
  if (size_hint > 0) {
    // Not every file system can reserve; then a full disk is found while writing.
    const int rc =
        ::fallocate(file.fd_.get(), FALLOC_FL_KEEP_SIZE, 0, static_cast<off_t>(size_hint));
    if (rc != 0 && (errno == ENOSPC || errno == EDQUOT || errno == EFBIG)) {
      return WriteFailure(path, errno);
    }
  }
  return file;
}

AtomicFile::AtomicFile(AtomicFile&& other) noexcept
    : fd_(std::move(other.fd_)),
      path_(std::move(other.path_)),
      temporary_(std::exchange(other.temporary_, {})),
      written_(other.written_) {}

AtomicFile::~AtomicFile() {
  if (!temporary_.empty()) ::unlink(temporary_.c_str());
}

Status AtomicFile::Write(std::span<const std::byte> bytes) {
  Status status = WriteAt(written_, bytes);
  if (status) written_ += bytes.size();
  return status;
}

Status AtomicFile::WriteAt(uint64_t offset, std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t count =
        ::pwrite(fd_.get(), bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return WriteFailure(path_, errno);
    bytes = bytes.subspan(static_cast<size_t>(count));
    offset += static_cast<uint64_t>(count);
  }
  return {};
}

Status AtomicFile::Commit() {
  if (::fsync(fd_.get()) != 0) return WriteFailure(path_, errno);
  if (::rename(temporary_.c_str(), path_.c_str()) != 0) return WriteFailure(path_, errno);
  temporary_.clear();
  return FlushFolder(path_);
}

}  // namespace hearth
