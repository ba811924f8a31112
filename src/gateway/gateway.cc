#include "gateway/gateway.h"

#include <algorithm>
#include <utility>

#include "gateway/acceptor.h"
#include "gateway/client_connection.h"
#include "gateway/exchange.h"
#include "gateway/hub.h"
#include "gateway/upstream.h"

namespace hearth::gateway {
namespace {

using namespace std::chrono_literals;
using pool::EventKind;

// How often deadlines are looked at: a timer per connection would cost two per request.
Clock::duration SweepPeriod(const config::Gateway& limits) {
  const auto shortest =
      std::min({limits.hold_time, limits.request_timeout, limits.first_byte_timeout});
  return std::clamp<Clock::duration>(shortest / 8, 2ms, 250ms);
}

}  // namespace

struct Gateway::Impl {
  Impl(EventLoop& loop, const GatewayOptions& options, pool::Dispatcher& dispatcher,
       GatewayEvents events, std::function<void(const pool::Event&)> history, const Log& log,
       http::Listener listener)
      : hub(loop, options, dispatcher, std::move(events), std::move(history), log),
        acceptor(hub, std::move(listener)) {}
  ~Impl();

  void ArmSweep();
  void Sweep();
  void MaybeDone();
  void EndAll();
  void RecordReplica(EventKind kind, pool::ReplicaId replica, int value) {
    hub.Record(kind, {}, 0, replica, value, {});
  }

  Hub hub;
  Acceptor acceptor;
  EventLoop::TimerId sweep_timer = EventLoop::TimerId::kNone;
  EventLoop::TimerId stop_timer = EventLoop::TimerId::kNone;
  EventLoop::TimerId done_timer = EventLoop::TimerId::kNone;
  Clock::time_point stop_deadline = Clock::time_point::max();
  std::function<void()> done;
};

Gateway::Impl::~Impl() {
  hub.on_client_closed = nullptr;
  for (const EventLoop::TimerId timer : {sweep_timer, stop_timer, done_timer}) {
    hub.loop.Cancel(timer);
  }
}

void Gateway::Impl::ArmSweep() {
  sweep_timer = hub.loop.After(SweepPeriod(hub.options.limits), [this] { Sweep(); });
}

void Gateway::Impl::Sweep() {
  const Clock::time_point now = hub.loop.now();
  for (const pool::RequestId request : hub.dispatcher.Expire(now)) {
    const auto found = hub.held.find(static_cast<uint64_t>(request));
    if (found == hub.held.end()) continue;
    Exchange* const exchange = found->second;
    hub.held.erase(found);
    exchange->OnHoldExpired();
  }
  // From the back: a connection that closes is replaced by the last one, which has been looked at.
  for (size_t i = hub.clients.size(); i-- > 0;) {
    if (i < hub.clients.size()) hub.clients[i]->Sweep(now);
  }
  for (const auto& [id, upstream] : hub.upstreams) upstream->Sweep(now);
  hub.HandOut();  // slots that the controller has changed behind our back
  ArmSweep();
}

void Gateway::Impl::MaybeDone() {
  if (!hub.draining || !hub.clients.empty() || !done) return;
  // Later: whoever closed the last connection is still on the stack.
  if (done_timer == EventLoop::TimerId::kNone) {
    done_timer = hub.loop.At(hub.loop.now(), [this] {
      if (const auto call = std::exchange(done, nullptr)) call();
    });
  }
}

void Gateway::Impl::EndAll() {
  while (!hub.clients.empty()) hub.clients.back()->EndNow();
}

Gateway::Gateway(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Gateway::~Gateway() = default;

// NOLINTNEXTLINE(readability-function-size): the one place where it is wired
Result<std::unique_ptr<Gateway>> Gateway::Open(EventLoop& loop, const GatewayOptions& options,
                                               int inherited_fd, pool::Dispatcher& dispatcher,
                                               GatewayEvents events,
                                               std::function<void(const pool::Event&)> history,
                                               const Log& log) {
  Result<http::Listener> listener = OpenPublicListener(options.limits.listen, inherited_fd);
  if (!listener) return Forward(listener);
  return std::unique_ptr<Gateway>(
      new Gateway(std::make_unique<Impl>(loop, options, dispatcher, std::move(events),
                                         std::move(history), log, *std::move(listener))));
}

void Gateway::Start() {
  if (const Status started = impl_->acceptor.Start(); !started) {
    impl_->hub.log.Error("the gateway accepts nothing", {{"error", started.error().message}});
  }
  if (impl_->sweep_timer == EventLoop::TimerId::kNone) impl_->ArmSweep();
}

std::string Gateway::address() const { return impl_->acceptor.address(); }

void Gateway::AddReplica(pool::ReplicaId replica, const http::Url& url, int slots) {
  Hub& hub = impl_->hub;
  if (hub.Find(replica) != nullptr) return;
  hub.upstreams.emplace(replica.value, std::make_unique<Upstream>(hub, replica, url));
  impl_->RecordReplica(EventKind::kReplicaReady, replica, slots);
  hub.dispatcher.Add(replica, slots, hub.loop.now());
  hub.HandOut();
}

void Gateway::EjectReplica(pool::ReplicaId replica) {
  Hub& hub = impl_->hub;
  if (Upstream* const upstream = hub.Find(replica)) upstream->ForgetSuccess();
  hub.dispatcher.Eject(replica);
  hub.HandOut();
}

void Gateway::ReadmitReplica(pool::ReplicaId replica) {
  impl_->hub.dispatcher.Readmit(replica);
  impl_->hub.HandOut();
}

void Gateway::DrainReplica(pool::ReplicaId replica) {
  Hub& hub = impl_->hub;
  Upstream* const upstream = hub.Find(replica);
  if (upstream == nullptr || upstream->draining()) return;
  impl_->RecordReplica(EventKind::kReplicaDrain, replica, 0);
  hub.dispatcher.Drain(replica);
  upstream->Drain();
  if (hub.dispatcher.busy(replica) == 0) upstream->TellIdle();
  hub.HandOut();
}

void Gateway::RemoveReplica(pool::ReplicaId replica) {
  Hub& hub = impl_->hub;
  const auto found = hub.upstreams.find(replica.value);
  if (found == hub.upstreams.end()) return;
  std::unique_ptr<Upstream> upstream = std::move(found->second);
  hub.upstreams.erase(found);
  hub.dispatcher.Remove(replica, hub.loop.now());
  upstream->Remove();
  impl_->RecordReplica(EventKind::kReplicaGone, replica, 0);
  hub.Bury(std::move(upstream));
  hub.HandOut();
}

void Gateway::Stop(EventLoop::Clock::time_point deadline, std::function<void()> done) {
  Impl& impl = *impl_;
  Hub& hub = impl.hub;
  impl.done = std::move(done);
  impl.stop_deadline = std::min(impl.stop_deadline, deadline);
  hub.loop.Cancel(impl.stop_timer);
  impl.stop_timer = hub.loop.At(impl.stop_deadline, [&impl] { impl.EndAll(); });
  if (!hub.draining) {
    impl.acceptor.Stop();
    hub.draining = true;
    hub.on_client_closed = [&impl] { impl.MaybeDone(); };
    for (size_t i = hub.clients.size(); i-- > 0;) hub.clients[i]->Drain();
  }
  impl.MaybeDone();
}

const GatewayMetrics& Gateway::metrics() const { return impl_->hub.metrics; }

}  // namespace hearth::gateway
