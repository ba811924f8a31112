#include "serve/routes.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "serve/pages.h"
#include "serve/wire_forms.h"

namespace hearth::serve {
namespace {

constexpr std::string_view kRetryAfterSeconds = "1";

constexpr std::array kRoutes = {
    Route{.method = "GET", .path = "/health", .open = true, .answer = AnswerHealth},
    Route{.method = "GET", .path = "/ready", .open = true, .answer = AnswerReady},
    Route{.method = "GET", .path = "/livez", .open = true, .answer = AnswerHealth},
    Route{.method = "GET", .path = "/readyz", .open = true, .answer = AnswerReady},
    Route{.method = "POST", .path = "/embed", .needs_model = true, .parse = ParseNative},
    Route{.method = "POST",
          .path = "/v1/embeddings",
          .needs_model = true,
          .openai = true,
          .parse = ParseOpenAi},
    Route{.method = "POST",
          .path = "/embeddings",
          .needs_model = true,
          .openai = true,
          .parse = ParseOpenAi},
    Route{.method = "GET", .path = "/info", .needs_model = true, .answer = AnswerInfo},
    Route{.method = "GET",
          .path = "/v1/models",
          .needs_model = true,
          .openai = true,
          .answer = AnswerModels},
    Route{.method = "GET", .path = "/metrics", .answer = AnswerMetrics},
    Route{.method = "GET", .path = "/", .answer = AnswerIndex},
};
static_assert(kRoutes.size() < kRoutesMax, "metrics keep one more row, for what matches no route");

std::string_view HeaderOf(const http::RequestHead& head, std::string_view name) {
  if (head.headers == nullptr) return {};
  const auto same = [](char a, char b) { return (a | 0x20) == (b | 0x20); };
  for (const auto& [key, value] : *head.headers) {
    if (std::equal(key.begin(), key.end(), name.begin(), name.end(), same)) return value;
  }
  return {};
}

// Which error form a path without a route gets.
bool LooksLikeOpenAi(std::string_view path) { return path.starts_with("/v1/"); }

http::Response RefuseUnknown(const http::RequestHead& head) {
  std::string allowed;
  for (const Route& route : kRoutes) {
    if (route.path != head.path) continue;
    if (!allowed.empty()) allowed += ", ";
    allowed += route.method;
  }
  const bool openai = LooksLikeOpenAi(head.path);
  if (allowed.empty()) {
    return ErrorResponse(
        openai, {Code::kNotFound,
                 fmt::format("no route {} {}; GET / says what there is", head.method, head.path)});
  }
  http::Response response =
      ErrorResponse(openai, {Code::kMethodNotAllowed,
                             fmt::format("{} takes {}, not {}", head.path, allowed, head.method)});
  response.headers.emplace_back("Allow", allowed);
  return response;
}

// Absent content types pass: curl and small clients often name none that is right.
bool IsJson(std::string_view content_type) {
  std::string type(content_type.substr(0, content_type.find(';')));
  std::transform(type.begin(), type.end(), type.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; });
  while (!type.empty() && type.back() == ' ') type.pop_back();
  return type.empty() || type == "application/json" || type == "text/json" ||
         (type.starts_with("application/") && type.ends_with("+json"));
}

Status CheckBodyType(const http::RequestHead& head) {
  const std::string_view type = HeaderOf(head, "content-type");
  if (!IsJson(type)) {
    return Fail(Code::kUnsupportedMedia,
                "the body's content type is \"{}\": send JSON, with Content-Type: application/json",
                type);
  }
  const std::string_view encoding = HeaderOf(head, "content-encoding");
  if (!encoding.empty() && encoding != "identity") {
    return Fail(Code::kUnsupportedMedia, "the body's encoding is \"{}\": send it uncompressed",
                encoding);
  }
  return {};
}

}  // namespace

std::span<const Route> Routes() { return kRoutes; }

size_t IndexOf(const Route& route) { return static_cast<size_t>(&route - kRoutes.data()); }

const Route* FindRoute(std::string_view method, std::string_view path) {
  if (method == "HEAD") method = "GET";
  const auto* const found = std::find_if(kRoutes.begin(), kRoutes.end(), [&](const Route& route) {
    return route.path == path && route.method == method;
  });
  return found == kRoutes.end() ? nullptr : found;
}

ApiKey::ApiKey(std::string_view key) {
  if (!key.empty()) secret_.emplace(key);
}

bool ApiKey::Accepts(std::string_view authorization) const {
  if (!secret_) return true;
  constexpr std::string_view kScheme = "bearer ";
  const auto same = [](char a, char b) { return (a | 0x20) == (b | 0x20); };
  if (authorization.size() < kScheme.size() ||
      !std::equal(kScheme.begin(), kScheme.end(), authorization.begin(), same)) {
    return false;
  }
  return secret_->Matches(authorization.substr(kScheme.size()));
}

std::optional<http::Response> Refuse(const http::RequestHead& head, Phase phase,
                                     const ApiKey& key) {
  const Route* route = FindRoute(head.method, head.path);
  // A stranger learns nothing, not even which routes exist.
  if ((route == nullptr || !route->open) && !key.Accepts(HeaderOf(head, "authorization"))) {
    http::Response response = ErrorResponse(
        route != nullptr ? route->openai : LooksLikeOpenAi(head.path),
        {Code::kUnauthorized, "the API key is missing or wrong: send Authorization: Bearer KEY"});
    response.headers.emplace_back("WWW-Authenticate", "Bearer");
    return response;
  }
  if (route == nullptr) return RefuseUnknown(head);
  if (route->needs_model && phase != Phase::kReady) {
    if (phase >= Phase::kDraining) {
      return ErrorResponse(route->openai, {Code::kUnavailable, "the server is shutting down"});
    }
    http::Response response = JsonResponse(503, R"({"error":"model not loaded"})");
    response.headers.emplace_back("Retry-After", kRetryAfterSeconds);
    return response;
  }
  if (route->parse == nullptr) return std::nullopt;
  if (const Status status = CheckBodyType(head); !status) {
    return ErrorResponse(route->openai, status.error());
  }
  return std::nullopt;
}

http::Response JsonResponse(int status, std::string body) {
  http::Response response;
  response.status = status;
  response.body = std::move(body);
  return response;
}

http::Response ErrorResponse(bool openai, const Error& error) {
  const CodeTraits& traits = TraitsOf(error.code);
  http::Response response =
      JsonResponse(traits.http_status, PrintError(openai, error.code, error.message));
  if (error.code == Code::kOverloaded || error.code == Code::kUnavailable) {
    response.headers.emplace_back("Retry-After", kRetryAfterSeconds);
  }
  return response;
}

}  // namespace hearth::serve
