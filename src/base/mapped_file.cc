#include "base/mapped_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "base/unique_fd.h"

namespace hearth {

namespace {

constexpr size_t kPage = 4096;

}  // namespace

Result<MappedFile> MappedFile::Open(const std::string& path) {
  UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!fd.valid()) {
    return Fail(errno == ENOENT ? Code::kNotFound : Code::kIo, "cannot open \"{}\": {}", path,
                std::strerror(errno));
  }
  struct stat info = {};
  if (::fstat(fd.get(), &info) != 0) {
    return Fail(Code::kIo, "cannot stat \"{}\": {}", path, std::strerror(errno));
  }
  if (!S_ISREG(info.st_mode)) return Fail(Code::kIo, "cannot map \"{}\": not a regular file", path);
  const auto size = static_cast<size_t>(info.st_size);
  if (size == 0) return MappedFile(nullptr, 0);
  void* data = ::mmap(nullptr, size, PROT_READ, MAP_SHARED, fd.get(), 0);
  if (data == MAP_FAILED) {
    return Fail(Code::kIo, "cannot map \"{}\": {}", path, std::strerror(errno));
  }
  return MappedFile(static_cast<const std::byte*>(data), size);
}

MappedFile::MappedFile(MappedFile&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}

MappedFile& MappedFile::operator=(MappedFile&& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  return *this;
}

MappedFile::~MappedFile() {
  if (data_ != nullptr) ::munmap(const_cast<std::byte*>(data_), size_);
}

Status MappedFile::Populate(size_t offset, size_t length) const {
  if (offset >= size_ || length == 0) return {};
  const size_t begin = offset / kPage * kPage;
  const size_t end = std::min(size_, offset + length);
  void* start = const_cast<std::byte*>(data_ + begin);
  int rc = 0;
  do {
    rc = ::madvise(start, end - begin, MADV_POPULATE_READ);
  } while (rc != 0 && errno == EINTR);
  if (rc == 0) return {};
  if (errno != EINVAL) {
    return Fail(Code::kIo, "cannot read the model file into memory: {}", std::strerror(errno));
  }
  for (size_t at = begin; at < end; at += kPage) {
    static_cast<void>(*static_cast<const volatile std::byte*>(data_ + at));
  }
  return {};
}

}  // namespace hearth
