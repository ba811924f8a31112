// JSON as people read it: two spaces a level, short lists on one line, names in their order. Pure.
#pragma once

#include <boost/json/value.hpp>
#include <string>

namespace hearth::ecs {

std::string JsonText(const boost::json::value& value);

}  // namespace hearth::ecs
