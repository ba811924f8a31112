#include "http/router.h"

namespace hearth::http {

Router::Match Router::Find(std::string_view method, std::string_view path) const {
  const std::string_view wanted = method == "HEAD" ? "GET" : method;
  Match match;
  // A dozen rows: walking them costs less than hashing the path.
  for (size_t i = 0; i < rows_.size(); ++i) {
    const Row& row = rows_[i];
    if (row.path != path) continue;
    if (row.method == wanted) return {.row = static_cast<int>(i), .status = 200, .allow = {}};
    match.status = 405;
    match.allow.append(match.allow.empty() ? "" : ", ").append(row.method);
    if (row.method == "GET") match.allow.append(", HEAD");
  }
  return match;
}

}  // namespace hearth::http
