#include "doctor/live_ask.h"

#include <fmt/format.h>

#include <algorithm>

#include "doctor/finding.h"

namespace hearth::doctor {

namespace json = boost::json;

bool LiveAsk::Failed(std::string_view what) const {
  return std::any_of(not_seen_.begin(), not_seen_.end(), [what](const std::string& line) {
    return line.starts_with(what) && line.substr(what.size()).starts_with(": ");
  });
}

void LiveAsk::Note(std::string_view what, std::string_view why) {
  if (!Failed(what)) not_seen_.push_back(OneLine(fmt::format("{}: {}", what, why)));
}

json::object LiveAsk::operator()(std::string_view what, std::string_view service,
                                 std::string_view action, json::object input) {
  if (std::chrono::steady_clock::now() >= deadline_) {
    Note(what, "not asked for: the time for looking was over");
    return {};
  }
  auto answer = call_({std::string(service), std::string(action), std::move(input)});
  if (answer) return *std::move(answer);
  // A log stream that is not there yet says nothing.
  if (answer.error().said.code == "ResourceNotFoundException") return {};
  Note(what, answer.error().error.message);
  return {};
}

}  // namespace hearth::doctor
