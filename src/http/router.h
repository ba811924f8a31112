// Router: which row of a route table a request belongs to. Pure; built once, then any thread may
// ask.
//
// A path matches byte by byte. HEAD is answered by GET's row (the server leaves the body out). A
// path that exists with other methods is 405, with the Allow header's value; any other is 404.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace hearth::http {

class Router {
 public:
  struct Row {
    std::string method;
    std::string path;
  };
  struct Match {
    int row = -1;       // index into the rows, when status is 200
    int status = 404;   // 200, 404 or 405
    std::string allow;  // for 405: "GET, HEAD, POST"
  };

  explicit Router(std::vector<Row> rows) : rows_(std::move(rows)) {}

  Match Find(std::string_view method, std::string_view path) const;

 private:
  std::vector<Row> rows_;
};

}  // namespace hearth::http
