// The one table of what this server answers: dispatch, who may call, what is refused before a body
// is read, the form of errors and the labels of metrics all come from it. Pure: values in,
// responses out.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/secret.h"
#include "http/server.h"
#include "serve/lifecycle.h"
#include "serve/metrics.h"
#include "serve/wire.h"

namespace hearth::serve {

struct EmbedContext;
struct MemoryPlan;
struct ServeOptions;
struct StartTimes;

// What the small answers (everything but embeddings) are made from.
struct ServiceView {
  const Lifecycle* lifecycle = nullptr;
  const ServeOptions* options = nullptr;
  const EmbedContext* context = nullptr;      // null until ready
  const StartTimes* start = nullptr;          // null until ready
  const MemoryPlan* memory = nullptr;         // null until ready
  const http::ServerStats* server = nullptr;  // null in tests
  const ServeMetrics* metrics = nullptr;
  QueueSnapshot queue;
};

struct Route {
  std::string_view method;
  std::string_view path;
  bool open = false;         // answered without the API key
  bool needs_model = false;  // 503 before ready and while draining
  bool openai = false;       // errors in OpenAI's nested form
  // Exactly one of the two: work for the batcher, or a small answer made at once.
  Result<EmbedRequest> (*parse)(std::string_view body) = nullptr;
  http::Response (*answer)(const ServiceView&) = nullptr;
};

std::span<const Route> Routes();
size_t IndexOf(const Route& route);
// Null when there is none. HEAD finds GET's.
const Route* FindRoute(std::string_view method, std::string_view path);

// The key that requests must carry (`Authorization: Bearer …`); compared in constant time by
// digest, never logged.
class ApiKey {
 public:
  explicit ApiKey(std::string_view key);  // empty: none is asked
  bool Accepts(std::string_view authorization) const;

 private:
  std::optional<Secret> secret_;
};

// What is refused from the head alone: 404, 405, 401, 503 (loading or draining), 415. Absent: take
// it.
std::optional<http::Response> Refuse(const http::RequestHead& head, Phase phase, const ApiKey& key);

http::Response JsonResponse(int status, std::string body);
// In the route's form; with Retry-After when trying again makes sense.
http::Response ErrorResponse(bool openai, const Error& error);

}  // namespace hearth::serve
