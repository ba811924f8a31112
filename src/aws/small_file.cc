#include "aws/small_file.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>

#include "base/unique_fd.h"

namespace hearth::aws {

Result<std::string> ReadSmallFile(const std::string& path, size_t bytes_max) {
  const auto failed = [&](int error) {
    return Fail(error == ENOENT || error == ENOTDIR ? Code::kNotFound : Code::kIo,
                "cannot read \"{}\": {}", path, std::strerror(error));
  };
  // A pipe without a writer must not hold us up.
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!fd.valid()) return failed(errno);
  struct stat info{};
  if (::fstat(fd.get(), &info) != 0) return failed(errno);
  if (!S_ISREG(info.st_mode)) return Fail(Code::kIo, "cannot read \"{}\": it is no file", path);
  std::string out(bytes_max + 1, '\0');
  size_t size = 0;
  while (size < out.size()) {
    const ssize_t got = ::read(fd.get(), out.data() + size, out.size() - size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return failed(errno);
    if (got == 0) break;
    size += static_cast<size_t>(got);
  }
  if (size > bytes_max) {
    return Fail(Code::kTooLarge, "cannot read \"{}\": it has more than {} bytes", path, bytes_max);
  }
  out.resize(size);
  return out;
}

}  // namespace hearth::aws
