// What the admin API answers and to whom: the table of routes, and what is refused from a request's
// head alone. Pure.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/secret.h"
#include "gateway/admin.h"
#include "http/server.h"

namespace hearth::gateway {

struct AdminRoute {
  std::string_view method;
  std::string_view path;
  bool on_loop = true;  // needs the pool: answered on the event loop
  http::Response (*answer)(const AdminActions& actions, const http::Request& request) = nullptr;
};

std::span<const AdminRoute> AdminRoutes();

// The route of a request that AdminGate has let pass.
const AdminRoute& RouteOf(const http::Request& request);

// Who may ask: a request names this listener as its Host, so that a name elsewhere that points here
// gets nothing (DNS rebinding); a POST shows the token.
class AdminGate {
 public:
  // `address`: of the listener, as http::Server::address says it.
  AdminGate(std::string_view address, std::string_view token);

  // 403, 404, 405, 401; absent: it may pass.
  std::optional<http::Response> Refuse(const http::RequestHead& head) const;

 private:
  std::string address_;
  std::vector<std::string> hosts_;
  Secret token_;
};

// {"error": …, "error_type": …}
http::Response AdminError(int status, std::string_view type, std::string_view message);
http::Response AdminError(const Error& error);

}  // namespace hearth::gateway
