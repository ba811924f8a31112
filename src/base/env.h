// The environment's variables as a value that is handed in, so that whoever reads them can be
// tested.
#pragma once

#include <functional>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

namespace hearth {

// The variable's value; nullopt when it is not set. Set but empty is "".
using Env = std::function<std::optional<std::string>(std::string_view name)>;

// The process's own. Any thread, as long as nobody calls setenv at the same time.
Env ProcessEnv();

// The first of `names` that is set and not empty; "" when none is.
std::string FirstSet(const Env& env, std::initializer_list<std::string_view> names);

}  // namespace hearth
