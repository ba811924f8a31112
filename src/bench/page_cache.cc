#include "bench/page_cache.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <sstream>

#include "base/unique_fd.h"

namespace hearth::bench {
namespace {
namespace fs = std::filesystem;

Status SetOne(CacheState state, const std::string& path) {
  const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.valid()) return Fail(Code::kIo, "cannot read \"{}\": {}", path, std::strerror(errno));
  if (state == CacheState::kCold) {
    ::fdatasync(file.get());
    const int error = ::posix_fadvise(file.get(), 0, 0, POSIX_FADV_DONTNEED);
    if (error != 0) return Fail(Code::kIo, "cannot evict \"{}\": {}", path, std::strerror(error));
    return {};
  }
  static char block[1 << 20];
  ssize_t got = 0;
  while ((got = ::read(file.get(), block, sizeof block)) > 0) {
  }
  if (got < 0) return Fail(Code::kIo, "cannot read \"{}\": {}", path, std::strerror(errno));
  return {};
}

Status SetFolder(CacheState state, const std::string& path) {
  std::error_code error;
  fs::recursive_directory_iterator entries(path, fs::directory_options::skip_permission_denied,
                                           error);
  for (; !error && entries != fs::recursive_directory_iterator(); entries.increment(error)) {
    std::error_code ignored;
    if (!entries->is_regular_file(ignored)) continue;
    if (Status set = SetOne(state, entries->path().string()); !set) return set;
  }
  if (error) return Fail(Code::kIo, "cannot list \"{}\": {}", path, error.message());
  return {};
}

std::string FindInPath(const std::string& program) {
  const char* path = std::getenv("PATH");
  if (program.find('/') != std::string::npos || path == nullptr) return program;
  std::istringstream folders(path);
  for (std::string folder; std::getline(folders, folder, ':');) {
    std::string candidate = fmt::format("{}/{}", folder, program);
    if (::access(candidate.c_str(), X_OK) == 0) return candidate;
  }
  return program;
}

}  // namespace

Result<CacheState> ParseCacheState(std::string_view name) {
  if (name == "warm") return CacheState::kWarm;
  if (name == "cold") return CacheState::kCold;
  if (name == "keep") return CacheState::kKeep;
  return Fail(Code::kUsage, "unknown cache state \"{}\": give warm, cold or keep", name);
}

std::string_view NameOf(CacheState state) {
  switch (state) {
    case CacheState::kWarm:
      return "warm";
    case CacheState::kCold:
      return "cold";
    case CacheState::kKeep:
      return "keep";
  }
  return "";
}

Status SetCacheState(CacheState state, const std::vector<std::string>& paths) {
  if (state == CacheState::kKeep) return {};
  for (const std::string& path : paths) {
    std::error_code error;
    const bool folder = fs::is_directory(path, error);
    Status set = folder ? SetFolder(state, path) : SetOne(state, path);
    if (!set) return set;
  }
  return {};
}

Result<double> CachedShare(const std::string& path) {
  const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  struct stat info = {};
  if (!file.valid() || ::fstat(file.get(), &info) != 0) {
    return Fail(Code::kIo, "cannot read \"{}\": {}", path, std::strerror(errno));
  }
  if (info.st_size == 0) return 1.0;
  const auto size = static_cast<size_t>(info.st_size);
  void* data = ::mmap(nullptr, size, PROT_READ, MAP_SHARED, file.get(), 0);
  if (data == MAP_FAILED)
    return Fail(Code::kIo, "cannot map \"{}\": {}", path, std::strerror(errno));
  const auto page = static_cast<size_t>(::sysconf(_SC_PAGESIZE));
  std::vector<unsigned char> resident((size + page - 1) / page);
  const int failed = ::mincore(data, size, resident.data());
  ::munmap(data, size);
  if (failed != 0) return Fail(Code::kIo, "cannot ask for pages of \"{}\"", path);
  const auto count =
      std::ranges::count_if(resident, [](unsigned char bits) { return (bits & 1U) != 0; });
  return static_cast<double>(count) / static_cast<double>(resident.size());
}

std::vector<std::string> FilesOfCommand(const std::vector<std::string>& command) {
  std::vector<std::string> out;
  for (size_t i = 0; i < command.size(); ++i) {
    std::string word = i == 0 ? FindInPath(command[i]) : command[i];
    std::error_code error;
    if (!fs::exists(word, error)) word = word.substr(word.find('=') + 1);
    if (!word.empty() && word != "." && word != "/" && fs::exists(word, error)) out.push_back(word);
  }
  return out;
}

}  // namespace hearth::bench
