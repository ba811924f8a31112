// Acceptor: the socket that clients connect to. Admits up to the limit; turns away who comes beyond
// it with a 503, and when no descriptor is left, with a close.
#pragma once

#include <string>

#include "base/event_loop.h"
#include "base/unique_fd.h"
#include "gateway/hub.h"
#include "http/listen.h"

namespace hearth::gateway {

// Where `listen` says ("host:port", "unix:/path"), or `inherited_fd` (≥ 0: a listening socket,
// which is taken over). kIo and kInvalidArgument naming the address.
Result<http::Listener> OpenPublicListener(const std::string& listen, int inherited_fd);

class Acceptor final : public EventLoop::Watcher {
 public:
  Acceptor(Hub& hub, http::Listener listener);
  ~Acceptor();
  Acceptor(const Acceptor&) = delete;
  Acceptor& operator=(const Acceptor&) = delete;

  Status Start();
  void Stop();  // serves who already stands in the queue, then closes
  const std::string& address() const { return listener_.address; }

  void OnEvents(uint32_t events) override;

 private:
  bool AcceptOne();
  void OnAcceptError(int error);
  void Admit(UniqueFd fd, std::string address);

  Hub& hub_;
  http::Listener listener_;
  bool is_unix_ = false;
  UniqueFd spare_fd_;  // given up for a moment to turn a client away when there are no others
  EventLoop::TimerId pause_timer_ = EventLoop::TimerId::kNone;
  bool watched_ = false;
};

}  // namespace hearth::gateway
