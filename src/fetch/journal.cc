#include "fetch/journal.h"

#include <fmt/format.h>

#include <charconv>
#include <vector>

namespace hearth::fetch {
namespace {

constexpr std::string_view kMagic = "hearth-pull";

std::vector<std::string_view> Words(std::string_view line) {
  std::vector<std::string_view> out;
  while (true) {
    const size_t space = line.find(' ');
    out.push_back(line.substr(0, space));
    if (space == std::string_view::npos) return out;
    line.remove_prefix(space + 1);
  }
}

std::optional<uint64_t> Number(std::string_view text) {
  uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<JournalHead> ReadHead(std::string_view line) {
  const auto words = Words(line);
  if (words.size() != 5 || words[0] != kMagic || words[1] != "1") return std::nullopt;
  const auto size = Number(words[2]);
  if (!size) return std::nullopt;
  return JournalHead{*size, std::string(words[3]), std::string(words[4])};
}

bool ReadEntry(std::string_view line, Journal* journal) {
  if (line == kRestartLine.substr(0, kRestartLine.size() - 1)) {
    journal->done.Clear();
    return true;
  }
  const auto words = Words(line);
  if (words.size() != 2) return false;
  const auto from = Number(words[0]);
  const auto to = Number(words[1]);
  if (!from || !to || *from >= *to || *to > journal->head.size) return false;
  journal->done.Add({*from, *to});
  return true;
}

}  // namespace

std::string FirstLine(const JournalHead& head) {
  return fmt::format("{} 1 {} {} {}\n", kMagic, head.size, head.boot_id, head.key);
}

std::string RangeLine(const Range& range) { return fmt::format("{} {}\n", range.from, range.to); }

std::optional<Journal> ReadJournal(std::string_view text) {
  Journal journal;
  bool first = true;
  for (size_t end = text.find('\n'); end != std::string_view::npos; end = text.find('\n')) {
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(end + 1);
    if (first) {
      const auto head = ReadHead(line);
      if (!head) return std::nullopt;
      journal.head = *head;
      first = false;
    } else if (!ReadEntry(line, &journal)) {
      return std::nullopt;
    }
  }
  if (first) return std::nullopt;
  return journal;
}

}  // namespace hearth::fetch
