#include "pool/private_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/unique_fd.h"

namespace hearth::pool {
namespace {

tl::unexpected<Error> CannotWrite(const std::string& path, int error) {
  if (error == ENOSPC || error == EDQUOT) {
    return Fail(Code::kIo,
                "cannot write \"{}\": no space left on the disk; free some and try again", path);
  }
  if (error == EROFS || error == EACCES || error == EPERM) {
    return Fail(Code::kIo, "cannot write \"{}\": {}; let [pool] state_dir name a folder of yours",
                path, std::strerror(error));
  }
  return Fail(Code::kIo, "cannot write \"{}\": {}", path, std::strerror(error));
}

bool WriteAll(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t count = ::write(fd, text.data(), text.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return false;
    text.remove_prefix(static_cast<size_t>(count));
  }
  return true;
}

}  // namespace

Status ReplacePrivateFile(const std::string& path, std::string_view text, Survives survives) {
  // One writer per path: what a killed one has left is written over.
  const std::string temporary = path + ".tmp";
  ::unlink(temporary.c_str());
  UniqueFd fd(
      ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!fd.valid()) return CannotWrite(path, errno);
  const bool whole = WriteAll(fd.get(), text) &&
                     (survives == Survives::kProcess || ::fsync(fd.get()) == 0) &&
                     ::rename(temporary.c_str(), path.c_str()) == 0;
  if (whole) return {};
  const int error = errno;
  ::unlink(temporary.c_str());
  return CannotWrite(path, error);
}

}  // namespace hearth::pool
