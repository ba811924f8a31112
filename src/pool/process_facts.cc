#include "pool/process_facts.h"

#include <dirent.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <charconv>

#include "base/text_file.h"

namespace hearth::pool {
namespace {

std::vector<std::string_view> Words(std::string_view text) {
  std::vector<std::string_view> out;
  while (true) {
    const size_t begin = text.find_first_not_of(" \n");
    if (begin == std::string_view::npos) return out;
    const size_t end = std::min(text.find_first_of(" \n", begin), text.size());
    out.push_back(text.substr(begin, end - begin));
    text.remove_prefix(end);
  }
}

template <typename T>
bool ToNumber(std::string_view text, T* out) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *out);
  return error == std::errc() && end == text.data() + text.size();
}

}  // namespace

std::optional<ProcessStat> ParseProcessStat(std::string_view text) {
  const size_t name_end = text.rfind(')');
  if (name_end == std::string_view::npos) return std::nullopt;
  // Behind the name, numbered as in proc(5): state (3), parent, group (5), session (6), … start
  // time (22).
  constexpr size_t kFirst = 3;
  const std::vector<std::string_view> words = Words(text.substr(name_end + 1));
  ProcessStat stat;
  if (words.size() <= 22 - kFirst || !ToNumber(words[5 - kFirst], &stat.group) ||
      !ToNumber(words[6 - kFirst], &stat.session) ||
      !ToNumber(words[22 - kFirst], &stat.start_ticks)) {
    return std::nullopt;
  }
  stat.state = words[0][0];
  return stat;
}

std::optional<ProcessStat> ReadProcessStat(pid_t pid) {
  const auto text = ReadText(fmt::format("/proc/{}/stat", pid));
  return text ? ParseProcessStat(*text) : std::nullopt;
}

std::optional<std::string> ReadVariableOf(pid_t pid, std::string_view name) {
  const std::string text = ReadText(fmt::format("/proc/{}/environ", pid)).value_or("");
  std::string_view rest = text;
  while (!rest.empty()) {
    const std::string_view line = rest.substr(0, rest.find('\0'));
    rest.remove_prefix(std::min(line.size() + 1, rest.size()));
    if (line.size() > name.size() && line.starts_with(name) && line[name.size()] == '=') {
      return std::string(line.substr(name.size() + 1));
    }
  }
  return std::nullopt;
}

std::optional<int64_t> ResidentBytesOf(pid_t pid) {
  const std::string text = ReadText(fmt::format("/proc/{}/statm", pid)).value_or("");
  const std::vector<std::string_view> words = Words(text);
  int64_t pages = 0;
  if (words.size() < 2 || !ToNumber(words[1], &pages)) return std::nullopt;
  return pages * ::sysconf(_SC_PAGESIZE);
}

bool WritesTo(pid_t pid, const std::string& path) {
  struct stat wanted{};
  if (path.empty() || ::stat(path.c_str(), &wanted) != 0) return false;
  for (const int fd : {STDOUT_FILENO, STDERR_FILENO}) {
    struct stat open{};
    if (::stat(fmt::format("/proc/{}/fd/{}", pid, fd).c_str(), &open) == 0 &&
        open.st_ino == wanted.st_ino && open.st_dev == wanted.st_dev) {
      return true;
    }
  }
  return false;
}

std::vector<pid_t> AllProcesses() {
  std::vector<pid_t> out;
  DIR* folder = ::opendir("/proc");
  if (folder == nullptr) return out;
  while (const dirent* entry = ::readdir(folder)) {
    pid_t pid = 0;
    if (ToNumber(std::string_view(entry->d_name), &pid)) out.push_back(pid);
  }
  ::closedir(folder);
  return out;
}

}  // namespace hearth::pool
