// Service: what stands between the HTTP server and the batcher. It owns the life cycle, the queue
// and the metrics of one replica, answers small routes on the I/O thread and hands embedding
// requests to the workers.
//
// Lifecycle of the object: construct, give Handlers() to http::Server::Open, Attach the server,
// Loaded() from the loader thread once, BeginDrain and Stop at the end. It outlives the server's
// Run.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "base/log.h"
#include "http/server.h"
#include "serve/batcher.h"
#include "serve/embed_work.h"
#include "serve/lifecycle.h"
#include "serve/loader.h"
#include "serve/memory_plan.h"
#include "serve/metrics.h"
#include "serve/options.h"
#include "serve/routes.h"
#include "serve/start_times.h"

namespace hearth::serve {

class Service {
 public:
  // `options` and `log` outlive the service.
  Service(const ServeOptions& options, const Log& log);

  http::Handlers Handlers();
  void Attach(const http::Server& server) { server_ = &server.stats(); }

  Lifecycle& lifecycle() { return lifecycle_; }

  // Takes what the loader made, starts the workers and becomes ready. kUnavailable when the replica
  // was told to stop meanwhile; kUnprocessable when a prompt that the options name does not exist.
  Status Loaded(LoadedModel loaded);

  // For load_printer.h and protector.h; each is off unless asked for before the server runs.
  void WatchLoad(Clock::time_point slot_began);
  std::vector<OfferedLoad::Closed> TakeLoad(Clock::time_point now);  // one thread
  void WatchRunning() { batcher_.WatchRunning(); }
  std::optional<Clock::time_point> LatestDeadline(Clock::time_point before) const {
    return batcher_.LatestDeadline(before);
  }

  // Refuses new work from now on; calls `done` (any thread) when what was taken is answered.
  void BeginDrain(std::function<void()> done);

  // Ends the workers; what they had not begun is answered with 503.
  void Stop() { batcher_.Stop(); }

 private:
  void OnRequest(http::Request request, http::Responder responder);
  http::Response Count(size_t route, http::Response response);

  const ServeOptions& options_;
  const ApiKey key_;
  Lifecycle lifecycle_;
  ServeMetrics metrics_;
  const http::ServerStats* server_ = nullptr;
  int64_t refused_before_ = 0;  // by the HTTP server, as TakeLoad saw it last
  // Written before the move to ready, read after it.
  EmbedContext context_;
  StartTimes start_;
  MemoryPlan memory_;
  std::vector<std::unique_ptr<model::Encoder>> encoders_;
  Batcher batcher_;  // last: its workers use all of the above
};

}  // namespace hearth::serve
