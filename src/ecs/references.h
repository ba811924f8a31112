// Filling in what only AWS can say (desired.h: "${target_group}" and friends). Pure.
#pragma once

#include <boost/json/object.hpp>
#include <map>
#include <string>
#include <string_view>

namespace hearth::ecs {

using References = std::map<std::string, std::string, std::less<>>;

// "hearth-" and 28 hex digits of the rest of the request: filled in last, so that the same creation
// tried again carries the same token, and one after a destroy (other ARNs) another.
inline constexpr std::string_view kClientTokenRef = "${client_token}";

// Every text that is a known reference becomes its value; a priority becomes a number. What is not
// known stays.
boost::json::object Fill(const boost::json::object& input, const References& known);

// As Fill, and the client token.
boost::json::object FillAll(const boost::json::object& input, const References& known);

// The first reference that is still in it; empty: none.
std::string FindReference(const boost::json::value& input);

}  // namespace hearth::ecs
