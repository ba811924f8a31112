// Gateway: one address in front of the pool. Requests come in, are bound to a replica with a free
// slot, their bytes pass through both ways. Everything on one event loop; nothing blocks.
//
// The rules (what counts as sent, what may be repeated, what is held) are in README.md of this
// room. A request has exactly one terminal outcome, written to the history when there is one.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/event_loop.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/result.h"
#include "config/config.h"
#include "http/server.h"
#include "http/url.h"
#include "pool/dispatch.h"
#include "pool/ejection.h"
#include "pool/history.h"

namespace hearth::gateway {

struct GatewayMetrics;

// What the gateway tells whoever keeps the replicas. On the loop.
struct GatewayEvents {
  // An attempt at `replica` has ended like that. Successes in a row are told at most every 100 ms.
  std::function<void(pool::ReplicaId replica, pool::Sign sign)> on_sign;
  // The load has changed in a way that the policy should look at now: something is held, or a
  // replica that was idle is used. At most once a turn of the loop.
  std::function<void()> on_pressure;
  // The last request of a draining replica has ended (it may have had none). In a later turn.
  std::function<void(pool::ReplicaId replica)> on_idle;
  // A request has had its terminal outcome, so long after its head was whole. 0: cut; -1: the
  // client had gone. May be null.
  std::function<void(double milliseconds, int status)> on_request_end;
};

struct GatewayOptions {
  config::Gateway limits;
  std::vector<std::string> retry_safe;  // paths that may be sent twice
  bool own_routes_retry_safe = false;   // the replicas are hearth's own server
};

class Gateway {
 public:
  // Binds and listens at once (or takes `inherited_fd`, a listening socket of systemd); accepts
  // when Start is called. `loop`, `dispatcher`, `history` (may be null) and `log` outlive the
  // gateway.
  static Result<std::unique_ptr<Gateway>> Open(EventLoop& loop, const GatewayOptions& options,
                                               int inherited_fd, pool::Dispatcher& dispatcher,
                                               GatewayEvents events,
                                               std::function<void(const pool::Event&)> history,
                                               const Log& log);
  ~Gateway();

  void Start();
  std::string address() const;

  // Replicas, as the controller moves them. The gateway tells the dispatcher.
  void AddReplica(pool::ReplicaId replica, const http::Url& url, int slots);
  void EjectReplica(pool::ReplicaId replica);
  void ReadmitReplica(pool::ReplicaId replica);
  void DrainReplica(pool::ReplicaId replica);   // finishes what it has
  void RemoveReplica(pool::ReplicaId replica);  // its connections are closed; what was sent fails

  // Accepts no more; held requests and those under way finish up to `deadline`; then `done`.
  void Stop(EventLoop::Clock::time_point deadline, std::function<void()> done);

  const GatewayMetrics& metrics() const;

 private:
  struct Impl;
  explicit Gateway(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace hearth::gateway
