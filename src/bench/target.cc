#include "bench/target.h"

#include <algorithm>
#include <cctype>
#include <optional>
#include <utility>

#include "http/url.h"

namespace hearth::bench {
namespace {

bool IsLabelCharacter(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '-' || c == '.' ||
         c == '+';
}

bool IsUrl(std::string_view text) {
  return text.starts_with("http://") || text.starts_with("https://") || text.starts_with("unix:");
}

// Takes `LABEL[:FORM]=` off the front of `text`; leaves it alone when there is none.
Result<std::pair<std::string, std::optional<Form>>> TakeLabel(std::string_view* text) {
  const size_t end =
      static_cast<size_t>(std::ranges::find_if_not(*text, IsLabelCharacter) - text->begin());
  const std::string label(text->substr(0, end));
  const std::string_view rest = text->substr(end);
  if (label.empty() || rest.empty()) return {{"", std::nullopt}};
  if (rest[0] == '=') {
    *text = rest.substr(1);
    return {{label, std::nullopt}};
  }
  const size_t equals = rest.find('=');
  if (rest[0] != ':' || equals == std::string_view::npos || IsUrl(*text))
    return {{"", std::nullopt}};
  Result<Form> form = ParseForm(rest.substr(1, equals - 1));
  if (!form) return Forward(form);
  *text = rest.substr(equals + 1);
  return {{label, *form}};
}

std::string DefaultLabel(const Target& target) {
  if (!target.is_command()) return target.url;
  const std::string& program = target.command.front();
  return program.substr(program.find_last_of('/') + 1);
}

}  // namespace

Result<std::vector<std::string>> SplitWords(std::string_view line) {
  std::vector<std::string> words;
  std::string word;
  bool in_word = false;
  char quote = 0;
  for (size_t i = 0; i < line.size(); ++i) {
    const char c = line[i];
    if (quote == 0 && std::isspace(static_cast<unsigned char>(c)) != 0) {
      if (in_word) words.push_back(std::exchange(word, {}));
      in_word = false;
      continue;
    }
    in_word = true;
    if (c == quote) {
      quote = 0;
    } else if (quote == 0 && (c == '\'' || c == '"')) {
      quote = c;
    } else if (c == '\\' && quote != '\'' && i + 1 < line.size()) {
      word += line[++i];
    } else {
      word += c;
    }
  }
  if (quote != 0) return Fail(Code::kUsage, "a quote is not closed in: {}", line);
  if (in_word) words.push_back(word);
  return words;
}

Result<Target> ParseTarget(std::string_view text, Form default_form) {
  std::string_view rest = text;
  auto head = TakeLabel(&rest);
  if (!head) return Forward(head);
  Target target;
  target.label = head->first;
  target.form = head->second.value_or(default_form);
  if (IsUrl(rest)) {
    Result<http::Url> url = http::ParseUrl(rest);
    if (!url) return Forward(url);
    if (url->tls) {
      return Fail(
          Code::kUnsupported,
          "cannot load \"{}\": bench speaks plain http only; name the http:// server behind "
          "TLS",
          rest);
    }
    target.url = rest;
    while (target.url.ends_with('/')) target.url.pop_back();
  } else {
    Result<std::vector<std::string>> words = SplitWords(rest);
    if (!words) return Forward(words);
    if (words->empty())
      return Fail(Code::kUsage, "the target \"{}\" names no command and no URL", text);
    target.command = std::move(*words);
    if (WithPort(target.command, 0) == target.command) {
      return Fail(Code::kUsage,
                  "the command of target \"{}\" must hold {{port}} where its port goes", text);
    }
  }
  if (target.label.empty()) target.label = DefaultLabel(target);
  return target;
}

std::vector<std::string> WithPort(const std::vector<std::string>& command, uint16_t port) {
  constexpr std::string_view kPlace = "{port}";
  std::vector<std::string> out = command;
  for (std::string& word : out) {
    for (size_t at = word.find(kPlace); at != std::string::npos; at = word.find(kPlace, at)) {
      word.replace(at, kPlace.size(), std::to_string(port));
    }
  }
  return out;
}

std::vector<std::string> PathsFor(const std::vector<std::string>& entries, std::string_view label) {
  std::vector<std::string> out;
  for (const std::string& entry : entries) {
    const auto end = std::ranges::find_if_not(entry, IsLabelCharacter);
    const auto length = static_cast<size_t>(end - entry.begin());
    const bool labelled = length > 0 && end != entry.end() && *end == '=';
    if (!labelled) out.push_back(entry);
    if (labelled && entry.substr(0, length) == label) out.push_back(entry.substr(length + 1));
  }
  return out;
}

bool IsThisMachine(std::string_view url) {
  const Result<http::Url> parsed = http::ParseUrl(url);
  if (!parsed) return false;
  const std::string& host = parsed->host;
  return !parsed->unix_path.empty() || host == "localhost" || host == "::1" ||
         (host.starts_with("127.") && std::ranges::count(host, '.') == 3 &&
          host.find_first_not_of("0123456789.") == std::string::npos);
}

}  // namespace hearth::bench
