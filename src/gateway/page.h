// The live page: page.html, put into the binary when it is built.
#pragma once

#include <string_view>

namespace hearth::gateway {

std::string_view LivePage();

}  // namespace hearth::gateway
