#include "fetch/place.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include "base/atomic_file.h"
#include "base/unique_fd.h"
#include "fetch/files.h"

namespace hearth::fetch {

namespace fs = std::filesystem;

namespace {

constexpr size_t kStep = size_t{256} * 1024;

tl::unexpected<Error> CannotRead(const std::string& path, int error) {
  return Fail(error == ENOENT ? Code::kNotFound : Code::kIo, "cannot read \"{}\": {}", path,
              std::strerror(error));
}

Status ForAllBytes(const std::string& path, const Cancel& cancel,
                   const std::function<Status(std::span<const std::byte>)>& take) {
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd.valid()) return CannotRead(path, errno);
  std::array<std::byte, kStep> buffer;  // filled by read
  while (!cancel.fired()) {
    const ssize_t count = ::read(fd.get(), buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return CannotRead(path, errno);
    if (count == 0) return {};
    if (Status taken = take({buffer.data(), static_cast<size_t>(count)}); !taken) return taken;
  }
  return Fail(Code::kCancelled, "stopped");
}

}  // namespace

Result<bool> IsThere(const std::string& path, const WantedFile& wanted, const Cancel& cancel) {
  struct stat there{};
  if (::lstat(path.c_str(), &there) != 0 || !S_ISREG(there.st_mode) ||
      static_cast<uint64_t>(there.st_size) != wanted.size) {
    return false;
  }
  if (wanted.checksums.empty()) return wanted.modified && there.st_mtime >= *wanted.modified;
  ChecksumRun run(wanted.checksums, wanted.size);
  Status read = ForAllBytes(path, cancel, [&](std::span<const std::byte> bytes) -> Status {
    run.Update(bytes);
    return {};
  });
  if (!read) return Forward(read);
  return run.Finish().has_value();
}

Status CopyFile(const std::string& from, const std::string& to, const Cancel& cancel,
                const std::function<void(uint64_t)>& on_bytes) {
  struct stat source{};
  if (::stat(from.c_str(), &source) != 0) return CannotRead(from, errno);
  auto file = AtomicFile::Create(to, static_cast<uint64_t>(source.st_size));
  if (!file) return Forward(file);
  Status copied = ForAllBytes(from, cancel, [&](std::span<const std::byte> bytes) {
    on_bytes(bytes.size());
    return file->Write(bytes);
  });
  if (!copied) return copied;
  return file->Commit();
}

Result<std::vector<WantedFile>> ListFolder(const std::string& folder) {
  std::vector<WantedFile> out;
  std::error_code error;
  const fs::path base(folder);
  for (fs::recursive_directory_iterator at(base, error), end; !error && at != end;
       at.increment(error)) {
    struct stat there{};
    if (::stat(at->path().c_str(), &there) != 0 || !S_ISREG(there.st_mode)) continue;
    out.push_back({.name = at->path().lexically_relative(base).string(),
                   .size = static_cast<uint64_t>(there.st_size),
                   .checksums = {},
                   .modified = there.st_mtime});
  }
  if (error) return CannotRead(folder, error.value());
  std::ranges::sort(out, {}, &WantedFile::name);
  return out;
}

}  // namespace hearth::fetch
