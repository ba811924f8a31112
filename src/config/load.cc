#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/unique_fd.h"
#include "config/config.h"
#include "config/shape.h"

namespace hearth::config {
namespace {

// The file, or as much of it as shows that it is too large: it may be endless.
Result<std::string> ReadCapped(const std::string& path) {
  const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.valid()) {
    const int error = errno;
    return Fail(error == ENOENT ? Code::kNotFound : Code::kIo, "cannot open \"{}\": {}", path,
                std::strerror(error));
  }
  std::string text;
  std::string block(65'536, '\0');
  while (text.size() <= kFileBytesMax) {
    const ssize_t got = ::read(file.get(), block.data(), block.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return Fail(Code::kIo, "cannot read \"{}\": {}", path, std::strerror(errno));
    if (got == 0) break;
    text.append(block, 0, static_cast<size_t>(got));
  }
  return text;
}

}  // namespace

Result<Config> LoadConfig(const std::string& path) {
  const std::string name = path.empty() ? "hearth.toml" : path;
  Result<std::string> text = ReadCapped(name);
  if (!text && path.empty() && text.error().code == Code::kNotFound) return Config();
  if (!text) return Forward(text);
  Result<Config> config = ParseConfig(*text, name);
  if (config) config->path = name;
  return config;
}

}  // namespace hearth::config
