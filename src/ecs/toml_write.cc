#include "ecs/toml_write.h"

#include <fmt/format.h>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include "base/json_print.h"

namespace hearth::ecs {

std::string TomlQuoted(std::string_view text) {
  std::string out;
  AppendJsonString(text, &out);
  // The one control character that JSON takes raw and TOML does not.
  for (size_t at = out.find('\x7F'); at != std::string::npos; at = out.find('\x7F', at)) {
    out.replace(at, 1, "\\u007F");
  }
  return out;
}

std::string TomlValue(const boost::json::value& value) {
  if (value.is_string()) return TomlQuoted(value.get_string());
  if (const auto* list = value.if_array()) {
    std::string out;
    for (const boost::json::value& item : *list) {
      if (item.is_null()) continue;
      out += (out.empty() ? "" : ", ") + TomlValue(item);
    }
    return "[" + out + "]";
  }
  if (const auto* object = value.if_object()) {
    std::string out;
    for (const auto& entry : *object) {
      if (entry.value().is_null()) continue;
      out += fmt::format("{}{} = {}", out.empty() ? " " : ", ", TomlQuoted(entry.key()),
                         TomlValue(entry.value()));
    }
    return "{" + out + (out.empty() ? "}" : " }");
  }
  return boost::json::serialize(value);
}

void TomlWriter::Line(std::string_view key, std::string_view value) {
  text_ += fmt::format("{} = {}\n", key, value);
}

void TomlWriter::Table(std::string_view name) {
  text_ += fmt::format("{}[{}]\n", text_.empty() ? "" : "\n", name);
}

void TomlWriter::ListTable(std::string_view name) {
  text_ += fmt::format("{}[[{}]]\n", text_.empty() ? "" : "\n", name);
}

void TomlWriter::Comment(std::string_view text) {
  std::string line = "# ";
  for (const char c : text) line += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
  text_ += line + '\n';
}

void TomlWriter::Text(std::string_view key, std::string_view value) {
  Line(key, TomlQuoted(value));
}

void TomlWriter::Texts(std::string_view key, const std::vector<std::string>& values) {
  std::string list;
  for (const std::string& value : values) list += (list.empty() ? "" : ", ") + TomlQuoted(value);
  Line(key, "[" + list + "]");
}

void TomlWriter::Number(std::string_view key, double value) { Line(key, fmt::format("{}", value)); }

void TomlWriter::Flag(std::string_view key, bool value) { Line(key, value ? "true" : "false"); }

void TomlWriter::Json(std::string_view key, const boost::json::value& value) {
  Line(key, TomlValue(value));
}

}  // namespace hearth::ecs
