#include "gateway/upstream.h"

#include <sys/epoll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "gateway/exchange.h"
#include "http/connect.h"

namespace hearth::gateway {
namespace {

using namespace std::chrono_literals;

constexpr size_t kIdleMax = 256;
// Below the 5 s after which uvicorn and others close: who closes first cannot be surprised.
constexpr auto kIdleTime = 4s;
// One that has been idle for that long is looked at before it is trusted with a request.
constexpr auto kLookAfter = 250ms;
constexpr auto kSuccessPause = 100ms;

// Whether the replica has closed it, or said something that nobody asked for.
bool IsStale(int fd) {
  char byte = 0;
  const ssize_t n = ::recv(fd, &byte, 1, MSG_DONTWAIT | MSG_PEEK);
  return n >= 0 || errno != EAGAIN;
}

}  // namespace

UpstreamConnection::UpstreamConnection(Upstream& upstream, EventLoop& loop, UniqueFd fd)
    : upstream_(upstream),
      loop_(loop),
      fd_(std::move(fd)),
      parser_({.answer_bytes_max = SIZE_MAX, .header_list = true}) {}

UpstreamConnection::~UpstreamConnection() { Close(); }

bool UpstreamConnection::Watch() {
  watched_ = loop_.Watch(fd_.get(), EPOLLIN, this).has_value();
  return watched_;
}

void UpstreamConnection::Use(Exchange* user, bool head_only) {
  user_ = user;
  ++uses_;
  parser_.Reset(head_only, user);
}

void UpstreamConnection::Rest(Clock::time_point now) {
  user_ = nullptr;
  idle_since_ = now;
  ResumeReading();
  WantWrite(false);
}

void UpstreamConnection::Close() {
  if (watched_) loop_.Forget(fd_.get(), this);
  watched_ = false;
  user_ = nullptr;
  fd_.Reset();
}

void UpstreamConnection::WantWrite(bool wanted) {
  if (wanted == wants_write_ || !watched_) return;
  wants_write_ = wanted;
  loop_.Change(fd_.get(), EPOLLIN | (wanted ? uint32_t{EPOLLOUT} : 0U), this);
}

void UpstreamConnection::PauseReading() {
  if (paused_ || !watched_) return;
  loop_.Forget(fd_.get(), this);
  watched_ = false;
  wants_write_ = false;
  paused_ = true;
}

void UpstreamConnection::ResumeReading() {
  if (!std::exchange(paused_, false)) return;
  static_cast<void>(Watch());  // it was watched before: there is room
}

void UpstreamConnection::OnEvents(uint32_t events) {
  if (user_ != nullptr) {
    user_->OnUpstreamEvents(events);
  } else {
    upstream_.Close(this);
  }
}

Upstream::Upstream(Hub& hub, pool::ReplicaId replica, http::Url url)
    : hub_(hub), replica_(replica), url_(std::move(url)) {}

Upstream::~Upstream() { hub_.loop.Cancel(idle_timer_); }

UpstreamConnection* Upstream::Take() {
  while (!idle_.empty()) {
    UpstreamConnection* connection = idle_.back();
    if (hub_.loop.now() - connection->idle_since() < kLookAfter || !IsStale(connection->fd())) {
      idle_.pop_back();
      return connection;
    }
    Close(connection);
  }
  Result<UniqueFd> fd = http::StartConnect(url_);
  hub_.metrics.upstream_connects.Add();
  if (!fd) return nullptr;
  auto connection = std::make_unique<UpstreamConnection>(*this, hub_.loop, *std::move(fd));
  if (!connection->Watch()) return nullptr;
  connection->position = connections_.size();
  connections_.push_back(std::move(connection));
  return connections_.back().get();
}

void Upstream::GiveBack(UpstreamConnection* connection) {
  if (draining_ || removed_ || idle_.size() >= kIdleMax) {
    Close(connection);
    return;
  }
  connection->Rest(hub_.loop.now());
  idle_.push_back(connection);
}

void Upstream::Close(UpstreamConnection* connection) {
  if (connection->user() == nullptr) DropIdle(connection);
  connection->Close();
  const size_t at = connection->position;
  std::unique_ptr<UpstreamConnection> closed = std::move(connections_[at]);
  if (at + 1 < connections_.size()) {
    connections_[at] = std::move(connections_.back());
    connections_[at]->position = at;
  }
  connections_.pop_back();
  hub_.Bury(std::move(closed));
}

void Upstream::DropIdle(UpstreamConnection* connection) {
  const auto found = std::find(idle_.begin(), idle_.end(), connection);
  if (found != idle_.end()) idle_.erase(found);
}

void Upstream::Drain() {
  draining_ = true;
  while (!idle_.empty()) Close(idle_.back());
  for (size_t i = connections_.size(); i-- > 0;) {
    if (i < connections_.size()) connections_[i]->user()->OnReplicaDrain();
  }
}

void Upstream::Remove() {
  draining_ = removed_ = true;
  while (!idle_.empty()) Close(idle_.back());
  while (!connections_.empty()) connections_.back()->user()->OnReplicaGone();  // which closes it
}

// From the front: the longest idle stand there.
void Upstream::Sweep(Clock::time_point now) {
  while (!idle_.empty() && now - idle_.front()->idle_since() > kIdleTime) Close(idle_.front());
}

void Upstream::Report(pool::Sign sign) {
  if (sign == pool::Sign::kSuccess) {
    const Clock::time_point now = hub_.loop.now();
    if (now - last_success_ < kSuccessPause) return;
    last_success_ = now;
  } else {
    last_success_ = {};
  }
  if (!removed_ && hub_.events.on_sign) hub_.events.on_sign(replica_, sign);
}

void Upstream::TellIdle() {
  if (idle_timer_ != EventLoop::TimerId::kNone || !hub_.events.on_idle) return;
  idle_timer_ = hub_.loop.At(hub_.loop.now(), [this] {
    idle_timer_ = EventLoop::TimerId::kNone;
    if (!removed_) hub_.events.on_idle(replica_);
  });
}

}  // namespace hearth::gateway
