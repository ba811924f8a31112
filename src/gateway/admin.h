// The admin API: what `hearth status`, `scale`, `roll`, `drain`, `down` and the live page speak to.
// Its own listener, off the public address. docs/admin-api.md has the routes and JSON.
//
// Runs http::Server on a thread of its own, `admin`; what concerns the pool is posted to the event
// loop and answered from there. Every request must carry a Host that names the listener (a name
// that a web page has pointed at 127.0.0.1 is refused); every POST, the token too.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/event_loop.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/result.h"
#include "gateway/gateway.h"
#include "pool/controller.h"

namespace hearth::gateway {

// The last minutes of traffic, one entry a second, for the page. Loop thread.
class TrafficSeries {
 public:
  struct Second {
    int64_t unix_s = 0;
    int arrivals = 0;
    int answered = 0;
    int errors = 0;  // 5xx and cut
    int waiting_peak = 0;
    int occupied_peak = 0;
    int ready = 0;
    double p50_ms = 0;  // of the requests that ended in this second; 0: none
    double p99_ms = 0;
  };
  static constexpr size_t kSeconds = 600;

  // `status`: 0: cut; -1: the client had gone, which is nobody's error.
  void OnRequestEnd(double milliseconds, int status);
  void OnWaiting(int waiting);  // whenever a request is held
  // Once a second, by a timer of the composition root.
  void Turn(int64_t unix_s, const pool::Traffic& traffic, int ready);
  const std::deque<Second>& seconds() const { return seconds_; }

 private:
  std::deque<Second> seconds_;
  std::vector<double> ended_ms_;
  int answered_ = 0;
  int errors_ = 0;
  int waiting_peak_ = 0;
  int64_t arrivals_ = 0;  // as of the last Turn
};

// What the API can do; each function is called on the loop.
struct AdminActions {
  std::function<pool::PoolStatus()> status;
  std::function<const TrafficSeries&()> traffic;
  // Controller::kAsInFile: back to hearth.toml's.
  std::function<Status(std::optional<int> floor, std::optional<int> spare, std::optional<int> max)>
      scale;
  std::function<Status(pool::ReplicaId)> drain;
  // A new model, image or command; what is absent stays as it is.
  struct RollChange {
    std::optional<std::string> model;
    std::optional<std::string> image;
    std::optional<std::vector<std::string>> command;
  };
  std::function<Status(const RollChange&)> roll;
  std::function<void()> down;
  std::function<std::string()> metrics;  // the Prometheus text of pool and gateway
  std::string gateway_address;
};

// The answer of GET /v1/status; of the traffic, what came after the second `since_unix_s`.
std::string PrintStatus(const pool::PoolStatus& status, const TrafficSeries& traffic,
                        const std::string& gateway_address, int64_t unix_ms,
                        int64_t since_unix_s = 0);

// Adds the pool's part to /metrics.
void PrintPoolMetrics(const pool::PoolStatus& status, MetricsText* text);

class Admin {
 public:
  // Listens at once (kIo naming the address); `token` is what POSTs must carry.
  static Result<std::unique_ptr<Admin>> Open(const std::string& listen, const std::string& token,
                                             EventLoop& loop, AdminActions actions, const Log& log);
  ~Admin();  // stops its thread
  std::string address() const;

 private:
  struct Impl;
  explicit Admin(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace hearth::gateway
