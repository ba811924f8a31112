#include "pool/history.h"

#include <array>
#include <charconv>
#include <optional>

namespace hearth::pool {

namespace {

// In the order of EventKind.
constexpr std::array<std::string_view, 10> kNames = {
    "replica_ready", "replica_drain", "replica_gone", "arrived", "bound",
    "sent",          "released",      "answered",     "cut",     "client_gone"};

constexpr size_t kFields = 7;

template <typename Number>
void AppendNumber(Number number, std::string* line) {
  std::array<char, 20> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
  line->append(digits.data(), end);
}

void AppendWords(std::string_view words, std::string* line) {
  if (words.empty()) line->push_back('-');
  if (words == "-") line->push_back('\\');
  for (const char c : words) {
    if (c == '\t') {
      line->append("\\t");
    } else if (c == '\n') {
      line->append("\\n");
    } else if (c == '\\') {
      line->append("\\\\");
    } else {
      line->push_back(c);
    }
  }
}

template <typename Number>
bool ReadNumber(std::string_view text, Number* number) {
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), *number);
  return error == std::errc() && stop == text.data() + text.size() && *number >= 0;
}

bool ReadKind(std::string_view name, EventKind* kind) {
  for (size_t i = 0; i < kNames.size(); ++i) {
    if (kNames[i] != name) continue;
    *kind = static_cast<EventKind>(i);
    return true;
  }
  return false;
}

bool ReadReplica(std::string_view text, ReplicaId* replica) {
  if (text == "-") return true;
  return text.starts_with('r') && ReadNumber(text.substr(1), &replica->value) &&
         replica->value != 0;
}

bool ReadWords(std::string_view text, std::string* words) {
  if (text == "-") return true;
  if (text.empty()) return false;
  words->reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\') {
      words->push_back(text[i]);
      continue;
    }
    if (++i == text.size()) return false;
    switch (text[i]) {
      case 't':
        words->push_back('\t');
        break;
      case 'n':
        words->push_back('\n');
        break;
      case '\\':
      case '-':
        words->push_back(text[i]);
        break;
      default:
        return false;
    }
  }
  return true;
}

// The name of the first field that cannot be read, or none.
std::optional<std::string_view> ReadLine(std::string_view line, Event* event) {
  std::array<std::string_view, kFields> fields;
  for (size_t i = 0; i < kFields; ++i) {
    const size_t tab = line.find('\t');
    if ((tab == std::string_view::npos) != (i + 1 == kFields)) return "number of fields";
    fields[i] = line.substr(0, tab);
    if (tab != std::string_view::npos) line.remove_prefix(tab + 1);
  }
  uint64_t request = 0;
  if (!ReadNumber(fields[0], &event->microseconds)) return "time";
  if (!ReadKind(fields[1], &event->kind)) return "name";
  if (!ReadNumber(fields[2], &request)) return "request";
  if (!ReadNumber(fields[3], &event->attempt)) return "attempt";
  if (!ReadReplica(fields[4], &event->replica)) return "replica";
  if (!ReadNumber(fields[5], &event->value)) return "value";
  if (!ReadWords(fields[6], &event->words)) return "words";
  event->request = RequestId{request};
  return std::nullopt;
}

}  // namespace

std::string_view ToString(EventKind kind) { return kNames.at(static_cast<size_t>(kind)); }

std::string HistoryLine(const Event& event) {
  std::string line;
  line.reserve(64 + event.words.size());
  AppendNumber(event.microseconds, &line);
  line.append("\t").append(ToString(event.kind)).append("\t");
  AppendNumber(static_cast<uint64_t>(event.request), &line);
  line.push_back('\t');
  AppendNumber(event.attempt, &line);
  line.push_back('\t');
  if (event.replica.value == 0) {
    line.push_back('-');
  } else {
    line.push_back('r');
    AppendNumber(event.replica.value, &line);
  }
  line.push_back('\t');
  AppendNumber(event.value, &line);
  line.push_back('\t');
  AppendWords(event.words, &line);
  line.push_back('\n');
  return line;
}

Result<std::vector<Event>> ParseHistory(std::string_view text) {
  std::vector<Event> events;
  while (!text.empty()) {
    const size_t number = events.size() + 1;
    const size_t end = text.find('\n');
    if (end == std::string_view::npos) {
      return Fail(Code::kCorrupt,
                  "cannot read line {} of the history: it is cut off; when its writer was killed, "
                  "leave the last line out",
                  number);
    }
    Event event;
    if (const auto wrong = ReadLine(text.substr(0, end), &event)) {
      return Fail(Code::kCorrupt, "cannot read line {} of the history: the {} is malformed", number,
                  *wrong);
    }
    events.push_back(std::move(event));
    text.remove_prefix(end + 1);
  }
  return events;
}

}  // namespace hearth::pool
