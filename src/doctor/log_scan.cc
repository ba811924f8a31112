#include "doctor/log_scan.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>

#include "doctor/finding.h"

namespace hearth::doctor {
namespace {

// Of Python, huggingface_hub, transformers and hearth.
constexpr auto kLoadErrors = std::to_array<std::string_view>({
    "No such file or directory",
    "FileNotFoundError",
    "PermissionError",
    "Permission denied",
    "Read-only file system",
    "LocalEntryNotFoundError",
    "RepositoryNotFoundError",
    "Repository Not Found",
    "HFValidationError",
    "does not appear to have a file named",
    "couldn't connect to",
    "We couldn't connect",
    "is not a local folder and is not a valid model identifier",
    "Incorrect path_or_model_id",
    "cannot open model file",
    "cannot map model file",
    "there is no model",
});

std::string TaskOf(const std::string& stream) { return stream.substr(stream.rfind('/') + 1); }

}  // namespace

std::vector<LogHit> FindInLog(const LiveFacts& live, std::span<const std::string_view> parts,
                              size_t most) {
  std::map<std::string, const LiveFacts::LogLine*> newest;
  for (const LiveFacts::LogLine& line : live.log_lines) {
    const bool found = std::any_of(parts.begin(), parts.end(), [&](std::string_view part) {
      return line.message.find(part) != std::string::npos;
    });
    if (found) newest[line.stream] = &line;
  }
  std::vector<LogHit> hits;
  for (const auto& [stream, line] : newest) {
    if (hits.size() == most) break;
    hits.push_back({stream, OneLine(line->message)});
  }
  return hits;
}

std::vector<LogHit> LoadErrors(const Facts& facts) {
  return facts.live ? FindInLog(*facts.live, kLoadErrors) : std::vector<LogHit>{};
}

std::vector<std::string> Lines(const std::vector<LogHit>& hits) {
  std::vector<std::string> lines;
  for (const LogHit& hit : hits) {
    lines.push_back(fmt::format("log of {}: {}", TaskOf(hit.stream), hit.line));
  }
  return lines;
}

std::vector<std::string> LastWords(const Facts& facts, std::string_view id, size_t most) {
  std::vector<std::string> words;
  if (!facts.live) return words;
  for (auto line = facts.live->log_lines.rbegin(); line != facts.live->log_lines.rend(); ++line) {
    if (words.size() == most) break;
    if (TaskOf(line->stream) == id) words.push_back("log: " + OneLine(line->message));
  }
  std::reverse(words.begin(), words.end());
  return words;
}

}  // namespace hearth::doctor
