#include "fetch/lock_file.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "fetch/files.h"

namespace hearth::fetch {
namespace {

constexpr int kLookAgainMs = 50;

// Whoever had the lock before may have removed the file: then this is a lock on nothing.
bool IsStillThere(int fd, const std::string& path) {
  struct stat held{};
  struct stat named{};
  return ::fstat(fd, &held) == 0 && ::stat(path.c_str(), &named) == 0 &&
         held.st_ino == named.st_ino && held.st_dev == named.st_dev;
}

}  // namespace

Result<LockFile> LockFile::Take(const std::string& path, bool remove,
                                http::Clock::time_point deadline, const Cancel& cancel,
                                const std::function<void(const std::string&)>& on_wait) {
  bool said = false;
  while (true) {
    UniqueFd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0666));
    if (!fd.valid()) return CannotWrite(path, errno);
    const bool locked = ::flock(fd.get(), LOCK_EX | LOCK_NB) == 0;
    if (!locked && errno != EWOULDBLOCK && errno != EINTR) return LockFile(std::move(fd), "");
    if (locked && IsStillThere(fd.get(), path)) {
      return LockFile(std::move(fd), remove ? path : "");
    }
    if (locked) continue;
    if (!said && on_wait) on_wait(path);
    said = true;
    // flock cannot be waited for together with a signal's flag or a deadline: look again.
    pollfd stop{cancel.fd(), POLLIN, 0};
    ::poll(&stop, 1, kLookAgainMs);
    if (cancel.fired()) return Fail(Code::kCancelled, "stopped while waiting for \"{}\"", path);
    if (http::Clock::now() > deadline) {
      return Fail(Code::kDeadlineExceeded,
                  "another process has held \"{}\" until the deadline (--deadline)", path);
    }
  }
}

LockFile::LockFile(LockFile&& other) noexcept
    : fd_(std::move(other.fd_)), remove_path_(std::exchange(other.remove_path_, {})) {}

LockFile::~LockFile() {
  if (fd_.valid() && !remove_path_.empty()) ::unlink(remove_path_.c_str());
}

}  // namespace hearth::fetch
