// [ecs.task_definition] and [ecs.service_definition] into what hearth makes. Pure.
#pragma once

#include <boost/json/object.hpp>
#include <string_view>

#include "base/result.h"

namespace hearth::ecs {

// Puts `extra` into `*into`: objects go into objects, member by member; items of lists of objects
// that have a "name" (containers, environment, volumes) go into the item of that name, or behind
// the list; items of tags likewise by "key"; anything else takes the place of what was there.
//
// kUnprocessable naming the place, below `where` ("ecs.task_definition"), for a name that is not of
// the API's shape (container_definitions, Cpu), for an item without the name that tells the list's
// items apart, and for an object or list where there is another kind, or the reverse.
Status Merge(const boost::json::object& extra, std::string_view where, boost::json::object* into);

}  // namespace hearth::ecs
