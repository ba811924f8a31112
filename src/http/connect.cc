#include "http/connect.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cerrno>
#include <cstring>
#include <system_error>
#include <utility>
#include <vector>

#include "http/resolve.h"

namespace hearth::http {
namespace {

using std::chrono::steady_clock;

// Never the target: a signed URL's query is a secret.
tl::unexpected<Error> CannotConnect(const Url& url, int error) {
  return Fail(Code::kIo, "cannot connect to {}: {}", url.Origin(),
              std::generic_category().message(error));
}

Error CannotConnect(const Url& url, const Error& why) {
  if (why.code == Code::kCancelled) return why;
  return {why.code, fmt::format("cannot connect to {}: {}", url.Origin(), why.message)};
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

Result<UniqueFd> StartUnix(const Url& url) {
  sockaddr_un local{};
  local.sun_family = AF_UNIX;
  if (url.unix_path.size() >= sizeof local.sun_path) return CannotConnect(url, ENAMETOOLONG);
  std::memcpy(local.sun_path, url.unix_path.data(), url.unix_path.size());
  return OpenAndConnect(url, reinterpret_cast<const sockaddr*>(&local), sizeof local);
}

Result<UniqueFd> StartTcp(const Url& url, const Address& address) {
  return OpenAndConnect(url, reinterpret_cast<const sockaddr*>(&address.bytes), address.size);
}

Result<UniqueFd> Finish(const Url& url, Result<UniqueFd> started, const Patience& patience) {
  if (!started) return started;
  if (Status ready = WaitFor(started->get(), POLLOUT, patience); !ready) {
    return tl::unexpected<Error>(CannotConnect(url, ready.error()));
  }
  if (Status outcome = ConnectOutcome(url, started->get()); !outcome) return Forward(outcome);
  return started;
}

// The time of one look-up is not bounded: only Connect's is.
Patience Forever() { return {.deadline = steady_clock::now() + std::chrono::hours(1)}; }

}  // namespace

Result<UniqueFd> Connect(const Url& url, const Patience& patience) {
  if (!url.unix_path.empty()) return Finish(url, StartUnix(url), patience);
  const Result<std::vector<Address>> found = Resolve(url.host, url.port, patience);
  if (!found) return tl::unexpected<Error>(CannotConnect(url, found.error()));
  Result<UniqueFd> last = CannotConnect(url, EADDRNOTAVAIL);
  for (size_t i = 0; i < found->size(); ++i) {
    Patience share = patience;
    const auto left = patience.deadline - steady_clock::now();
    share.deadline -= left - left / static_cast<int64_t>(found->size() - i);
    last = Finish(url, StartTcp(url, (*found)[i]), share);
    if (last || !patience.Check()) break;
  }
  return last;
}

Result<UniqueFd> StartConnect(const Url& url) {
  if (url.tls) {
    return Fail(Code::kUnsupported, "cannot connect to {}: this client speaks plain http only",
                url.Origin());
  }
  if (!url.unix_path.empty()) return StartUnix(url);
  const Result<std::vector<Address>> found = Resolve(url.host, url.port, Forever());
  if (!found) return tl::unexpected<Error>(CannotConnect(url, found.error()));
  return StartTcp(url, found->front());
}

Status ConnectOutcome(const Url& url, int fd) {
  int error = 0;
  socklen_t size = sizeof error;
  if (::getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0) error = errno;
  if (error != 0) return CannotConnect(url, error);
  return {};
}

}  // namespace hearth::http
