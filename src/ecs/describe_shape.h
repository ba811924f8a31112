// Describe's answers in the words of the create calls, so that the two can be compared. Pure.
#pragma once

#include <boost/json/object.hpp>
#include <map>
#include <optional>
#include <string>

#include "ecs/desired.h"

namespace hearth::ecs {

// Of a create call's input or a Describe's answer, whatever form that API has for them: "tags" or
// "Tags", lists of key and value or objects. nullopt: it does not say.
std::optional<std::map<std::string, std::string>> TagsOf(const boost::json::object& described);

// The same with both sides in one form: conditions and actions of rules, what only a deployment
// tells of a service, units of cpu and memory; without tags.
boost::json::object Normal(Kind kind, const boost::json::object& object);

}  // namespace hearth::ecs
