#include "gateway/hub.h"

#include <algorithm>

#include "gateway/client_connection.h"
#include "gateway/exchange.h"
#include "gateway/upstream.h"

namespace hearth::gateway {
namespace {

constexpr int kRetriesAtLeast = 3;

// The work routes of hearth's own server: each is a pure function of its body.
constexpr std::string_view kOwnWorkRoutes[] = {"/embed", "/embeddings", "/v1/embeddings"};

}  // namespace

Hub::Hub(EventLoop& event_loop, const GatewayOptions& gateway_options, pool::Dispatcher& replicas,
         GatewayEvents gateway_events, std::function<void(const pool::Event&)> write_history,
         const Log& gateway_log)
    : loop(event_loop),
      options(gateway_options),
      dispatcher(replicas),
      events(std::move(gateway_events)),
      history(std::move(write_history)),
      log(gateway_log),
      retry_budget(gateway_options.limits.retry_budget, kRetriesAtLeast),
      scratch(std::make_unique<char[]>(kScratchBytes)),
      began_(event_loop.now()) {}

Hub::~Hub() {
  loop.Cancel(graveyard_timer_);
  clients.clear();
  upstreams.clear();
}

Upstream* Hub::Find(pool::ReplicaId replica) {
  const auto found = upstreams.find(replica.value);
  return found == upstreams.end() ? nullptr : found->second.get();
}

void Hub::Record(pool::EventKind kind, pool::RequestId request, int attempt,
                 pool::ReplicaId replica, int value, std::string_view words) {
  if (!history) return;
  const auto since =
      std::chrono::duration_cast<std::chrono::microseconds>(loop.now() - began_).count();
  history({since, kind, request, attempt, replica, value, std::string(words)});
}

bool Hub::MayRepeat(std::string_view method, std::string_view path) const {
  if (method == "GET" || method == "HEAD") return true;
  const auto& safe = options.retry_safe;
  if (std::find(safe.begin(), safe.end(), path) != safe.end()) return true;
  return options.own_routes_retry_safe &&
         std::find(std::begin(kOwnWorkRoutes), std::end(kOwnWorkRoutes), path) !=
             std::end(kOwnWorkRoutes);
}

void Hub::Release(pool::ReplicaId replica) {
  Upstream* upstream = Find(replica);
  if (upstream == nullptr || upstream->removed()) return;  // its slots went with it
  dispatcher.Release(replica, loop.now());
  if (upstream->draining() && dispatcher.busy(replica) == 0) upstream->TellIdle();
}

void Hub::HandOut() {
  hand_out_again_ = true;
  if (handing_out_) return;  // the call below us goes on
  handing_out_ = true;
  while (std::exchange(hand_out_again_, false)) {
    while (!held.empty()) {
      const std::optional<pool::Binding> binding = dispatcher.Bind(loop.now());
      if (!binding) break;
      const auto found = held.find(static_cast<uint64_t>(binding->request));
      if (found == held.end()) {  // not ours any more
        Release(binding->replica);
        continue;
      }
      Exchange* exchange = found->second;
      held.erase(found);
      exchange->OnBound(binding->replica);
    }
  }
  handing_out_ = false;
}

void Hub::Pressure() {
  if (!events.on_pressure || pressed_ == loop.now()) return;
  pressed_ = loop.now();
  events.on_pressure();
}

void Hub::Ended(Clock::time_point since, int status) {
  --requests_open;
  metrics.requests_open.Set(requests_open);
  const double seconds = std::chrono::duration<double>(loop.now() - since).count();
  const int kind = std::max(status, 0) / 100;
  metrics.answers[kind >= 1 && kind <= 5 ? kind : 0].Add();
  metrics.request_seconds.Observe(seconds);
  if (events.on_request_end) events.on_request_end(seconds * 1000, status);
}

void Hub::Add(std::unique_ptr<ClientConnection> client) {
  client->position = clients.size();
  if (client->over_limit()) ++refused_open;
  clients.push_back(std::move(client));
  metrics.connections_open.Set(static_cast<double>(clients.size() - refused_open));
}

void Hub::Remove(ClientConnection& client) {
  if (client.over_limit()) --refused_open;
  const size_t at = client.position;
  std::unique_ptr<ClientConnection> removed = std::move(clients[at]);
  if (at + 1 < clients.size()) {
    clients[at] = std::move(clients.back());
    clients[at]->position = at;
  }
  clients.pop_back();
  metrics.connections_open.Set(static_cast<double>(clients.size() - refused_open));
  Bury(std::move(removed));
  if (on_client_closed) on_client_closed();
}

void Hub::Bury(std::unique_ptr<ClientConnection> client) {
  buried_clients_.push_back(std::move(client));
  ClearGraveyardLater();
}

void Hub::Bury(std::unique_ptr<UpstreamConnection> connection) {
  buried_connections_.push_back(std::move(connection));
  ClearGraveyardLater();
}

void Hub::Bury(std::unique_ptr<Upstream> upstream) {
  buried_upstreams_.push_back(std::move(upstream));
  ClearGraveyardLater();
}

// Timers come when the events of a turn have been handled: no callee is on the stack then.
void Hub::ClearGraveyardLater() {
  if (graveyard_timer_ != EventLoop::TimerId::kNone) return;
  graveyard_timer_ = loop.At(loop.now(), [this] {
    graveyard_timer_ = EventLoop::TimerId::kNone;
    buried_clients_.clear();
    buried_connections_.clear();
    buried_upstreams_.clear();
  });
}

}  // namespace hearth::gateway
