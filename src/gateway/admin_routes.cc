#include "gateway/admin_routes.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <utility>

#include "base/json_print.h"
#include "gateway/admin_requests.h"
#include "gateway/page.h"
#include "http/header_lookup.h"
#include "http/router.h"

namespace hearth::gateway {
namespace {

http::Response JsonResponse(int status, std::string body) {
  // What is shown is the state of this moment.
  return {.status = status, .body = std::move(body), .headers = {{"Cache-Control", "no-store"}}};
}

http::Response AnswerPage(const AdminActions&, const http::Request&) {
  http::Response response;
  response.content_type = "text/html; charset=utf-8";
  response.body = LivePage();
  // The page brings all it needs, asks nobody else and is shown in nobody's frame.
  response.headers = {{"Content-Security-Policy",
                       "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; "
                       "img-src data:; connect-src 'self'; base-uri 'none'; form-action 'none'; "
                       "frame-ancestors 'none'"},
                      {"X-Content-Type-Options", "nosniff"},
                      {"Referrer-Policy", "no-referrer"},
                      {"Cache-Control", "no-cache"}};
  return response;
}

http::Response AnswerHealth(const AdminActions&, const http::Request&) {
  return JsonResponse(200, R"({"status":"alive"})");
}

// `since` of "…&since=1764082799&…"; 0 when there is none that is a number.
int64_t SinceOf(std::string_view query) {
  constexpr std::string_view kName = "since=";
  while (!query.empty()) {
    const size_t end = std::min(query.find('&'), query.size());
    std::string_view part = query.substr(0, end);
    query.remove_prefix(std::min(end + 1, query.size()));
    if (!part.starts_with(kName)) continue;
    part.remove_prefix(kName.size());
    int64_t value = 0;
    std::from_chars(part.data(), part.data() + part.size(), value);
    return value;
  }
  return 0;
}

http::Response AnswerStatus(const AdminActions& actions, const http::Request& request) {
  using std::chrono::duration_cast;
  using std::chrono::milliseconds;
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return JsonResponse(
      200, PrintStatus(actions.status(), actions.traffic(), actions.gateway_address,
                       duration_cast<milliseconds>(now).count(), SinceOf(request.query)));
}

http::Response AnswerMetrics(const AdminActions& actions, const http::Request&) {
  http::Response response;
  response.content_type = MetricsText::kContentType;
  response.body = actions.metrics();
  return response;
}

http::Response Done(const Status& status, int code, std::string_view word) {
  if (!status) return AdminError(status.error());
  return JsonResponse(code, fmt::format(R"({{"status":"{}"}})", word));
}

http::Response AnswerScale(const AdminActions& actions, const http::Request& request) {
  const auto change = ParseScale(request.body);
  if (!change) return AdminError(change.error());
  return Done(actions.scale(change->floor, change->spare, change->max), 200, "scaled");
}

http::Response AnswerRoll(const AdminActions& actions, const http::Request& request) {
  const auto change = ParseRoll(request.body);
  if (!change) return AdminError(change.error());
  return Done(actions.roll(*change), 202, "rolling");
}

http::Response AnswerDrain(const AdminActions& actions, const http::Request& request) {
  const auto replica = ParseDrain(request.body);
  if (!replica) return AdminError(replica.error());
  return Done(actions.drain(*replica), 202, "draining");
}

http::Response AnswerDown(const AdminActions& actions, const http::Request&) {
  actions.down();
  return Done({}, 202, "going down");
}

constexpr std::array kRoutes = {
    AdminRoute{.method = "GET", .path = "/", .on_loop = false, .answer = AnswerPage},
    AdminRoute{.method = "GET", .path = "/health", .on_loop = false, .answer = AnswerHealth},
    AdminRoute{.method = "GET", .path = "/v1/status", .answer = AnswerStatus},
    AdminRoute{.method = "GET", .path = "/metrics", .answer = AnswerMetrics},
    AdminRoute{.method = "POST", .path = "/v1/scale", .answer = AnswerScale},
    AdminRoute{.method = "POST", .path = "/v1/roll", .answer = AnswerRoll},
    AdminRoute{.method = "POST", .path = "/v1/drain", .answer = AnswerDrain},
    AdminRoute{.method = "POST", .path = "/v1/down", .answer = AnswerDown},
};

http::Router MakeRouter() {
  std::vector<http::Router::Row> rows;
  rows.reserve(kRoutes.size());
  for (const AdminRoute& route : kRoutes) {
    rows.push_back({std::string(route.method), std::string(route.path)});
  }
  return http::Router(std::move(rows));
}

http::Router::Match Find(std::string_view method, std::string_view path) {
  static const http::Router router = MakeRouter();
  return router.Find(method, path);
}

// The values of Host that mean the listener at `address`.
std::vector<std::string> HostsOf(std::string_view address) {
  constexpr std::string_view kHttp = "http://";
  if (!address.starts_with(kHttp)) return {"localhost"};  // a unix socket: no browser gets there
  const std::string_view authority = address.substr(kHttp.size());
  const std::string_view port = authority.substr(authority.rfind(':'));
  std::vector<std::string> hosts = {std::string(authority)};
  for (const char* name : {"localhost", "127.0.0.1"}) hosts.push_back(name + std::string(port));
  if (port != ":80") return hosts;
  for (size_t i = 0, count = hosts.size(); i < count; ++i) {
    hosts.push_back(hosts[i].substr(0, hosts[i].size() - port.size()));
  }
  return hosts;
}

}  // namespace

std::span<const AdminRoute> AdminRoutes() { return kRoutes; }

const AdminRoute& RouteOf(const http::Request& request) {
  return kRoutes[static_cast<size_t>(std::max(Find(request.method, request.path).row, 0))];
}

AdminGate::AdminGate(std::string_view address, std::string_view token)
    : address_(address), hosts_(HostsOf(address)), token_(token) {}

std::optional<http::Response> AdminGate::Refuse(const http::RequestHead& head) const {
  static const std::vector<std::pair<std::string, std::string>> none;
  const auto& headers = head.headers != nullptr ? *head.headers : none;
  const std::string_view host = http::FindHeader(headers, "host");
  if (std::none_of(hosts_.begin(), hosts_.end(),
                   [&](const std::string& own) { return http::EqualsNoCase(own, host); })) {
    return AdminError(403, "forbidden",
                      fmt::format("the Host \"{}\" is not this listener: ask {}", host, address_));
  }
  const http::Router::Match match = Find(head.method, head.path);
  if (match.status == 404) {
    return AdminError({Code::kNotFound, fmt::format("no route {} {}", head.method, head.path)});
  }
  if (match.status == 405) {
    http::Response response =
        AdminError({Code::kMethodNotAllowed,
                    fmt::format("{} takes {}, not {}", head.path, match.allow, head.method)});
    response.headers.emplace_back("Allow", match.allow);
    return response;
  }
  const bool changes = kRoutes[static_cast<size_t>(match.row)].method == "POST";
  if (changes && !token_.Matches(http::FindHeader(headers, "x-hearth-token"))) {
    return AdminError({Code::kUnauthorized,
                       "the token is missing or wrong: send X-Hearth-Token with what admin.json in "
                       "the pool's state folder says"});
  }
  return std::nullopt;
}

http::Response AdminError(int status, std::string_view type, std::string_view message) {
  std::string body = R"({"error":)";
  AppendJsonString(message, &body);
  body.append(R"(,"error_type":")").append(type).append("\"}");
  return JsonResponse(status, std::move(body));
}

http::Response AdminError(const Error& error) {
  const CodeTraits& traits = TraitsOf(error.code);
  return AdminError(traits.http_status, traits.name, error.message);
}

}  // namespace hearth::gateway
