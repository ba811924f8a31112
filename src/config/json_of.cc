#include "config/json_of.h"

#include <cmath>

#include "base/json_print.h"

namespace hearth::config {
namespace {

// Depth is bounded by what the parser took (shape.h).
Status Append(const toml::node& node, std::string* out);

Status AppendText(std::string_view text, std::string* out) {
  if (text.find('\0') != std::string_view::npos) {
    return Fail(Code::kInvalidArgument, "must not hold a NUL");
  }
  AppendJsonString(text, out);
  return {};
}

Status AppendTable(const toml::table& table, std::string* out) {
  *out += '{';
  bool first = true;
  for (const auto& [key, node] : table) {
    if (!std::exchange(first, false)) *out += ',';
    if (Status name = AppendText(key.str(), out); !name) return name;
    *out += ':';
    if (Status value = Append(node, out); !value) return value;
  }
  *out += '}';
  return {};
}

Status AppendList(const toml::array& list, std::string* out) {
  *out += '[';
  bool first = true;
  for (const toml::node& node : list) {
    if (!std::exchange(first, false)) *out += ',';
    if (Status value = Append(node, out); !value) return value;
  }
  *out += ']';
  return {};
}

Status Append(const toml::node& node, std::string* out) {
  if (const auto* table = node.as_table()) return AppendTable(*table, out);
  if (const auto* list = node.as_array()) return AppendList(*list, out);
  if (const auto* text = node.as_string()) return AppendText(text->get(), out);
  if (const auto* truth = node.as_boolean()) {
    *out += truth->get() ? "true" : "false";
  } else if (const auto* whole = node.as_integer()) {
    *out += fmt::format("{}", whole->get());
  } else if (const auto* number = node.as_floating_point();
             number != nullptr && std::isfinite(number->get())) {
    *out += fmt::format("{}", number->get());
  } else {
    return Fail(Code::kInvalidArgument,
                "must hold texts, numbers, true, false, lists and tables: no dates, times, "
                "infinity or NaN");
  }
  return {};
}

}  // namespace

Result<std::string> JsonOf(const toml::table& table) {
  std::string out;
  if (Status all = AppendTable(table, &out); !all) return Forward(all);
  return out;
}

}  // namespace hearth::config
