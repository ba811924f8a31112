#include "ecs/live_schedule.h"

#include <fmt/format.h>

#include <vector>

#include "base/cron.h"

namespace hearth::ecs {
namespace {

std::vector<std::string> Words(std::string_view text) {
  std::vector<std::string> out;
  while (true) {
    const size_t begin = text.find_first_not_of(' ');
    if (begin == std::string_view::npos) return out;
    text.remove_prefix(begin);
    const size_t end = text.find(' ');
    out.emplace_back(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end);
  }
}

// AWS counts the days of the week from 1, which is Sunday; a step after "/" is no day.
std::string WeekdaysOf(std::string_view field) {
  std::string out;
  bool step = false;
  for (const char c : field) {
    if (c == '/') step = true;
    if (c == ',' || c == '-') step = false;
    const bool day = c >= '1' && c <= '7' && !step;
    out += day ? static_cast<char>(c - 1) : c;
  }
  return out;
}

}  // namespace

std::optional<std::string> CrontabOf(std::string_view aws_schedule) {
  if (!aws_schedule.starts_with("cron(") || !aws_schedule.ends_with(')')) return std::nullopt;
  std::vector<std::string> fields = Words(aws_schedule.substr(5, aws_schedule.size() - 6));
  if (fields.size() != 6 || fields[5] != "*") return std::nullopt;
  for (std::string& field : fields) {
    if (field == "?") field = "*";
  }
  std::string out = fmt::format("{} {} {} {} {}", fields[0], fields[1], fields[2], fields[3],
                                WeekdaysOf(fields[4]));
  if (!ParseCron(out)) return std::nullopt;
  return out;
}

}  // namespace hearth::ecs
