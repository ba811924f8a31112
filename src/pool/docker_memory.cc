#include "pool/docker_memory.h"

#include <algorithm>
#include <optional>
#include <sstream>
#include <string_view>

#include "base/cgroup.h"
#include "base/text_file.h"

namespace hearth::pool {
namespace {

std::optional<int64_t> InUse(const std::string& folder, std::string_view usage_file,
                             std::string_view inactive_key) {
  const auto usage = ReadInt(folder + "/" + std::string(usage_file));
  if (!usage) return std::nullopt;
  const auto inactive = ReadKey(folder + "/memory.stat", inactive_key);
  return std::max<int64_t>(0, *usage - inactive.value_or(0));
}

std::optional<int64_t> InUseV1(const std::string& folder) {
  return InUse(folder, "memory.usage_in_bytes", "total_inactive_file");
}

std::optional<int64_t> InUseV2(const std::string& folder) {
  return InUse(folder, "memory.current", "inactive_file");
}

// Where the process says that it is, when that folder is the container's own: a pid may have gone
// to somebody else. Lines are "0::/path" (v2) and "4:memory:/path" (v1).
std::optional<int64_t> InUseByProcess(const std::string& container, int64_t pid,
                                      const std::string& root) {
  const auto lines = ReadText(fmt::format("{}/proc/{}/cgroup", root, pid));
  std::istringstream text(lines.value_or(""));
  for (std::string line; std::getline(text, line);) {
    const size_t first = line.find(':');
    const size_t second = line.find(':', first + 1);
    if (first == std::string::npos || second == std::string::npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1);
    const std::string path = line.substr(second + 1);
    if (path.find(container) == std::string::npos) continue;
    const auto bytes = controllers.empty() ? InUseV2(fmt::format("{}/sys/fs/cgroup{}", root, path))
                       : controllers == "memory"
                           ? InUseV1(fmt::format("{}/sys/fs/cgroup/memory{}", root, path))
                           : std::nullopt;
    if (bytes) return bytes;
  }
  return std::nullopt;
}

}  // namespace

Result<int64_t> ContainerMemoryBytes(const std::string& container, int64_t pid,
                                     const std::string& root) {
  const std::string mount = root + "/sys/fs/cgroup";
  const std::string scope = "system.slice/docker-" + container + ".scope";  // systemd's driver
  auto bytes = InUseV1(mount + "/memory/docker/" + container);
  if (!bytes) bytes = InUseV2(mount + "/" + scope);
  if (!bytes) bytes = InUseV2(mount + "/docker/" + container);
  if (!bytes) bytes = InUseV1(mount + "/memory/" + scope);
  if (!bytes && pid > 0) bytes = InUseByProcess(container, pid, root);
  if (bytes) return *bytes;
  return Fail(Code::kNotFound,
              "cannot read the memory of container {:.12}: it has no folder under /sys/fs/cgroup "
              "of this machine",
              container);
}

}  // namespace hearth::pool
