#include "base/env.h"

#include <cstdlib>

namespace hearth {

Env ProcessEnv() {
  return [](std::string_view name) -> std::optional<std::string> {
    const char* value = std::getenv(std::string(name).c_str());
    if (value == nullptr) return std::nullopt;
    return value;
  };
}

std::string FirstSet(const Env& env, std::initializer_list<std::string_view> names) {
  for (const std::string_view name : names) {
    if (auto value = env(name); value && !value->empty()) return *std::move(value);
  }
  return "";
}

}  // namespace hearth
