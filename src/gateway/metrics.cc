#include "gateway/metrics.h"

namespace hearth::gateway {
namespace {

void PrintCounter(std::string_view name, std::string_view help, const Counter& counter,
                  MetricsText* text) {
  text->Family(name, "counter", help);
  text->Sample(static_cast<double>(counter.value()));
}

void PrintGauge(std::string_view name, std::string_view help, const Gauge& gauge,
                MetricsText* text) {
  text->Family(name, "gauge", help);
  text->Sample(gauge.value());
}

void PrintHistogram(std::string_view name, std::string_view help, const Histogram& histogram,
                    MetricsText* text) {
  text->Family(name, "histogram", help);
  text->Sample(histogram);
}

void PrintAnswers(const GatewayMetrics& m, MetricsText* text) {
  text->Family("hearth_gateway_answers_total", "counter",
               "Answers by class of status; none: cut off, or the client had gone.");
  const char* const classes[] = {"none", "1xx", "2xx", "3xx", "4xx", "5xx"};
  for (size_t i = 0; i < std::size(classes); ++i) {
    if (i == 1) continue;  // an interim answer is no answer
    text->Sample(static_cast<double>(m.answers[i].value()), {{"class", classes[i]}});
  }
}

void PrintFailures(const GatewayMetrics& m, MetricsText* text) {
  PrintCounter("hearth_gateway_timed_out_total", "Requests past a time limit (408, 504).",
               m.timed_out, text);
  PrintCounter("hearth_gateway_upstream_failed_total", "Requests that a replica failed (502).",
               m.upstream_failed, text);
  PrintCounter("hearth_gateway_retries_total", "Requests sent again after a failure.", m.retries,
               text);
  PrintCounter("hearth_gateway_retries_refused_total",
               "Requests not sent again because the retry budget was used up.", m.retries_refused,
               text);
  PrintCounter("hearth_gateway_cut_total", "Answers cut off because their replica failed.", m.cut,
               text);
  PrintCounter("hearth_gateway_client_gone_total", "Requests whose client had gone.", m.client_gone,
               text);
  PrintCounter("hearth_gateway_malformed_total", "Requests that are not HTTP/1.1.", m.malformed,
               text);
}

void PrintConnections(const GatewayMetrics& m, MetricsText* text) {
  PrintCounter("hearth_gateway_connections_total", "Connections accepted.", m.connections, text);
  PrintCounter("hearth_gateway_connections_refused_total",
               "Connections turned away: too many, or no descriptor left.", m.connections_refused,
               text);
  PrintCounter("hearth_gateway_upstream_connects_total", "Connections begun to replicas.",
               m.upstream_connects, text);
  PrintGauge("hearth_gateway_connections_open", "Connections of clients open now.",
             m.connections_open, text);
}

}  // namespace

void PrintGatewayMetrics(const GatewayMetrics& m, MetricsText* text) {
  PrintCounter("hearth_gateway_requests_total", "Requests with a whole head.", m.requests, text);
  PrintAnswers(m, text);
  PrintCounter("hearth_gateway_own_answers_total", "Answers that the gateway gave by itself.",
               m.own_answers, text);
  PrintCounter("hearth_gateway_held_total", "Requests that had to wait for a slot.", m.held, text);
  PrintCounter("hearth_gateway_refused_hold_full_total",
               "Requests refused with 503 because hold_requests others waited.",
               m.refused_hold_full, text);
  PrintCounter("hearth_gateway_refused_hold_time_total",
               "Requests refused with 503 because they had waited for hold_time.",
               m.refused_hold_time, text);
  PrintFailures(m, text);
  PrintConnections(m, text);
  PrintGauge("hearth_gateway_requests_open", "Requests under way now, waiting ones included.",
             m.requests_open, text);
  PrintHistogram("hearth_gateway_request_seconds",
                 "From a request's whole head to the last byte of its answer.", m.request_seconds,
                 text);
  PrintHistogram("hearth_gateway_hold_seconds", "How long requests waited that had to.",
                 m.hold_seconds, text);
}

}  // namespace hearth::gateway
