#include "http/connect.h"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <system_error>

namespace hearth::http {
namespace {

tl::unexpected<Error> CannotConnect(const Url& url, int error) {
  return Fail(Code::kIo, "cannot connect to {}: {}", url.ToString(),
              std::generic_category().message(error));
}

Result<UniqueFd> OpenAndConnect(const Url& url, const sockaddr* address, socklen_t size) {
  UniqueFd fd(::socket(address->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd.valid()) return CannotConnect(url, errno);
  if (address->sa_family != AF_UNIX) {
    const int on = 1;
    ::setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  }
  if (::connect(fd.get(), address, size) != 0 && errno != EINPROGRESS) {
    return CannotConnect(url, errno);
  }
  return fd;
}

Result<UniqueFd> ConnectUnix(const Url& url) {
  sockaddr_un local{};
  local.sun_family = AF_UNIX;
  if (url.unix_path.size() >= sizeof local.sun_path) return CannotConnect(url, ENAMETOOLONG);
  std::memcpy(local.sun_path, url.unix_path.data(), url.unix_path.size());
  return OpenAndConnect(url, reinterpret_cast<const sockaddr*>(&local), sizeof local);
}

}  // namespace

// Only the first address of a name is tried, IPv4 before IPv6: what hearth talks to is on this
// machine or an address.
Result<UniqueFd> StartConnect(const Url& url) {
  if (!url.unix_path.empty()) return ConnectUnix(url);
  addrinfo hints{};
  hints.ai_family = url.host.find(':') == std::string::npos ? AF_INET : AF_INET6;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICSERV | AI_NUMERICHOST;
  addrinfo* found = nullptr;
  const std::string port = std::to_string(url.port);
  int failed = ::getaddrinfo(url.host.c_str(), port.c_str(), &hints, &found);
  if (failed == EAI_NONAME) {
    hints.ai_flags = AI_NUMERICSERV;
    failed = ::getaddrinfo(url.host.c_str(), port.c_str(), &hints, &found);
  }
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> guard(found, &::freeaddrinfo);
  if (failed != 0) {
    return Fail(Code::kIo, "cannot connect to {}: {}", url.ToString(), ::gai_strerror(failed));
  }
  return OpenAndConnect(url, found->ai_addr, found->ai_addrlen);
}

Status ConnectOutcome(const Url& url, int fd) {
  int error = 0;
  socklen_t size = sizeof error;
  if (::getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0) error = errno;
  if (error != 0) return CannotConnect(url, error);
  return {};
}

Status WaitFor(int fd, short events, std::chrono::steady_clock::time_point deadline) {
  while (true) {
    const auto left = deadline - std::chrono::steady_clock::now();
    if (left.count() <= 0)
      return Fail(Code::kDeadlineExceeded, "the server did not answer in time");
    const auto milliseconds = std::chrono::ceil<std::chrono::milliseconds>(left).count();
    pollfd state{fd, events, 0};
    const int ready = ::poll(&state, 1, static_cast<int>(std::min<int64_t>(milliseconds, 60'000)));
    if (ready > 0) return {};
    if (ready < 0 && errno != EINTR) {
      return Fail(Code::kIo, "cannot wait for a socket: {}",
                  std::generic_category().message(errno));
    }
  }
}

}  // namespace hearth::http
