#include "base/cgroup.h"

#include <charconv>
#include <fstream>
#include <sstream>

#include "base/text_file.h"

namespace hearth {
namespace {

// The path behind `controller` ("": the v2 line). Lines are "0::/path" (v2) and
// "4:cpu,cpuacct:/path" (v1).
std::string PathOf(const std::string& lines, std::string_view controller) {
  std::istringstream text(lines);
  const std::string wanted = "," + std::string(controller) + ",";
  for (std::string line; std::getline(text, line);) {
    const size_t first = line.find(':');
    const size_t second = line.find(':', first + 1);
    if (first == std::string::npos || second == std::string::npos) continue;
    const std::string controllers = "," + line.substr(first + 1, second - first - 1) + ",";
    if (controllers.find(wanted) != std::string::npos) return line.substr(second + 1);
  }
  return "/";
}

void VisitUpwards(const std::string& mount, std::string path, const Cgroup::Visitor& visit) {
  while (path.size() > 1) {
    visit(mount + path);
    path.resize(path.find_last_of('/'));
  }
  visit(mount);
}

}  // namespace

Cgroup::Cgroup(const std::string& root)
    : mount_(root + "/sys/fs/cgroup"), lines_(ReadText(root + "/proc/self/cgroup").value_or("")) {}

void Cgroup::VisitV2(const Visitor& visit) const {
  VisitUpwards(mount_, PathOf(lines_, ""), visit);
}

void Cgroup::VisitV1(std::string_view controller, const Visitor& visit) const {
  VisitUpwards(mount_ + "/" + std::string(controller), PathOf(lines_, controller), visit);
}

std::optional<int64_t> ParseInt(std::string_view text) {
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end == text.data()) return std::nullopt;
  return value;
}

std::optional<int64_t> ReadInt(const std::string& path) {
  const auto text = ReadText(path);
  return text ? ParseInt(*text) : std::nullopt;
}

std::optional<int64_t> ReadKey(const std::string& path, std::string_view key) {
  std::ifstream file(path);
  std::string name;
  int64_t value = 0;
  while (file >> name >> value) {
    if (name == key) return value;
  }
  return std::nullopt;
}

}  // namespace hearth
