#include "serve/pages.h"

#include <fmt/format.h>

#include <string>
#include <string_view>

#include "base/json_print.h"
#include "base/metrics.h"
#include "serve/embed_work.h"
#include "serve/memory_plan.h"
#include "serve/options.h"
#include "serve/routes.h"
#include "serve/start_times.h"

namespace hearth::serve {
namespace {

std::string Quoted(std::string_view text) {
  std::string out;
  AppendJsonString(text, &out);
  return out;
}

std::string_view NameOf(model::Pooling pooling) {
  switch (pooling) {
    case model::Pooling::kMean:
      return "mean";
    case model::Pooling::kCls:
      return "cls";
    case model::Pooling::kMax:
      return "max";
    case model::Pooling::kMeanSqrtLen:
      return "mean_sqrt_len";
  }
  return "unknown";
}

// {"needed":…,"limit":…,"items":{"weights":…}}, in bytes.
std::string PrintMemory(const MemoryPlan* plan) {
  if (plan == nullptr) return "null";
  std::string items;
  for (const MemoryItem& item : plan->items) {
    items += fmt::format(R"({}"{}":{})", items.empty() ? "" : ",", item.name, item.bytes);
  }
  return fmt::format(R"({{"needed":{},"limit":{},"items":{{{}}}}})", plan->needed,
                     plan->limit ? fmt::format("{}", *plan->limit) : "null", items);
}

std::string EscapedForHtml(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

constexpr std::string_view kIndexPage = R"(<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>hearth: {model}</title>
<style>body{{font:16px/1.5 system-ui,sans-serif;max-width:46rem;margin:2rem auto;padding:0 1rem}}
pre{{background:#f4f4f4;padding:.8rem;overflow-x:auto}}td{{padding:.1rem 1rem .1rem 0;vertical-align:top}}</style>
<h1>hearth</h1>
<p>An embedding server (version {version}), <b>{phase}</b>, for the model <b>{model}</b>.</p>
<h2>Call it</h2>
<pre>curl -s localhost:PORT/embed -H 'Content-Type: application/json' -d '{{"text": "a warm pool"}}'
curl -s localhost:PORT/embed -H 'Content-Type: application/json' -d '{{"inputs": ["one", "two"]}}'
curl -s localhost:PORT/v1/embeddings -H 'Content-Type: application/json' -d '{{"input": "one"}}'</pre>
<h2>Routes</h2>
<table>
<tr><td>POST /embed<td><code>{{"text": …}}</code> or <code>{{"inputs": …}}</code> (text-embeddings-inference's form)
<tr><td>POST /v1/embeddings<td>OpenAI's form; also at /embeddings
<tr><td>GET <a href="/health">/health</a><td>200 from the first millisecond
<tr><td>GET <a href="/ready">/ready</a><td>200 once the model is in memory, 503 before and while shutting down
<tr><td>GET <a href="/info">/info</a>, <a href="/v1/models">/v1/models</a><td>the model and the limits
<tr><td>GET <a href="/metrics">/metrics</a><td>for Prometheus
</table>
</html>
)";

}  // namespace

http::Response AnswerHealth(const ServiceView&) {
  return JsonResponse(200, R"({"status":"alive"})");
}

http::Response AnswerReady(const ServiceView& view) {
  const Phase phase = view.lifecycle->phase();
  http::Response response =
      JsonResponse(phase == Phase::kReady ? 200 : 503,
                   ReadyBody(phase, view.lifecycle->step(), view.lifecycle->read()));
  if (phase != Phase::kReady) {
    response.headers.emplace_back("Retry-After", "1");
    return response;
  }
  const ServeOptions& options = *view.options;
  const int slots = SlotsOf(options, view.queue.workers);
  response.headers.emplace_back("X-Hearth-Slots", fmt::format("{}", slots));
  if (!options.replica_nonce.empty()) {
    response.headers.emplace_back("X-Hearth-Nonce", options.replica_nonce);
  }
  return response;
}

http::Response AnswerInfo(const ServiceView& view) {
  const model::ModelConfig& config = view.context->model->config();
  const ServeOptions& options = *view.options;
  return JsonResponse(
      200,
      fmt::format(
          R"({{"model_id":{},"model_sha":"{}","model_dtype":"{}","served_model_name":{},)"
          R"("model_type":{{"embedding":{{"pooling":"{}"}}}},"max_concurrent_requests":{},)"
          R"("max_input_length":{},"max_batch_tokens":{},"max_batch_requests":null,)"
          R"("max_client_batch_size":{},"auto_truncate":{},"tokenization_workers":{},)"
          R"("version":"{}","sha":null,"docker_label":null,"dimensions":{},"workers":{},"memory":{}}})",
          Quoted(config.name), view.context->model->content_sha256(),
          config.dtype == kernels::DType::kF32 ? "float32" : "bfloat16",
          Quoted(view.context->model_name), NameOf(config.pooling), options.requests_max,
          view.context->max_tokens, options.batch_tokens_max, options.client_batch_max,
          options.auto_truncate, view.queue.workers, HEARTH_VERSION, config.hidden_size,
          view.queue.workers, PrintMemory(view.memory)));
}

http::Response AnswerModels(const ServiceView& view) {
  return JsonResponse(
      200, fmt::format(R"({{"object":"list","data":[{{"id":{},"object":"model","created":0,)"
                       R"("owned_by":"hearth"}}]}})",
                       Quoted(view.context->model_name)));
}

http::Response AnswerMetrics(const ServiceView& view) {
  PrintedMetrics printed;
  printed.metrics = view.metrics;
  printed.server = view.server;
  printed.start = view.start;
  printed.memory = view.memory;
  printed.queue = view.queue;
  printed.version = HEARTH_VERSION;
  if (view.context != nullptr) printed.model = view.context->model_name;
  http::Response response = JsonResponse(200, PrintMetrics(printed));
  response.content_type = MetricsText::kContentType;
  return response;
}

http::Response AnswerIndex(const ServiceView& view) {
  const std::string model =
      view.context != nullptr ? view.context->model_name : view.options->model_path;
  http::Response response =
      JsonResponse(200, fmt::format(kIndexPage, fmt::arg("model", EscapedForHtml(model)),
                                    fmt::arg("version", HEARTH_VERSION),
                                    fmt::arg("phase", NameOf(view.lifecycle->phase()))));
  response.content_type = "text/html; charset=utf-8";
  return response;
}

}  // namespace hearth::serve
