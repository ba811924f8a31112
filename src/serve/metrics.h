// Everything the server counts. Any thread updates; GET /metrics prints. Names:
// tests/golden/metrics.txt.
//
// te_*: the names of text-embeddings-inference with its meaning, so that dashboards move over
// (router/src/prometheus.rs of 1.9.3; durations in seconds; 35 buckets from 15 µs by 1.5).
// hearth_*: what it has no name for.
#pragma once

#include <array>
#include <atomic>
#include <string>
#include <string_view>

#include "base/metrics.h"
#include "base/result.h"
#include "http/server.h"
#include "serve/batch_policy.h"

namespace hearth::serve {

struct DurationHistogram : Histogram {
  DurationHistogram() : Histogram(15e-6, 1.5, 35) {}
  using Histogram::Observe;
  void Observe(Clock::duration duration) {
    Histogram::Observe(std::chrono::duration<double>(duration).count());
  }
};
struct SizeHistogram : Histogram {
  SizeHistogram() : Histogram(1, 2, 16) {}  // 1, 2, 4, … 32,768
};

// The stages of one request, measured.
struct StageTimes {
  Clock::duration total{};
  Clock::duration tokenization{};  // parsing counted in
  Clock::duration queue{};         // until its first text was taken
  Clock::duration inference{};     // from then to its last vector
};

enum class Limit {
  kConcurrentRequests,
  kQueuedTexts,
  kQueuedTokens,
  kClientBatch,
  kDeadline,
  kConnections,
  kBufferedBytes,
};
inline constexpr size_t kLimits = 7;

inline constexpr size_t kRoutesMax = 20;
// Statuses that are counted one by one; others count as the last.
inline constexpr std::array kStatuses = {200, 400, 401, 404, 405, 413,
                                         415, 422, 429, 500, 503, 504};

struct ServeMetrics {
  // Per request. [0]: one input, [1]: a batch.
  std::array<Counter, 2> request_count;
  std::array<Counter, 2> request_success;
  Counter failed_overloaded, failed_validation, failed_batch_size, failed_tokenization,
      failed_inference, failed_dropped;
  DurationHistogram request_duration, request_tokenization, request_queue, request_inference;
  SizeHistogram input_length;
  // Per input.
  Counter embed_count, embed_success;
  DurationHistogram embed_duration, embed_tokenization, embed_queue, embed_inference;
  // Per forward.
  SizeHistogram batch_size, batch_tokens;
  DurationHistogram forward_duration;
  Counter forwards_split;  // over several workers

  std::array<Counter, kLimits> limits_hit;
  std::array<std::array<Counter, kStatuses.size()>, kRoutesMax> answers;  // [route][status]

  void CountAnswer(size_t route, int status);
  void CountFailure(const Error& error);
  void CountSuccess(bool batch, int64_t inputs, const StageTimes& times);
  void CountLimit(Limit limit) { limits_hit[static_cast<size_t>(limit)].Add(); }
};

// What is read when the page is printed rather than counted.
struct QueueSnapshot {
  int64_t requests = 0;  // in hand, from arrival to answer
  int64_t texts = 0;     // waiting for a forward
  int64_t tokens = 0;
  int64_t arrivals = 0;  // waiting to be parsed
  int workers = 0;
  int workers_idle = 0;
};

struct MemoryPlan;
struct StartTimes;
struct PrintedMetrics {
  const ServeMetrics* metrics = nullptr;
  const http::ServerStats* server = nullptr;
  const StartTimes* start = nullptr;   // null until ready
  const MemoryPlan* memory = nullptr;  // null until ready
  QueueSnapshot queue;
  std::string_view version;
  std::string_view model;
};
std::string PrintMetrics(const PrintedMetrics& printed);

}  // namespace hearth::serve
