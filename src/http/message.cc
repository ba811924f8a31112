#include <string_view>

#include "http/header_lookup.h"
#include "http/server.h"

namespace hearth::http {

std::string_view Request::Header(std::string_view name) const { return FindHeader(headers, name); }

}  // namespace hearth::http
