#include "serve/metrics.h"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <string>

#include "base/cpu_quota.h"
#include "serve/memory_plan.h"
#include "serve/routes.h"
#include "serve/start_times.h"

namespace hearth::serve {
namespace {

constexpr double kPageBytes = 4096;
constexpr std::array<std::string_view, kLimits> kLimitNames = {
    "concurrent_requests", "queued_texts", "queued_tokens", "client_batch_size",
    "request_timeout",     "connections",  "buffered_bytes"};

void PrintTeiRequests(const ServeMetrics& m, MetricsText* text) {
  text->Family("te_request_count", "counter", "Requests, by method: single text or batch");
  text->Sample(static_cast<double>(m.request_count[0].value()), {{"method", "single"}});
  text->Sample(static_cast<double>(m.request_count[1].value()), {{"method", "batch"}});
  text->Family("te_request_success", "counter", "Requests answered with vectors");
  text->Sample(static_cast<double>(m.request_success[0].value()), {{"method", "single"}});
  text->Sample(static_cast<double>(m.request_success[1].value()), {{"method", "batch"}});
  text->Family("te_request_failure", "counter", "Requests not answered with vectors, by reason");
  const std::pair<std::string_view, const Counter*> failures[] = {
      {"overloaded", &m.failed_overloaded}, {"validation", &m.failed_validation},
      {"batch_size", &m.failed_batch_size}, {"tokenization", &m.failed_tokenization},
      {"inference", &m.failed_inference},   {"dropped", &m.failed_dropped}};
  for (const auto& [reason, counter] : failures) {
    text->Sample(static_cast<double>(counter->value()), {{"err", reason}});
  }
  const auto duration = [&](std::string_view name, std::string_view help, const Histogram& h) {
    text->Family(name, "histogram", help);
    text->Sample(h);
  };
  duration("te_request_duration", "Seconds from arrival to answer", m.request_duration);
  duration("te_request_tokenization_duration", "Seconds of parsing and tokenising",
           m.request_tokenization);
  duration("te_request_queue_duration", "Seconds in the queue", m.request_queue);
  duration("te_request_inference_duration",
           "Seconds from the first forward's start to the last's end", m.request_inference);
  duration("te_request_input_length", "Tokens of each input", m.input_length);
}

void PrintTeiInputs(const ServeMetrics& m, MetricsText* text) {
  text->Family("te_embed_count", "counter", "Inputs to embed");
  text->Sample(static_cast<double>(m.embed_count.value()));
  text->Family("te_embed_success", "counter", "Inputs embedded");
  text->Sample(static_cast<double>(m.embed_success.value()));
  const auto histogram = [&](std::string_view name, std::string_view help, const Histogram& h) {
    text->Family(name, "histogram", help);
    text->Sample(h);
  };
  histogram("te_embed_duration", "Seconds from arrival to vector, per input", m.embed_duration);
  histogram("te_embed_tokenization_duration", "Seconds of tokenising, per input",
            m.embed_tokenization);
  histogram("te_embed_queue_duration", "Seconds in the queue, per input", m.embed_queue);
  histogram("te_embed_inference_duration", "Seconds of inference, per input", m.embed_inference);
  histogram("te_batch_next_size", "Texts of each forward", m.batch_size);
  histogram("te_batch_next_tokens", "Tokens of each forward", m.batch_tokens);
}

void PrintQueue(const PrintedMetrics& p, MetricsText* text) {
  const auto gauge = [&](std::string_view name, std::string_view help, int64_t value) {
    text->Family(name, "gauge", help);
    text->Sample(static_cast<double>(value));
  };
  gauge("te_queue_size", "Texts that wait for a forward", p.queue.texts);
  gauge("hearth_queue_texts", "Texts that wait for a forward", p.queue.texts);
  gauge("hearth_queue_tokens", "Tokens that wait for a forward", p.queue.tokens);
  gauge("hearth_queue_arrivals", "Requests that wait to be parsed", p.queue.arrivals);
  gauge("hearth_requests_in_hand", "Work requests from arrival to answer", p.queue.requests);
  gauge("hearth_workers", "Worker threads", p.queue.workers);
  gauge("hearth_workers_idle", "Worker threads that wait for work", p.queue.workers_idle);
  text->Family("hearth_forward_duration_seconds", "histogram", "Seconds of each forward");
  text->Sample(p.metrics->forward_duration);
  text->Family("hearth_forwards_split_total", "counter", "Forwards shared by several workers");
  text->Sample(static_cast<double>(p.metrics->forwards_split.value()));
  text->Family("hearth_limit_hits_total", "counter",
               "Requests and connections turned away by a limit");
  for (size_t i = 0; i < kLimits; ++i) {
    int64_t hits = p.metrics->limits_hit[i].value();
    const Limit limit = static_cast<Limit>(i);
    if (limit == Limit::kConnections && p.server != nullptr) hits = p.server->connections_refused;
    if (limit == Limit::kBufferedBytes && p.server != nullptr) hits = p.server->refused_buffer_full;
    text->Sample(static_cast<double>(hits), {{"limit", kLimitNames[i]}});
  }
}

void PrintServer(const PrintedMetrics& p, MetricsText* text) {
  text->Family("hearth_http_answers_total", "counter", "Answers, by route and status");
  const auto routes = Routes();
  for (size_t route = 0; route <= routes.size(); ++route) {
    const std::string_view label = route < routes.size() ? routes[route].path : "other";
    for (size_t i = 0; i < kStatuses.size(); ++i) {
      const int64_t count = p.metrics->answers[route][i].value();
      if (count == 0) continue;
      text->Sample(static_cast<double>(count),
                   {{"route", label}, {"status", fmt::format("{}", kStatuses[i])}});
    }
  }
  if (p.server == nullptr) return;
  const auto one = [&](std::string_view name, std::string_view type, std::string_view help,
                       int64_t value) {
    text->Family(name, type, help);
    text->Sample(static_cast<double>(value));
  };
  const http::ServerStats& s = *p.server;
  one("hearth_http_connections", "gauge", "Open connections", s.connections_open);
  one("hearth_http_connections_total", "counter", "Connections accepted", s.connections_total);
  one("hearth_http_buffered_bytes", "gauge", "Bytes of bodies and answers in memory",
      s.buffered_bytes);
  one("hearth_http_timeouts_total", "counter", "Connections closed because they were too slow",
      s.timed_out);
  one("hearth_http_malformed_total", "counter", "Requests that are not HTTP", s.malformed);
}

void PrintStart(const StartTimes* start, MetricsText* text) {
  text->Family("hearth_ready", "gauge", "1 once the model is in memory and has answered");
  text->Sample(start != nullptr ? 1 : 0);
  if (start == nullptr) return;
  text->Family("hearth_start_milliseconds", "gauge", "Where the time from exec to ready went");
  const std::pair<std::string_view, double> phases[] = {{"exec", start->exec},
                                                        {"bind", start->bind},
                                                        {"open_model", start->open_model},
                                                        {"read_weights", start->read_weights},
                                                        {"prepare", start->prepare},
                                                        {"first_forward", start->first_forward},
                                                        {"ready", start->ready}};
  for (const auto& [phase, milliseconds] : phases) text->Sample(milliseconds, {{"phase", phase}});
}

void PrintMemory(const MemoryPlan* memory, MetricsText* text) {
  if (memory == nullptr) return;
  text->Family("hearth_memory_needed_bytes", "gauge",
               "Most that work at the configured limits can take, weights counted");
  text->Sample(static_cast<double>(memory->needed));
  text->Family("hearth_memory_limit_bytes", "gauge", "What the container has; 0: no limit");
  text->Sample(static_cast<double>(memory->limit.value_or(0)));
}

void PrintProcess(const PrintedMetrics& p, MetricsText* text) {
  text->Family("hearth_build_info", "gauge", "Version and model");
  text->Sample(1, {{"version", p.version}, {"model", p.model}});
  // statm: size, resident, shared (file-backed, such as the mapped model), … in pages.
  std::ifstream statm("/proc/self/statm");
  double size = 0;
  double resident = 0;
  double shared = 0;
  if (statm >> size >> resident >> shared) {
    text->Family("hearth_resident_bytes", "gauge",
                 "Resident memory, the shared model file counted");
    text->Sample(resident * kPageBytes);
    text->Family("hearth_private_bytes", "gauge", "Resident memory that only this replica uses");
    text->Sample((resident - shared) * kPageBytes);
  }
  text->Family("hearth_cpu_throttled_seconds_total", "counter",
               "Time the container was held back by its CPU quota");
  text->Sample(ReadCpuThrottledSeconds().value_or(0));
}

}  // namespace

void ServeMetrics::CountAnswer(size_t route, int status) {
  const auto* const at = std::find(kStatuses.begin(), kStatuses.end(), status);
  const size_t column =
      at == kStatuses.end() ? kStatuses.size() - 1 : static_cast<size_t>(at - kStatuses.begin());
  answers[std::min(route, kRoutesMax - 1)][column].Add();
}

void ServeMetrics::CountFailure(const Error& error) {
  switch (error.code) {
    case Code::kOverloaded:
      failed_overloaded.Add();
      return;
    case Code::kInternal:
      failed_inference.Add();
      return;
    case Code::kDeadlineExceeded:
    case Code::kUnavailable:
      failed_dropped.Add();
      return;
    default:
      failed_validation.Add();
      return;
  }
}

void ServeMetrics::CountSuccess(bool batch, int64_t inputs, const StageTimes& times) {
  request_success[batch ? 1 : 0].Add();
  embed_success.Add(inputs);
  request_duration.Observe(times.total);
  request_tokenization.Observe(times.tokenization);
  request_queue.Observe(times.queue);
  request_inference.Observe(times.inference);
  const auto each = [&](DurationHistogram& histogram, Clock::duration duration) {
    histogram.Observe(std::chrono::duration<double>(duration).count(), inputs);
  };
  each(embed_duration, times.total);
  each(embed_tokenization, times.tokenization / std::max<int64_t>(inputs, 1));
  each(embed_queue, times.queue);
  each(embed_inference, times.inference);
}

std::string PrintMetrics(const PrintedMetrics& printed) {
  MetricsText text;
  PrintTeiRequests(*printed.metrics, &text);
  PrintTeiInputs(*printed.metrics, &text);
  PrintQueue(printed, &text);
  PrintServer(printed, &text);
  PrintStart(printed.start, &text);
  PrintMemory(printed.memory, &text);
  PrintProcess(printed, &text);
  return text.Take();
}

}  // namespace hearth::serve
