// What `hearth serve` can be told. Plain values, checked where they come from (cli/serve_flags.cc,
// which also documents each).
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "http/server.h"

namespace hearth::serve {

struct ServeOptions {
  std::string model_path;
  std::string served_model_name;  // empty: the packed file's own
  std::string cpu_isa;            // empty: the fastest

  http::Listen listen{.host = "127.0.0.1", .port = 8000, .unix_path = ""};
  http::ServerLimits http;
  std::string api_key;  // empty: none is asked. Never logged.

  int workers = 0;  // 0: as many as the CPU quota gives
  int64_t requests_max = 512;
  int64_t queued_texts_max = 4096;
  int64_t queued_tokens_max = 1'048'576;
  int64_t batch_tokens_max = 16'384;
  int64_t forward_tokens = 128;
  int64_t client_batch_max = 2048;
  std::chrono::milliseconds request_timeout{60'000};
  std::chrono::milliseconds drain_timeout{25'000};

  bool force = false;  // start though the memory plan does not fit the container

  bool auto_truncate = true;
  std::string default_prompt_name;
  std::string default_prompt;
};

}  // namespace hearth::serve
