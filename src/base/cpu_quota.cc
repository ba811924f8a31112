#include "base/cpu_quota.h"

#include <sched.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <fstream>
#include <sstream>

namespace hearth {
namespace {

std::optional<std::string> ReadText(const std::string& path) {
  std::ifstream file(path);
  if (!file) return std::nullopt;
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
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

// Value of `key` in a file of "key value" lines.
std::optional<int64_t> ReadKey(const std::string& path, std::string_view key) {
  std::ifstream file(path);
  std::string name;
  int64_t value = 0;
  while (file >> name >> value) {
    if (name == key) return value;
  }
  return std::nullopt;
}

struct CgroupPaths {
  std::string v2 = "/";
  std::string v1_cpu = "/";
};

// Lines are "0::/path" (v2) and "4:cpu,cpuacct:/path" (v1).
CgroupPaths ReadCgroupPaths(const std::string& root) {
  CgroupPaths paths;
  std::ifstream file(root + "/proc/self/cgroup");
  for (std::string line; std::getline(file, line);) {
    const size_t first = line.find(':');
    const size_t second = line.find(':', first + 1);
    if (first == std::string::npos || second == std::string::npos) continue;
    const std::string controllers = "," + line.substr(first + 1, second - first - 1) + ",";
    if (controllers == ",,") paths.v2 = line.substr(second + 1);
    if (controllers.find(",cpu,") != std::string::npos) paths.v1_cpu = line.substr(second + 1);
  }
  return paths;
}

// Calls `visit` with the folder of `path` under `mount` and each of its parents. In a container
// `path` may name the host's folder, which does not exist inside: then only the mount itself does.
template <typename Visit>
void VisitUpwards(const std::string& mount, std::string path, Visit visit) {
  while (path.size() > 1) {
    visit(mount + path);
    path.resize(path.find_last_of('/'));
  }
  visit(mount);
}

void Tighten(std::optional<double> quota, std::optional<double>* tightest) {
  if (quota && (!*tightest || *quota < **tightest)) *tightest = quota;
}

}  // namespace

std::optional<double> ParseCpuMax(std::string_view text) {
  const size_t space = text.find(' ');
  if (space == std::string_view::npos) return std::nullopt;
  const auto quota = ParseInt(text.substr(0, space));
  const auto period = ParseInt(text.substr(space + 1));
  if (!quota || !period || *quota <= 0 || *period <= 0) return std::nullopt;
  return static_cast<double>(*quota) / static_cast<double>(*period);
}

int ThreadsFor(const CpuBudget& budget) {
  int threads = budget.affinity;
  // A hair of tolerance: 2.0000001 CPUs are 2.
  if (budget.quota) threads = std::min(threads, static_cast<int>(std::ceil(*budget.quota - 0.01)));
  return std::max(threads, 1);
}

CpuBudget ReadCpuBudget(const std::string& root) {
  CpuBudget budget;
  cpu_set_t cpus;
  CPU_ZERO(&cpus);
  if (::sched_getaffinity(0, sizeof(cpus), &cpus) == 0) budget.affinity = CPU_COUNT(&cpus);

  const CgroupPaths paths = ReadCgroupPaths(root);
  const std::string mount = root + "/sys/fs/cgroup";
  VisitUpwards(mount, paths.v2, [&](const std::string& folder) {
    if (const auto text = ReadText(folder + "/cpu.max")) Tighten(ParseCpuMax(*text), &budget.quota);
  });
  VisitUpwards(mount + "/cpu", paths.v1_cpu, [&](const std::string& folder) {
    const auto quota = ReadInt(folder + "/cpu.cfs_quota_us");
    const auto period = ReadInt(folder + "/cpu.cfs_period_us");
    if (quota && period && *quota > 0 && *period > 0) {
      Tighten(static_cast<double>(*quota) / static_cast<double>(*period), &budget.quota);
    }
  });
  return budget;
}

std::optional<double> ReadCpuThrottledSeconds(const std::string& root) {
  const CgroupPaths paths = ReadCgroupPaths(root);
  const std::string mount = root + "/sys/fs/cgroup";
  std::optional<double> seconds;
  VisitUpwards(mount, paths.v2, [&](const std::string& folder) {
    const auto micros = ReadKey(folder + "/cpu.stat", "throttled_usec");
    if (micros && !seconds) seconds = static_cast<double>(*micros) * 1e-6;
  });
  VisitUpwards(mount + "/cpu", paths.v1_cpu, [&](const std::string& folder) {
    const auto nanos = ReadKey(folder + "/cpu.stat", "throttled_time");
    if (nanos && !seconds) seconds = static_cast<double>(*nanos) * 1e-9;
  });
  return seconds;
}

}  // namespace hearth
