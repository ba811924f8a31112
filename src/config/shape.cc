#include "config/shape.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/utf8.h"

namespace hearth::config {
namespace {

constexpr int kDepthMax = 32;
constexpr int kKeyPartsMax = 16;

int LineOf(std::string_view text, size_t at) {
  return 1 + static_cast<int>(std::count(text.begin(), text.begin() + static_cast<long>(at), '\n'));
}

// The end of the text in quotes that begins at text[at]: of one line or, in three quotes, of many.
size_t EndOfQuoted(std::string_view text, size_t at) {
  const char quote = text[at];
  const bool escapes = quote == '"';
  const std::string three(3, quote);
  const bool many = text.substr(at).starts_with(three);
  size_t i = at + (many ? 3 : 1);
  for (; i < text.size(); ++i) {
    if (escapes && text[i] == '\\') {
      ++i;
    } else if (many ? text.substr(i).starts_with(three) : text[i] == quote || text[i] == '\n') {
      break;
    }
  }
  if (!many) return std::min(i + 1, text.size());
  // Up to two more quotes may stand before the three that close it.
  i = std::min(i + 3, text.size());
  for (int more = 0; more < 2 && i < text.size() && text[i] == quote; ++more) ++i;
  return i;
}

// Reads only what decides about depth: quotes, comments, brackets, dots. A file that is not TOML
// may be counted wrongly, but no deep one as shallow before the parser refuses it.
std::optional<Problem> DepthProblem(std::string_view text) {
  int depth = 0;
  int parts = 1;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '"' || c == '\'') {
      i = EndOfQuoted(text, i) - 1;
    } else if (c == '#') {
      i = std::min(text.find('\n', i), text.size()) - 1;
    } else if (c == '[' || c == '{') {
      ++depth;
      parts = 1;
    } else if (c == ']' || c == '}') {
      depth = std::max(0, depth - 1);
    } else if (c == '.') {
      ++parts;
    } else if (c == '\n' || c == '=' || c == ',') {
      parts = 1;
    }
    if (depth > kDepthMax) {
      return Problem{LineOf(text, i), fmt::format("is nested deeper than {} levels", kDepthMax)};
    }
    if (parts > kKeyPartsMax) {
      return Problem{LineOf(text, i), fmt::format("a key has more than {} parts", kKeyPartsMax)};
    }
  }
  return std::nullopt;
}

}  // namespace

std::optional<Problem> ShapeProblem(std::string_view text) {
  if (text.size() > kFileBytesMax) {
    return Problem{0, fmt::format("is larger than {} MiB: no hearth.toml is", kFileBytesMax >> 20)};
  }
  if (const size_t nul = text.find('\0'); nul != std::string_view::npos) {
    return Problem{LineOf(text, nul), "has a NUL byte: it is no text file"};
  }
  if (const size_t valid = ValidUtf8Prefix(text); valid != text.size()) {
    return Problem{LineOf(text, valid), fmt::format("has the byte 0x{:02x}, which is not UTF-8",
                                                    static_cast<unsigned char>(text[valid]))};
  }
  return DepthProblem(text);
}

}  // namespace hearth::config
