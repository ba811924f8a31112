#include "ecs/json_text.h"

#include <fmt/format.h>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

namespace hearth::ecs {
namespace {

using boost::json::value;

constexpr size_t kLine = 80;

// 60.0 and 0.05, where Boost writes 6E1 and 5E-2.
std::string LeafText(const value& item) {
  if (!item.is_double()) return boost::json::serialize(item);
  std::string out = fmt::format("{}", item.get_double());
  if (out.find_first_of(".en") == std::string::npos) out += ".0";
  return out;
}

bool IsLeaf(const value& item) {
  if (item.is_array()) return item.get_array().empty();
  return !item.is_object() || item.get_object().empty();
}

// "[1, 2]" where every item is a leaf and the line is short; else empty.
std::string OneLine(const boost::json::array& list) {
  std::string out = "[";
  for (const value& item : list) {
    if (!IsLeaf(item)) return "";
    if (out.size() > 1) out += ", ";
    out += LeafText(item);
    if (out.size() > kLine) return "";
  }
  return out + "]";
}

void Append(const value& item, size_t level, std::string* out) {
  const std::string inner(2 * (level + 1), ' ');
  const std::string outer(2 * level, ' ');
  if (IsLeaf(item)) {
    *out += LeafText(item);
  } else if (const auto* list = item.if_array()) {
    if (const std::string line = OneLine(*list); !line.empty()) {
      *out += line;
      return;
    }
    const char* comma = "[\n";
    for (const value& one : *list) {
      *out += comma + inner;
      Append(one, level + 1, out);
      comma = ",\n";
    }
    *out += "\n" + outer + "]";
  } else {
    const char* comma = "{\n";
    for (const auto& entry : item.get_object()) {
      *out += comma + inner + boost::json::serialize(entry.key()) + ": ";
      Append(entry.value(), level + 1, out);
      comma = ",\n";
    }
    *out += "\n" + outer + "}";
  }
}

}  // namespace

std::string JsonText(const value& item) {
  std::string out;
  Append(item, 0, &out);
  return out;
}

}  // namespace hearth::ecs
