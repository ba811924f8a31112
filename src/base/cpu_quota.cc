#include "base/cpu_quota.h"

#include <sched.h>

#include <algorithm>
#include <cmath>

#include "base/cgroup.h"
#include "base/text_file.h"

namespace hearth {
namespace {

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

  const Cgroup cgroup(root);
  cgroup.VisitV2([&](const std::string& folder) {
    if (const auto text = ReadText(folder + "/cpu.max")) Tighten(ParseCpuMax(*text), &budget.quota);
  });
  cgroup.VisitV1("cpu", [&](const std::string& folder) {
    const auto quota = ReadInt(folder + "/cpu.cfs_quota_us");
    const auto period = ReadInt(folder + "/cpu.cfs_period_us");
    if (quota && period && *quota > 0 && *period > 0) {
      Tighten(static_cast<double>(*quota) / static_cast<double>(*period), &budget.quota);
    }
  });
  return budget;
}

std::optional<double> ReadCpuThrottledSeconds(const std::string& root) {
  const Cgroup cgroup(root);
  std::optional<double> seconds;
  cgroup.VisitV2([&](const std::string& folder) {
    const auto micros = ReadKey(folder + "/cpu.stat", "throttled_usec");
    if (micros && !seconds) seconds = static_cast<double>(*micros) * 1e-6;
  });
  cgroup.VisitV1("cpu", [&](const std::string& folder) {
    const auto nanos = ReadKey(folder + "/cpu.stat", "throttled_time");
    if (nanos && !seconds) seconds = static_cast<double>(*nanos) * 1e-9;
  });
  return seconds;
}

}  // namespace hearth
