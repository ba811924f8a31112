// Upstream: the connections to one replica. Those that are kept alive between requests are used
// last in, first out, and closed as soon as the replica closes them or says anything unasked.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "base/event_loop.h"
#include "base/unique_fd.h"
#include "gateway/hub.h"
#include "http/response_parser.h"
#include "http/url.h"
#include "pool/ejection.h"
#include "pool/replica.h"

namespace hearth::gateway {

// One connection, idle or in use by an exchange. Owned by its Upstream.
class UpstreamConnection final : public EventLoop::Watcher {
 public:
  UpstreamConnection(Upstream& upstream, EventLoop& loop, UniqueFd fd);
  ~UpstreamConnection();
  UpstreamConnection(const UpstreamConnection&) = delete;
  UpstreamConnection& operator=(const UpstreamConnection&) = delete;

  bool Watch();  // false: the kernel has no room
  void Use(Exchange* user, bool head_only);
  void Rest(Clock::time_point now);  // no longer used, and kept
  void Close();

  int fd() const { return fd_.get(); }
  http::ResponseParser& parser() { return parser_; }
  bool fresh() const { return uses_ <= 1; }  // this request is its first
  bool wants_write() const { return wants_write_; }
  Clock::time_point idle_since() const { return idle_since_; }
  Exchange* user() const { return user_; }

  void WantWrite(bool wanted);
  // Nothing is told while paused, not even that the replica is gone: level-triggered, that would be
  // told without end.
  void PauseReading();
  void ResumeReading();

  void OnEvents(uint32_t events) override;

  size_t position = 0;  // in Upstream::connections_, kept by it

 private:
  Upstream& upstream_;
  EventLoop& loop_;
  UniqueFd fd_;
  http::ResponseParser parser_;
  Exchange* user_ = nullptr;
  int uses_ = 0;
  bool watched_ = false;
  bool wants_write_ = false;
  bool paused_ = false;
  Clock::time_point idle_since_;
};

class Upstream {
 public:
  Upstream(Hub& hub, pool::ReplicaId replica, http::Url url);
  ~Upstream();
  Upstream(const Upstream&) = delete;
  Upstream& operator=(const Upstream&) = delete;

  // One that is idle, else a new one, which may still be connecting; null: refused.
  UpstreamConnection* Take();
  void GiveBack(UpstreamConnection* connection);  // can be used again
  void Close(UpstreamConnection* connection);

  void Drain();
  void Remove();  // closes what is idle, fails what is in use
  void Sweep(Clock::time_point now);
  bool has_idle() const { return !idle_.empty(); }

  void Report(pool::Sign sign);
  void ForgetSuccess() { last_success_ = {}; }  // the next one is told at once
  void TellIdle();

  bool draining() const { return draining_; }
  bool removed() const { return removed_; }

 private:
  void DropIdle(UpstreamConnection* connection);

  Hub& hub_;
  const pool::ReplicaId replica_;
  const http::Url url_;
  std::vector<std::unique_ptr<UpstreamConnection>> connections_;
  std::vector<UpstreamConnection*> idle_;
  Clock::time_point last_success_;
  EventLoop::TimerId idle_timer_ = EventLoop::TimerId::kNone;
  bool draining_ = false;
  bool removed_ = false;
};

}  // namespace hearth::gateway
