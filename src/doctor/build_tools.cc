#include "doctor/build_tools.h"

#include <algorithm>
#include <array>
#include <set>
#include <string_view>

#include "aws/document.h"

namespace hearth::doctor {
namespace {

constexpr auto kTools = std::to_array<std::string_view>(
    {"build-essential", "build-base", "cargo", "clang", "cmake", "g++", "gcc", "gfortran", "git",
     "golang", "make", "ninja-build", "python3-dev", "rustc"});
constexpr auto kInstalls = std::to_array<std::string_view>(
    {"apt-get install", "apt install", "apk add", "yum install", "dnf install"});
constexpr auto kRemoves = std::to_array<std::string_view>(
    {"purge", "autoremove", "apk del", "apt-get remove", "yum remove", "dnf remove"});

bool Has(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

template <size_t N>
bool HasAny(std::string_view text, const std::array<std::string_view, N>& parts) {
  return std::any_of(parts.begin(), parts.end(),
                     [text](std::string_view part) { return Has(text, part); });
}

// The words of a shell line: "gcc" is not in "libgcc-s1".
std::set<std::string_view> WordsOf(std::string_view line) {
  constexpr std::string_view kBetween = " \t\n;&|()\"'=\\";
  std::set<std::string_view> words;
  while (!line.empty()) {
    const size_t end = std::min(line.find_first_of(kBetween), line.size());
    words.insert(line.substr(0, end));
    line.remove_prefix(std::min(end + 1, line.size()));
  }
  return words;
}

// What stands behind `install`, up to the end of that command.
std::set<std::string_view> PackagesOf(std::string_view line, std::string_view install) {
  const size_t at = line.find(install);
  if (at == std::string_view::npos) return {};
  line.remove_prefix(at + install.size());
  return WordsOf(line.substr(0, line.find_first_of("&;|")));
}

}  // namespace

std::vector<std::string> BuildToolsIn(const boost::json::array& history, bool pip_cache_off) {
  std::set<std::string> found;
  for (const boost::json::value& item : history) {
    const std::string_view line = aws::TextOf(aws::AsObject(item), "CreatedBy");
    if (Has(line, "pip install") && !Has(line, "--no-cache-dir") && !Has(line, "pip cache purge") &&
        !Has(line, "--mount=type=cache") && !pip_cache_off) {
      found.insert("pip's cache");
    }
    if (Has(line, "conda install") && !Has(line, "conda clean")) found.insert("conda's packages");
    if (HasAny(line, kRemoves)) continue;
    for (const std::string_view install : kInstalls) {
      const std::set<std::string_view> words = PackagesOf(line, install);
      for (const std::string_view tool : kTools) {
        if (words.contains(tool)) found.emplace(tool);
      }
    }
  }
  return {found.begin(), found.end()};
}

}  // namespace hearth::doctor
