#include "aws/shell_words.h"

namespace hearth::aws {

Result<std::vector<std::string>> SplitWords(std::string_view line) {
  std::vector<std::string> words;
  bool in_word = false;
  char quote = 0;
  for (size_t i = 0; i < line.size(); ++i) {
    const char c = line[i];
    if (quote == 0 && (c == ' ' || c == '\t' || c == '\r' || c == '\n')) {
      in_word = false;
      continue;
    }
    if (!in_word) words.emplace_back();
    in_word = true;
    if (quote != 0 && c == quote) {
      quote = 0;
    } else if (quote == 0 && (c == '"' || c == '\'')) {
      quote = c;
    } else if (c == '\\' && quote != '\'') {
      if (++i == line.size()) return Fail(Code::kInvalidArgument, "a \"\\\" with nothing behind");
      const bool kept = quote == '"' && line[i] != '"' && line[i] != '\\';
      if (kept) words.back() += '\\';
      words.back() += line[i];
    } else {
      words.back() += c;
    }
  }
  if (quote != 0) return Fail(Code::kInvalidArgument, "a quote is not closed");
  return words;
}

}  // namespace hearth::aws
