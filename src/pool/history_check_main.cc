// history_check FILE [--may-repeat-prefix P …] [--cut-off]: judges a history on disk. One finding a
// line, then what was judged. Exit code 0: no findings; 1: findings, or it cannot be read; 64:
// usage.
//
// --may-repeat-prefix P: requests whose id begins with P may be sent more than once.
// --cut-off: the writer was killed: the last requests may lack their end, and the last line its
// own.
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <exception>
#include <string>
#include <string_view>
#include <vector>

#include "base/mapped_file.h"
#include "pool/history.h"

namespace {

using hearth::pool::EventKind;

struct Arguments {
  std::string file;
  std::vector<std::string> may_repeat_prefixes;
  bool cut_off = false;
};

bool ReadArguments(const std::vector<std::string_view>& words, Arguments* arguments) {
  for (size_t i = 0; i < words.size(); ++i) {
    if (words[i] == "--cut-off") {
      arguments->cut_off = true;
    } else if (words[i] == "--may-repeat-prefix") {
      if (++i == words.size()) return false;
      arguments->may_repeat_prefixes.emplace_back(words[i]);
    } else if (!words[i].starts_with("-") && arguments->file.empty()) {
      arguments->file = words[i];
    } else {
      return false;
    }
  }
  return !arguments->file.empty();
}

int Check(const Arguments& arguments) {
  const auto file = hearth::MappedFile::Open(arguments.file);
  if (!file) {
    fmt::print(stderr, "history_check: {}\n", file.error().message);
    return 1;
  }
  std::string_view text(reinterpret_cast<const char*>(file->bytes().data()), file->bytes().size());
  if (arguments.cut_off) text = text.substr(0, text.rfind('\n') + 1);
  const auto events = hearth::pool::ParseHistory(text);
  if (!events) {
    fmt::print(stderr, "history_check: {}\n", events.error().message);
    return 1;
  }

  hearth::pool::HistoryRules rules;
  rules.ended = !arguments.cut_off;
  rules.may_repeat = [&](std::string_view words) {
    return std::any_of(arguments.may_repeat_prefixes.begin(), arguments.may_repeat_prefixes.end(),
                       [&](const std::string& prefix) { return words.starts_with(prefix); });
  };
  const auto findings = hearth::pool::CheckHistory(*events, rules);
  for (const std::string& finding : findings) fmt::print("{}\n", finding);
  const auto requests = std::count_if(events->begin(), events->end(), [](const auto& event) {
    return event.kind == EventKind::kArrived;
  });
  fmt::print("{} events, {} requests, {} findings\n", events->size(), requests, findings.size());
  return findings.empty() ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    Arguments arguments;
    if (!ReadArguments({argv + 1, argv + argc}, &arguments)) {
      fmt::print(stderr, "usage: history_check FILE [--may-repeat-prefix P]... [--cut-off]\n");
      return 64;
    }
    return Check(arguments);
  } catch (const std::exception& error) {
    std::fputs(error.what(), stderr);
    return 1;
  }
}
