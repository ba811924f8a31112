// Lines of a TOML file for a person to read: keys, texts, lists, what JSON says. Pure.
#pragma once

#include <boost/json/value.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace hearth::ecs {

class TomlWriter {
 public:
  void Table(std::string_view name);      // [name], after an empty line
  void ListTable(std::string_view name);  // [[name]]
  void Comment(std::string_view text);
  void Text(std::string_view key, std::string_view value);
  void Texts(std::string_view key, const std::vector<std::string>& values);
  void Number(std::string_view key, double value);
  void Flag(std::string_view key, bool value);
  void Json(std::string_view key, const boost::json::value& value);

  const std::string& text() const { return text_; }

 private:
  void Line(std::string_view key, std::string_view value);

  std::string text_;
};

// A text in quotes, as TOML and JSON both read it.
std::string TomlQuoted(std::string_view text);
// JSON as a TOML value on one line; null, which TOML has not, is left out.
std::string TomlValue(const boost::json::value& value);

}  // namespace hearth::ecs
