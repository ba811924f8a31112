#include "ecs/merge.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>
#include <string>

#include "aws/document.h"

namespace hearth::ecs {
namespace {

namespace json = boost::json;

// Names of maps are the user's own: labels and options, not members of the API.
bool HoldsOwnNames(std::string_view where) {
  for (const std::string_view map : {"dockerLabels", "options", "driverOpts", "labels"}) {
    if (where.ends_with(map)) return true;
  }
  return false;
}

bool IsApiName(std::string_view name) {
  return !name.empty() && name[0] >= 'a' && name[0] <= 'z' && std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
  });
}

bool AllHave(const json::array& list, std::string_view name) {
  return std::ranges::all_of(list, [&](const json::value& item) {
    return !aws::TextOf(aws::AsObject(item), name).empty();
  });
}

// By which member items of a list are told apart; empty: they are not.
std::string_view IdentityOf(const json::array& list) {
  for (const std::string_view name : {"name", "key"}) {
    if (!list.empty() && AllHave(list, name)) return name;
  }
  return {};
}

Status CheckNames(const json::value& value, const std::string& where);

Status CheckMember(std::string_view name, const json::value& value, const std::string& where) {
  const std::string path = fmt::format("{}.{}", where, name);
  if (IsApiName(name) || HoldsOwnNames(where)) return CheckNames(value, path);
  return Fail(Code::kUnprocessable,
              "{}: names are the API's here, such as \"containerDefinitions\": a small letter "
              "first, no \"_\"",
              path);
}

Status CheckNames(const json::value& value, const std::string& where) {
  if (value.is_object()) {
    for (const auto& [name, member] : value.get_object()) {
      if (Status good = CheckMember(name, member, where); !good) return good;
    }
  } else if (value.is_array()) {
    for (const json::value& item : value.get_array()) {
      if (Status good = CheckNames(item, where); !good) return good;
    }
  }
  return {};
}

Status MergeValue(const json::value& extra, const std::string& where, json::value* into);

Status MergeObject(const json::object& extra, const std::string& where, json::object* into) {
  for (const auto& [name, value] : extra) {
    const auto there = into->find(name);
    if (there == into->end()) {
      into->emplace(name, value);
      continue;
    }
    const std::string path = fmt::format("{}.{}", where, std::string_view(name));
    if (Status done = MergeValue(value, path, &there->value()); !done) return done;
  }
  return {};
}

Status MergeList(const json::array& extra, const std::string& where, json::array* into) {
  const std::string_view identity = IdentityOf(*into);
  if (identity.empty() || extra.empty()) {
    *into = extra;
    return {};
  }
  if (!AllHave(extra, identity)) {
    return Fail(Code::kUnprocessable,
                "{}: each of the list needs a {}: that of one that is there, or another", where,
                identity);
  }
  for (const json::value& item : extra) {
    const std::string_view name = aws::TextOf(item.as_object(), identity);
    const auto same = std::ranges::find_if(*into, [&](const json::value& other) {
      return aws::TextOf(other.as_object(), identity) == name;
    });
    if (same == into->end()) {
      into->push_back(item);
    } else if (Status done = MergeValue(item, fmt::format("{}[{}]", where, name), &*same); !done) {
      return done;
    }
  }
  return {};
}

Status MergeValue(const json::value& extra, const std::string& where, json::value* into) {
  if (extra.is_object() && into->is_object()) {
    return MergeObject(extra.as_object(), where, &into->as_object());
  }
  if (extra.is_array() && into->is_array()) {
    return MergeList(extra.as_array(), where, &into->as_array());
  }
  if (extra.is_object() != into->is_object() || extra.is_array() != into->is_array()) {
    return Fail(Code::kUnprocessable, "{} = {} cannot take the place of {}", where,
                json::serialize(extra).substr(0, 60), json::serialize(*into).substr(0, 60));
  }
  *into = extra;
  return {};
}

}  // namespace

Status Merge(const json::object& extra, std::string_view where, json::object* into) {
  for (const auto& [name, value] : extra) {
    if (Status good = CheckMember(name, value, std::string(where)); !good) return good;
  }
  return MergeObject(extra, std::string(where), into);
}

}  // namespace hearth::ecs
