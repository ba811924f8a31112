#include "ecs/hcl_print.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include "base/utf8.h"

namespace hearth::ecs {
namespace {

namespace json = boost::json;

// One line as fmt sees it: `assigned` is set only where the whole value is on the line.
struct Line {
  size_t indent = 0;
  std::string lead;
  std::string assigned = {};
};

void AppendEscaped(char32_t scalar, std::string* out) {
  const auto value = static_cast<uint32_t>(scalar);
  *out += value > 0xFFFF ? fmt::format("\\U{:08x}", value) : fmt::format("\\u{:04x}", value);
}

// `ascii`: everything else is escaped too. fmt measures keys in what a person sees as characters,
// which takes Unicode's tables; escaped ones are as wide as they are long.
std::string Quoted(std::string_view text, bool ascii) {
  std::string out = "\"";
  for (size_t at = 0; at < text.size();) {
    const size_t from = at;
    const auto [scalar, size] = DecodeUtf8(text, at);
    at += size;
    const bool opens = (scalar == '$' || scalar == '%') && at < text.size() && text[at] == '{';
    const bool run = from > 0 && text[from - 1] == text[from];
    if (scalar == '"' || scalar == '\\') {
      out += {'\\', static_cast<char>(scalar)};
    } else if (scalar == '\n') {
      out += "\\n";
    } else if (scalar == '\r') {
      out += "\\r";
    } else if (scalar == '\t') {
      out += "\\t";
    } else if (opens && !run) {
      out += {text[from], text[from]};  // $${ is ${
    } else if (opens || scalar < 0x20 || (scalar >= 0x7F && scalar < 0xA0) || scalar == 0xFEFF ||
               scalar == 0x2028 || scalar == 0x2029 || (ascii && scalar >= 0x80)) {
      AppendEscaped(scalar, &out);  // $$${ would be read another way
    } else {
      AppendUtf8(scalar, &out);
    }
  }
  return out + '"';
}

bool IsIdentifier(std::string_view key) {
  constexpr std::string_view kWords[] = {"true", "false", "null", "for", "if", "in"};
  if (key.empty() || std::ranges::find(kWords, key) != std::end(kWords)) return false;
  const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  if (!letter(key[0]) && key[0] != '_') return false;
  return std::ranges::all_of(
      key, [&](char c) { return letter(c) || (c >= '0' && c <= '9') || c == '_' || c == '-'; });
}

std::string Key(std::string_view key) {
  return IsIdentifier(key) ? std::string(key) : Quoted(key, true);
}

std::string Scalar(const json::value& value) {
  switch (value.kind()) {
    case json::kind::string:
      return Quoted(value.as_string(), false);
    case json::kind::bool_:
      return value.as_bool() ? "true" : "false";
    case json::kind::int64:
      return fmt::format("{}", value.as_int64());
    case json::kind::uint64:
      return fmt::format("{}", value.as_uint64());
    case json::kind::double_:
      return fmt::format("{}", value.as_double());
    default:
      return "null";
  }
}

// Empty where the value takes more than one line.
std::string OneLine(const json::value& value) {
  if (value.is_object()) return value.as_object().empty() ? "{}" : "";
  if (!value.is_array()) return Scalar(value);
  std::string line = "[";
  for (const json::value& item : value.as_array()) {
    const std::string one = OneLine(item);
    if (one.empty()) return "";
    line += (line.size() > 1 ? ", " : "") + one;
  }
  return line + "]";
}

// `lead` stands before the value ("name = "), `tail` behind its last character.
void AppendValue(const json::value& value, size_t indent, const std::string& lead,
                 const std::string& tail, std::vector<Line>* lines) {
  if (const std::string one = OneLine(value); !one.empty()) {
    lines->push_back({indent, lead + one + tail});
  } else if (value.is_array()) {
    lines->push_back({indent, lead + "["});
    for (const json::value& item : value.as_array()) {
      AppendValue(item, indent + 1, "", ",", lines);
    }
    lines->push_back({indent, "]" + tail});
  } else {
    lines->push_back({indent, lead + "{"});
    for (const auto& [name, member] : value.as_object()) {
      std::string line = OneLine(member);
      if (line.empty()) {
        AppendValue(member, indent + 1, Key(name) + " = ", "", lines);
      } else {
        lines->push_back({indent + 1, Key(name), std::move(line)});
      }
    }
    lines->push_back({indent, "}" + tail});
  }
}

void AppendAttribute(const std::string& name, const HclValue& value, size_t indent,
                     std::vector<Line>* lines) {
  using As = HclValue::As;
  if (value.as == As::kExpression) {
    lines->push_back({indent, name, std::string(value.value.as_string())});
  } else if (const std::string one = OneLine(value.value); !one.empty()) {
    lines->push_back({indent, name, value.as == As::kJsonEncode ? "jsonencode(" + one + ")" : one});
  } else if (value.as == As::kJsonEncode) {
    AppendValue(value.value, indent, name + " = jsonencode(", ")", lines);
  } else {
    AppendValue(value.value, indent, name + " = ", "", lines);
  }
}

void AppendBlock(const HclBlock& block, size_t indent, std::vector<Line>* lines) {
  if (!block.comment.empty()) lines->push_back({indent, "# " + block.comment});
  std::string head = block.type;
  for (const std::string& label : block.labels) head += " " + HclText(label);
  if (block.attributes.empty() && block.blocks.empty()) {
    lines->push_back({indent, head + " {}"});
    return;
  }
  lines->push_back({indent, head + " {"});
  for (const auto& [name, value] : block.attributes) {
    AppendAttribute(name, value, indent + 1, lines);
  }
  bool first = block.attributes.empty();
  for (const HclBlock& inner : block.blocks) {
    if (!first) lines->push_back({});
    first = false;
    AppendBlock(inner, indent + 1, lines);
  }
  lines->push_back({indent, "}"});
}

}  // namespace

std::string HclText(std::string_view text) { return Quoted(text, false); }

std::string PrintHcl(const std::vector<HclBlock>& blocks) {
  std::vector<Line> lines;
  for (const HclBlock& block : blocks) {
    if (!lines.empty()) lines.push_back({});
    AppendBlock(block, 0, &lines);
  }
  std::string out;
  size_t width = 0;  // of the names in this run of one-line attributes
  for (size_t i = 0; i < lines.size(); ++i) {
    const Line& line = lines[i];
    if (!line.assigned.empty() && (i == 0 || lines[i - 1].assigned.empty())) {
      width = 0;
      for (size_t j = i; j < lines.size() && !lines[j].assigned.empty(); ++j) {
        width = std::max(width, lines[j].lead.size());
      }
    }
    out.append(2 * line.indent, ' ') += line.lead;
    if (!line.assigned.empty()) {
      out.append(width - line.lead.size(), ' ') += " = " + line.assigned;
    }
    out += '\n';
  }
  return out;
}

}  // namespace hearth::ecs
