#include "aws/document.h"

#include <boost/json/value.hpp>
#include <charconv>
#include <cmath>

namespace hearth::aws {

namespace {

const boost::json::array& NoList() {
  static const boost::json::array none;
  return none;
}

const boost::json::object& NoObject() {
  static const boost::json::object none;
  return none;
}

std::string_view View(const boost::json::string& text) { return {text.data(), text.size()}; }

}  // namespace

std::string_view AsText(const boost::json::value& item) {
  const boost::json::string* text = item.if_string();
  return text == nullptr ? std::string_view() : View(*text);
}

const boost::json::object& AsObject(const boost::json::value& item) {
  const boost::json::object* object = item.if_object();
  return object == nullptr ? NoObject() : *object;
}

std::string_view TextOf(const boost::json::object& in, std::string_view name) {
  const boost::json::value* member = in.if_contains(name);
  return member == nullptr ? std::string_view() : AsText(*member);
}

std::optional<double> NumberOf(const boost::json::object& in, std::string_view name) {
  const boost::json::value* member = in.if_contains(name);
  if (member == nullptr) return std::nullopt;
  if (member->is_number()) return member->to_number<double>();
  const std::string_view text = AsText(*member);
  double number = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failed != std::errc() || end != text.data() + text.size() || !std::isfinite(number)) {
    return std::nullopt;
  }
  return number;
}

std::optional<bool> BoolOf(const boost::json::object& in, std::string_view name) {
  const boost::json::value* member = in.if_contains(name);
  if (member == nullptr) return std::nullopt;
  if (const bool* said = member->if_bool()) return *said;
  const std::string_view text = AsText(*member);
  if (text == "true" || text == "false") return text == "true";
  return std::nullopt;
}

const boost::json::array& ListOf(const boost::json::object& in, std::string_view name) {
  const boost::json::value* member = in.if_contains(name);
  const boost::json::array* list = member == nullptr ? nullptr : member->if_array();
  return list == nullptr ? NoList() : *list;
}

const boost::json::object& ObjectOf(const boost::json::object& in, std::string_view name) {
  const boost::json::value* member = in.if_contains(name);
  return member == nullptr ? NoObject() : AsObject(*member);
}

}  // namespace hearth::aws
