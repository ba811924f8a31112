// What `hearth serve` can be told. Plain values, checked where they come from (cli/serve_flags.cc,
// which also documents each).
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "http/server.h"

namespace hearth::serve {

// Slots: how many requests at a time a replica works on well. With fewer, its workers wait for
// clients; with more, requests only wait here instead of going to another replica. A sentence is
// about 8 tokens and a forward takes up to 128 (forward_tokens), so 16 requests of one sentence
// each fill what one worker computes at once.
inline constexpr int kSlotsPerWorker = 16;

// Where CloudWatch finds the offered load (load_printer.h).
struct LoadMetric {
  std::string name_space;  // empty: it is not printed
  std::string cluster, service;
};

struct ServeOptions {
  std::string model_path;
  std::string served_model_name;  // empty: the packed file's own
  std::string cpu_isa;            // empty: the fastest

  http::Listen listen{.host = "127.0.0.1", .port = 8000, .unix_path = ""};
  http::ServerLimits http;
  std::string api_key;  // empty: none is asked. Never logged.

  int workers = 0;  // 0: as many as the CPU quota gives
  int slots = 0;    // 0: kSlotsPerWorker for each worker
  int64_t requests_max = 512;
  int64_t queued_texts_max = 4096;
  int64_t queued_tokens_max = 1'048'576;
  int64_t batch_tokens_max = 16'384;
  int64_t forward_tokens = 128;
  int64_t client_batch_max = 2048;
  std::chrono::milliseconds request_timeout{60'000};
  std::chrono::milliseconds drain_timeout{25'000};

  // Told back by /ready, so that a pool knows that it speaks with the replica it has started; empty
  // outside of a pool.
  std::string replica_nonce;

  LoadMetric load_metric;
  std::chrono::milliseconds protect_after{0};  // 0: an ECS task does not protect itself
  std::string ecs_agent_uri;                   // of ECS, inside a task

  bool force = false;  // start though the memory plan does not fit the container

  bool auto_truncate = true;
  std::string default_prompt_name;
  std::string default_prompt;
};

// What /ready says, and what the offered load is a share of.
inline int SlotsOf(const ServeOptions& options, int workers) {
  return options.slots > 0 ? options.slots : kSlotsPerWorker * workers;
}

}  // namespace hearth::serve
