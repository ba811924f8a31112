// Headers by name, without case. Headers are few: a list is faster than any map.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace hearth::http {

inline bool EqualsNoCase(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  for (size_t i = 0; i < a.size(); ++i) {
    const auto lower = [](char c) {
      return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
    };
    if (lower(a[i]) != lower(b[i])) return false;
  }
  return true;
}

// The first value, or empty.
inline std::string_view FindHeader(const std::vector<std::pair<std::string, std::string>>& headers,
                                   std::string_view name) {
  for (const auto& [key, value] : headers) {
    if (EqualsNoCase(key, name)) return value;
  }
  return {};
}

}  // namespace hearth::http
