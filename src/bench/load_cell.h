// One load on one server: N clients that each wait for their answer (closed loop), or requests at
// fixed instants (open loop).
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "bench/arrivals.h"
#include "bench/child.h"
#include "bench/corpus.h"
#include "bench/request_form.h"
#include "http/url.h"

namespace hearth::bench {

struct CellSpec {
  CorpusSpec corpus;
  size_t batch = 1;  // texts in a request
  int clients = 1;   // connections; in an open loop how many there may be at once
  double rate = 0;   // requests a second; 0: closed loop
  ArrivalKind arrivals = ArrivalKind::kPoisson;
  std::chrono::milliseconds warmup{500};
  std::chrono::milliseconds duration{5000};
  size_t requests_max = 0;  // 0: as many as fit
  std::chrono::milliseconds timeout{60'000};
  uint64_t seed = 1;
  std::string probe_path;  // asked beside the load every probe_period, from its own connection
  std::chrono::milliseconds probe_period{10};
};

// Latencies in milliseconds. In an open loop they run from the planned instant.
struct CellResult {
  std::vector<double> latencies;
  std::vector<double> probe_latencies;
  size_t texts = 0;
  size_t tokens = 0;
  size_t reconnects = 0;
  double seconds = 0;  // from the first request to the last answer
  std::map<std::string, size_t> errors;

  size_t ErrorCount() const;
  double TextsPerSecond() const { return seconds > 0 ? static_cast<double>(texts) / seconds : 0; }
  double TokensPerSecond() const { return seconds > 0 ? static_cast<double>(tokens) / seconds : 0; }
};

// The requests of a cell, ready to be sent; made once and used for every target of the same form.
struct PreparedRequests {
  struct One {
    std::string body;
    size_t texts = 0;
    size_t tokens = 0;
  };
  Form form = Form::kSeed;
  std::vector<One> requests;
};
Result<PreparedRequests> Prepare(const CellSpec& spec, Form form);

// Runs the warm-up and the load. `base` is the server's URL; the first answer is read whole and
// must hold spec.batch vectors, later ones are checked by status and size. Errors of single
// requests are counted, not returned.
Result<CellResult> RunCell(const CellSpec& spec, const PreparedRequests& prepared,
                           const http::Url& base);

}  // namespace hearth::bench
