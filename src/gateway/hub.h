// What the parts of one gateway share. Private to this room; everything on the loop's thread.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/event_loop.h"
#include "base/log.h"
#include "gateway/gateway.h"
#include "gateway/identity.h"
#include "gateway/metrics.h"
#include "pool/dispatch.h"
#include "pool/history.h"
#include "pool/retry_budget.h"

namespace hearth::gateway {

class ClientConnection;
class Exchange;
class Upstream;
class UpstreamConnection;

using Clock = EventLoop::Clock;

inline constexpr size_t kScratchBytes = size_t{64} * 1024;
// Of one request, one way: reading pauses above it. One more read fits below 256 KiB.
inline constexpr size_t kBufferedMax = size_t{192} * 1024;
inline constexpr size_t kBufferedLow = size_t{64} * 1024;  // and goes on below this
inline constexpr size_t kHeaderBytesMax = size_t{16} * 1024;
inline constexpr size_t kKeptCapacity = size_t{64} * 1024;  // of the buffers of an idle connection

struct Hub {
  Hub(EventLoop& event_loop, const GatewayOptions& gateway_options, pool::Dispatcher& replicas,
      GatewayEvents gateway_events, std::function<void(const pool::Event&)> write_history,
      const Log& gateway_log);
  ~Hub();
  Hub(const Hub&) = delete;
  Hub& operator=(const Hub&) = delete;

  Upstream* Find(pool::ReplicaId replica);
  void Record(pool::EventKind kind, pool::RequestId request, int attempt, pool::ReplicaId replica,
              int value, std::string_view words);
  bool MayRepeat(std::string_view method, std::string_view path) const;

  // A slot of `replica` is free again, and what waits may have it.
  void Release(pool::ReplicaId replica);
  void HandOut();   // binds held requests until none can be
  void Pressure();  // tells the policy, once a turn
  void Ended(Clock::time_point since,
             int status);  // a request's terminal outcome; as in on_request_end

  void Add(std::unique_ptr<ClientConnection> client);
  void Remove(ClientConnection& client);

  // Closed objects live until this turn of the loop is over: their callers may be on the stack.
  void Bury(std::unique_ptr<ClientConnection> client);
  void Bury(std::unique_ptr<UpstreamConnection> connection);
  void Bury(std::unique_ptr<Upstream> upstream);

  EventLoop& loop;
  const GatewayOptions options;
  pool::Dispatcher& dispatcher;
  const GatewayEvents events;
  const std::function<void(const pool::Event&)> history;
  const Log& log;
  GatewayMetrics metrics;
  pool::RetryBudget retry_budget;
  RandomHex random;

  std::unique_ptr<char[]> scratch;  // each read goes here first: an idle connection holds no buffer
  std::unordered_map<uint64_t, std::unique_ptr<Upstream>> upstreams;  // by ReplicaId
  std::unordered_map<uint64_t, Exchange*> held;                       // by RequestId
  std::vector<std::unique_ptr<ClientConnection>> clients;
  size_t refused_open = 0;  // among them, those over the limit that are being told so
  uint64_t last_request = 0;
  int requests_open = 0;
  bool draining = false;
  std::function<void()> on_client_closed;

 private:
  void ClearGraveyardLater();

  const Clock::time_point began_;
  Clock::time_point pressed_;
  bool handing_out_ = false;
  bool hand_out_again_ = false;
  std::vector<std::unique_ptr<ClientConnection>> buried_clients_;
  std::vector<std::unique_ptr<UpstreamConnection>> buried_connections_;
  std::vector<std::unique_ptr<Upstream>> buried_upstreams_;
  EventLoop::TimerId graveyard_timer_ = EventLoop::TimerId::kNone;
};

}  // namespace hearth::gateway
