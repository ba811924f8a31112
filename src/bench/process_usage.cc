#include "bench/process_usage.h"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <cstdlib>
#include <string>
#include <utility>

#include "base/result.h"
#include "base/unique_fd.h"

namespace hearth::bench {
namespace {

// A file of /proc, whole; empty when it is gone.
std::string ReadProc(const std::string& path) {
  const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  std::string text;
  char block[4096];
  ssize_t got = 0;
  while (file.valid() && (got = ::read(file.get(), block, sizeof block)) > 0) {
    text.append(block, static_cast<size_t>(got));
  }
  return text;
}

int64_t NumberAfter(std::string_view text, std::string_view key) {
  const size_t at = text.find(key);
  if (at == std::string_view::npos) return 0;
  const size_t digit = text.find_first_of("0123456789", at + key.size());
  int64_t value = 0;
  if (digit != std::string_view::npos)
    std::from_chars(text.data() + digit, text.data() + text.size(), value);
  return value;
}

std::vector<std::string_view> Fields(std::string_view text) {
  std::vector<std::string_view> out;
  while (true) {
    const size_t begin = text.find_first_not_of(" \n");
    if (begin == std::string_view::npos) return out;
    const size_t end = std::min(text.find_first_of(" \n", begin), text.size());
    out.push_back(text.substr(begin, end - begin));
    text.remove_prefix(end);
  }
}

double ToDouble(std::string_view text) { return std::strtod(std::string(text).c_str(), nullptr); }

// The fields of /proc/PID/stat behind the program's name, which may hold blanks: [0] is the state,
// [1] the parent.
std::vector<std::string_view> StatFields(const std::string& text) {
  const size_t name_end = text.rfind(')');
  if (name_end == std::string::npos) return {};
  return Fields(std::string_view(text).substr(name_end + 1));
}

// The entries of a folder whose names are numbers: processes, threads.
std::vector<int> NumbersIn(const std::string& folder) {
  std::vector<int> out;
  DIR* directory = ::opendir(folder.c_str());
  if (directory == nullptr) return out;
  while (const dirent* entry = ::readdir(directory)) {
    const std::string_view name = entry->d_name;
    int number = 0;
    const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
    if (error == std::errc() && end == name.data() + name.size()) out.push_back(number);
  }
  ::closedir(directory);
  return out;
}

std::vector<std::pair<pid_t, pid_t>> AllProcesses() {  // (process, parent)
  std::vector<std::pair<pid_t, pid_t>> out;
  for (const pid_t pid : NumbersIn("/proc")) {
    const std::string text = ReadProc(fmt::format("/proc/{}/stat", pid));
    const std::vector<std::string_view> fields = StatFields(text);
    if (fields.size() > 1) out.emplace_back(pid, static_cast<pid_t>(ToDouble(fields[1])));
  }
  return out;
}

}  // namespace

std::vector<pid_t> ProcessTree(pid_t root) {
  std::vector<pid_t> tree;
  const auto all = AllProcesses();
  for (const auto& [pid, parent] : all) {
    if (pid == root) tree.push_back(pid);
  }
  for (size_t i = 0; i < tree.size(); ++i) {
    for (const auto& [pid, parent] : all) {
      if (parent == tree[i]) tree.push_back(pid);
    }
  }
  return tree;
}

MemoryUsage ParseSmapsRollup(std::string_view text) {
  constexpr int64_t kKiB = 1024;
  return {.rss = NumberAfter(text, "Rss:") * kKiB,
          .pss = NumberAfter(text, "Pss:") * kKiB,
          .private_dirty = NumberAfter(text, "Private_Dirty:") * kKiB,
          .private_clean = NumberAfter(text, "Private_Clean:") * kKiB};
}

MemoryUsage MemoryOf(const std::vector<pid_t>& processes) {
  MemoryUsage sum;
  for (const pid_t pid : processes) {
    const MemoryUsage one = ParseSmapsRollup(ReadProc(fmt::format("/proc/{}/smaps_rollup", pid)));
    sum.rss += one.rss;
    sum.pss += one.pss;
    sum.private_dirty += one.private_dirty;
    sum.private_clean += one.private_clean;
  }
  return sum;
}

double CpuSecondsOf(const std::vector<pid_t>& processes) {
  constexpr size_t kUserTime = 11;  // utime, stime, cutime, cstime: fields 14 to 17 of proc(5)
  double ticks = 0;
  for (const pid_t pid : processes) {
    const std::string text = ReadProc(fmt::format("/proc/{}/stat", pid));
    const std::vector<std::string_view> fields = StatFields(text);
    for (size_t i = kUserTime; i < kUserTime + 4 && i < fields.size(); ++i)
      ticks += ToDouble(fields[i]);
  }
  return ticks / static_cast<double>(::sysconf(_SC_CLK_TCK));
}

double ThreadSecondsOf(const std::vector<pid_t>& processes) {
  double nanoseconds = 0;
  for (const pid_t pid : processes) {
    for (const int thread : NumbersIn(fmt::format("/proc/{}/task", pid))) {
      const std::string text = ReadProc(fmt::format("/proc/{}/task/{}/schedstat", pid, thread));
      const std::vector<std::string_view> fields = Fields(text);
      if (!fields.empty()) nanoseconds += ToDouble(fields[0]);
    }
  }
  return nanoseconds / 1e9;
}

MachineCpu ParseStat(std::string_view text, double ticks_per_second) {
  const std::vector<std::string_view> fields = Fields(text.substr(0, text.find('\n')));
  // cpu user nice system idle iowait irq softirq steal …
  const auto ticks = [&](size_t i) { return i < fields.size() ? ToDouble(fields[i]) : 0.0; };
  return {.busy = (ticks(1) + ticks(2) + ticks(3) + ticks(6) + ticks(7)) / ticks_per_second,
          .stolen = ticks(8) / ticks_per_second};
}

MachineCpu ReadMachineCpu() {
  return ParseStat(ReadProc("/proc/stat"), static_cast<double>(::sysconf(_SC_CLK_TCK)));
}

}  // namespace hearth::bench
