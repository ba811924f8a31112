#include "fetch/files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/unique_fd.h"

namespace hearth::fetch {

tl::unexpected<Error> CannotWrite(const std::string& path, int error) {
  switch (error) {
    case ENOSPC:
      return Fail(Code::kIo,
                  "cannot write \"{}\": no space left on the disk; free some and run again", path);
    case EDQUOT:
      return Fail(Code::kIo,
                  "cannot write \"{}\": the disk quota is used up; free some and run again", path);
    case EFBIG:
      return Fail(Code::kIo,
                  "cannot write \"{}\": it is larger than this file system or `ulimit -f` allows",
                  path);
    case EROFS:
      return Fail(Code::kIo,
                  "cannot write \"{}\": the file system is read-only; choose another place (-o, or "
                  "HF_HOME for the hub's cache)",
                  path);
    case EACCES:
    case EPERM:
      return Fail(
          Code::kIo,
          "cannot write \"{}\": permission denied for user {}; choose another place (-o, or "
          "HF_HOME for the hub's cache)",
          path, ::geteuid());
    default:
      return Fail(Code::kIo, "cannot write \"{}\": {}", path, std::strerror(error));
  }
}

Status MakeFolder(const std::string& path) {
  for (size_t slash = path.find('/', 1);; slash = path.find('/', slash + 1)) {
    const std::string part = path.substr(0, slash);
    struct stat there{};
    if (::mkdir(part.c_str(), 0777) != 0) {
      const int failed = errno;
      if (::stat(part.c_str(), &there) != 0) return CannotWrite(part, failed);
      if (!S_ISDIR(there.st_mode)) return CannotWrite(part, ENOTDIR);
    }
    if (slash == std::string::npos) return {};
  }
}

bool IsFolder(const std::string& path) {
  struct stat there{};
  return ::stat(path.c_str(), &there) == 0 && S_ISDIR(there.st_mode);
}

Status MakeParents(const std::string& base, const std::string& name) {
  for (size_t slash = name.find('/'); slash != std::string::npos;
       slash = name.find('/', slash + 1)) {
    const std::string part = base + "/" + name.substr(0, slash);
    struct stat there{};
    if (::mkdir(part.c_str(), 0777) == 0) continue;
    const int failed = errno;
    if (::lstat(part.c_str(), &there) != 0) return CannotWrite(part, failed);
    if (S_ISLNK(there.st_mode)) {
      return Fail(Code::kCorrupt, "\"{}\" is a link: not followed, since it may lead out of \"{}\"",
                  part, base);
    }
    if (!S_ISDIR(there.st_mode)) return CannotWrite(part, ENOTDIR);
  }
  return {};
}

std::string ParentOf(const std::string& path) {
  const size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

Status FlushFolder(const std::string& folder) {
  const UniqueFd fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (fd.valid() && ::fsync(fd.get()) != 0 && errno == EIO) return CannotWrite(folder, errno);
  return {};
}

}  // namespace hearth::fetch
