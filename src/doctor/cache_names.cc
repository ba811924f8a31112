#include "doctor/cache_names.h"

#include <algorithm>

#include "aws/document.h"

namespace hearth::doctor {

bool NamesCache(std::string_view variable) {
  return std::find(kCacheVariables.begin(), kCacheVariables.end(), variable) !=
         kCacheVariables.end();
}

bool ImageNamesCache(const boost::json::object& config) {
  for (const boost::json::value& item : aws::ListOf(config, "Env")) {
    const std::string_view pair = aws::AsText(item);
    if (NamesCache(pair.substr(0, pair.find('=')))) return true;
  }
  return false;
}

bool IsRoot(std::string_view user) {
  const std::string_view name = user.substr(0, user.find(':'));
  return name.empty() || name == "0" || name == "root";
}

}  // namespace hearth::doctor
