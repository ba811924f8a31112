#include "ecs/references.h"

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <charconv>
#include <span>

#include "base/sha256.h"
#include "ecs/desired.h"

namespace hearth::ecs {
namespace {

namespace json = boost::json;

constexpr size_t kTokenHex = 28;  // AWS takes at most 36 characters

// What a container is told may look like one of ours and is not.
bool IsTheUsers(std::string_view name) {
  return name == "containerDefinitions" || name == "tags" || name == "Tags";
}

bool IsReference(std::string_view text) {
  return text.size() > 3 && text.starts_with("${") && text.ends_with("}");
}

json::value FillValue(const json::value& value, const References& known) {
  if (value.is_object()) return Fill(value.get_object(), known);
  if (value.is_array()) {
    json::array filled;
    for (const json::value& item : value.get_array()) filled.push_back(FillValue(item, known));
    return filled;
  }
  if (!value.is_string()) return value;
  const auto found = known.find(std::string_view(value.get_string()));
  if (found == known.end()) return value;
  if (found->first == kPriorityRef) {
    int priority = 0;
    std::from_chars(found->second.data(), found->second.data() + found->second.size(), priority);
    return priority;
  }
  return json::value(found->second);
}

std::string ClientToken(const json::object& input) {
  const std::string text = json::serialize(input);
  Sha256 hash;
  hash.Update(std::as_bytes(std::span(text.data(), text.size())));
  return "hearth-" + Hex(hash.Digest()).substr(0, kTokenHex);
}

}  // namespace

json::object Fill(const json::object& input, const References& known) {
  json::object filled;
  for (const auto& [name, value] : input) {
    filled.emplace(name, IsTheUsers(name) ? value : FillValue(value, known));
  }
  return filled;
}

json::object FillAll(const json::object& input, const References& known) {
  json::object filled = Fill(input, known);
  const json::value* token = filled.if_contains("clientToken");
  if (token != nullptr && token->is_string() && token->get_string() == kClientTokenRef) {
    filled["clientToken"] = ClientToken(filled);
  }
  return filled;
}

std::string FindReference(const json::value& input) {
  if (input.is_string()) {
    return IsReference(input.get_string()) ? std::string(input.get_string()) : "";
  }
  if (input.is_object()) {
    for (const auto& [name, value] : input.get_object()) {
      if (IsTheUsers(name)) continue;
      if (std::string found = FindReference(value); !found.empty()) return found;
    }
  }
  if (input.is_array()) {
    for (const json::value& item : input.get_array()) {
      if (std::string found = FindReference(item); !found.empty()) return found;
    }
  }
  return {};
}

}  // namespace hearth::ecs
