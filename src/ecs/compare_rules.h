// What a comparison must know of AWS's API: which properties have which default, which lists are
// sets. Source: botocore's service models and reference/ecs.md 1.x. Pure.
#pragma once

#include <boost/json/value.hpp>
#include <optional>
#include <string_view>

#include "ecs/desired.h"

namespace hearth::ecs {

// Says what to think of property `name` of the object that property `in` holds (itself, or as items
// of its list; "" at the top) where only one side has it. nullopt: a property that hearth does not
// know: what AWS says of it, hearth does not judge. null: none, or nothing, is the default.
std::optional<boost::json::value> DefaultOf(Kind kind, std::string_view in, std::string_view name);

// Some property of the objects that `in` holds is known.
bool KnowsInside(Kind kind, std::string_view in);

// Names what is compared: not compared itself, as "family".
bool IsIdentity(Kind kind, std::string_view name);

// An object whose property names are the user's: what only AWS has is a difference.
bool IsMap(std::string_view name);

struct SetRule {
  std::string_view list;
  std::string_view key;    // names an item; empty: the item itself
  bool only_ours = false;  // what others added is theirs
};
const SetRule* FindSet(std::string_view list);

}  // namespace hearth::ecs
