#include "gateway/acceptor.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <memory>
#include <utility>

#include "gateway/client_connection.h"
#include "gateway/listen_address.h"

namespace hearth::gateway {
namespace {

using namespace std::chrono_literals;

constexpr int kAcceptsPerTurn = 64;
constexpr size_t kRefusedOpenMax = 64;  // told connections that may linger; beyond, just closed
// More than two segments of the loopback's 64 KiB: a receiver acknowledges every second one at once
// and a single one after 40 ms, and a smaller buffer would wait for that (1.8 MB/s). Linux doubles
// it.
constexpr int kSendBufferBytes = 128 * 1024;
constexpr auto kAcceptPause = 50ms;  // when the machine has no more descriptors or memory

// "127.0.0.1", "::1"; empty for a unix socket. An IPv4 client of an IPv6 socket keeps its own form.
std::string AddressText(const sockaddr_storage& address, uint16_t* port) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (address.ss_family == AF_INET) {
    sockaddr_in v4{};
    std::memcpy(&v4, &address, sizeof v4);
    *port = ntohs(v4.sin_port);
    ::inet_ntop(AF_INET, &v4.sin_addr, text.data(), text.size());
  } else if (address.ss_family == AF_INET6) {
    sockaddr_in6 v6{};
    std::memcpy(&v6, &address, sizeof v6);
    *port = ntohs(v6.sin6_port);
    if (IN6_IS_ADDR_V4MAPPED(&v6.sin6_addr)) {
      ::inet_ntop(AF_INET, &v6.sin6_addr.s6_addr[12], text.data(), text.size());
    } else {
      ::inet_ntop(AF_INET6, &v6.sin6_addr, text.data(), text.size());
    }
  }
  return text.data();
}

Result<http::Listener> TakeOver(int fd) {
  http::Listener listener;
  int listening = 0;
  socklen_t size = sizeof listening;
  if (::getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &size) != 0 || listening == 0) {
    return Fail(Code::kIo, "descriptor {} is not a listening socket", fd);
  }
  ::fcntl(fd, F_SETFL, ::fcntl(fd, F_GETFL) | O_NONBLOCK);
  ::fcntl(fd, F_SETFD, FD_CLOEXEC);
  sockaddr_storage bound{};
  size = sizeof bound;
  ::getsockname(fd, reinterpret_cast<sockaddr*>(&bound), &size);
  listener.fd.Reset(fd);
  if (bound.ss_family == AF_UNIX) {
    sockaddr_un local{};
    std::memcpy(&local, &bound, sizeof local);
    listener.address = fmt::format("unix:{}", local.sun_path);  // not ours to remove
    return listener;
  }
  const std::string host = AddressText(bound, &listener.port);
  listener.address = host.find(':') == std::string::npos
                         ? fmt::format("http://{}:{}", host, listener.port)
                         : fmt::format("http://[{}]:{}", host, listener.port);
  return listener;
}

}  // namespace

Result<http::Listener> OpenPublicListener(const std::string& listen, int inherited_fd) {
  if (inherited_fd >= 0) return TakeOver(inherited_fd);
  Result<http::Listen> where = ParseListen(listen);
  if (!where) return Forward(where);
  Result<http::Listener> listener = http::OpenListener(*where);
  if (listener) {
    // Accepted sockets inherit it.
    ::setsockopt(listener->fd.get(), SOL_SOCKET, SO_SNDBUF, &kSendBufferBytes,
                 sizeof kSendBufferBytes);
  }
  return listener;
}

Acceptor::Acceptor(Hub& hub, http::Listener listener)
    : hub_(hub),
      listener_(std::move(listener)),
      is_unix_(listener_.address.starts_with("unix:")),
      spare_fd_(::open("/dev/null", O_RDONLY | O_CLOEXEC)) {}

Acceptor::~Acceptor() {
  hub_.loop.Cancel(pause_timer_);
  if (watched_) hub_.loop.Forget(listener_.fd.get(), this);
  if (listener_.fd.valid()) listener_.RemoveUnixPath();
}

Status Acceptor::Start() {
  if (watched_ || !listener_.fd.valid()) return {};
  Status watch = hub_.loop.Watch(listener_.fd.get(), EPOLLIN, this);
  watched_ = watch.has_value();
  return watch;
}

void Acceptor::Stop() {
  if (!listener_.fd.valid()) return;
  for (int i = 0; i < http::kBacklog && AcceptOne(); ++i) {
  }
  hub_.loop.Cancel(std::exchange(pause_timer_, EventLoop::TimerId::kNone));
  if (std::exchange(watched_, false)) hub_.loop.Forget(listener_.fd.get(), this);
  listener_.fd.Reset();
  listener_.RemoveUnixPath();
}

void Acceptor::OnEvents(uint32_t /*events*/) {
  for (int i = 0; i < kAcceptsPerTurn && AcceptOne(); ++i) {
  }
}

// False when this turn is over.
bool Acceptor::AcceptOne() {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  UniqueFd fd(::accept4(listener_.fd.get(), reinterpret_cast<sockaddr*>(&address), &size,
                        SOCK_NONBLOCK | SOCK_CLOEXEC));
  if (!fd.valid()) {
    // ECONNABORTED and the like are that client's own trouble.
    const int error = errno;
    if (error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM) {
      OnAcceptError(error);
      return false;
    }
    return error != EAGAIN;
  }
  uint16_t port = 0;
  Admit(std::move(fd), AddressText(address, &port));
  return true;
}

// Out of descriptors: who waits is closed instead of left hanging, and accepting pauses instead of
// spinning.
void Acceptor::OnAcceptError(int error) {
  spare_fd_.Reset();
  int turned_away = 0;
  for (; turned_away < kAcceptsPerTurn; ++turned_away) {
    const UniqueFd refused(::accept4(listener_.fd.get(), nullptr, nullptr, SOCK_CLOEXEC));
    if (!refused.valid()) break;
  }
  hub_.metrics.connections_refused.Add(turned_away);
  spare_fd_.Reset(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  hub_.log.Warn("clients were turned away: no file descriptor or memory is left",
                {{"clients", int64_t{turned_away}}, {"errno", int64_t{error}}});
  if (!std::exchange(watched_, false)) return;
  hub_.loop.Forget(listener_.fd.get(), this);
  pause_timer_ = hub_.loop.After(kAcceptPause, [this] {
    pause_timer_ = EventLoop::TimerId::kNone;
    static_cast<void>(Start());
  });
}

void Acceptor::Admit(UniqueFd fd, std::string address) {
  const size_t open = hub_.clients.size() - hub_.refused_open;
  const ClientConnection::Kind kind{
      .is_unix = is_unix_,
      .over_limit = open >= static_cast<size_t>(hub_.options.limits.connections)};
  if (kind.over_limit) {
    hub_.metrics.connections_refused.Add();
    if (hub_.refused_open >= kRefusedOpenMax) return;
  } else {
    hub_.metrics.connections.Add();
  }
  hub_.Add(std::make_unique<ClientConnection>(hub_, std::move(fd), std::move(address), kind));
  ClientConnection& client = *hub_.clients.back();
  if (!client.Start()) client.Close();
}

}  // namespace hearth::gateway
