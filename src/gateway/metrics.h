// What the gateway counts. Any thread may read.
#pragma once

#include <string>

#include "base/metrics.h"

namespace hearth::gateway {

struct GatewayMetrics {
  Counter requests;     // with a whole head
  Counter answers[6];   // by class: [2] 2xx … [5] 5xx; [1] 1xx unused; [0]: none (cut, client gone)
  Counter own_answers;  // answered by the gateway itself
  Counter held;         // requests that had to wait
  Counter refused_hold_full;  // 503: too many wait
  Counter refused_hold_time;  // 503: waited too long
  Counter timed_out;          // 504
  Counter upstream_failed;    // 502
  Counter retries;
  Counter retries_refused;  // the budget was used up
  Counter cut;              // upstream died in the middle of an answer
  Counter client_gone;
  Counter malformed;            // 4xx of the HTTP layer
  Counter connections;          // accepted
  Counter connections_refused;  // over the limit
  Counter upstream_connects;
  Gauge connections_open;
  Gauge requests_open;
  Histogram request_seconds{0.0005, 2,
                            18};  // head whole → last byte of the answer handed to the kernel
  Histogram hold_seconds{0.0005, 2, 16};  // of requests that waited
};

void PrintGatewayMetrics(const GatewayMetrics& metrics, MetricsText* text);

}  // namespace hearth::gateway
