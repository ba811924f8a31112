// Reading API-shaped JSON without surprises: what is absent, null or of another kind is empty.
// Pure. Views and references are into the document, or to a static empty one.
#pragma once

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <optional>
#include <string_view>

namespace hearth::aws {

std::string_view TextOf(const boost::json::object& in, std::string_view name);
// Numbers, and texts that are one (answers in XML have only texts).
std::optional<double> NumberOf(const boost::json::object& in, std::string_view name);
std::optional<bool> BoolOf(const boost::json::object& in, std::string_view name);
const boost::json::array& ListOf(const boost::json::object& in, std::string_view name);
const boost::json::object& ObjectOf(const boost::json::object& in, std::string_view name);
// An item of a list as an object.
const boost::json::object& AsObject(const boost::json::value& item);
std::string_view AsText(const boost::json::value& item);

}  // namespace hearth::aws
