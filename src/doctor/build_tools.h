// Build tools that an image's history says were left in it. Pure.
#pragma once

#include <boost/json/array.hpp>
#include <string>
#include <vector>

namespace hearth::doctor {

// `history`: the Docker engine's GET /images/…/history. A line that installs and removes again in
// the same layer leaves nothing behind. `pip_cache_off`: the image's Env says PIP_NO_CACHE_DIR.
std::vector<std::string> BuildToolsIn(const boost::json::array& history, bool pip_cache_off);

}  // namespace hearth::doctor
