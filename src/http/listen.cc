#include "http/listen.h"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <system_error>

namespace hearth::http {
namespace {

std::string Words(int error) { return std::generic_category().message(error); }

const sockaddr* Generic(const sockaddr_storage& address) {
  return reinterpret_cast<const sockaddr*>(&address);
}

void SetOption(int fd, int level, int name, int value) {
  ::setsockopt(fd, level, name, &value, sizeof value);  // each is an improvement, none a need
}

// The kernel's buffers are memory of the container: without this, 512 clients that send and do not
// read could make it hold gigabytes.
void LimitBuffers(int fd) {
  constexpr int kBytes = static_cast<int>(kSocketBytesMax / 4);  // Linux doubles what is asked for
  SetOption(fd, SOL_SOCKET, SO_RCVBUF, kBytes);
  SetOption(fd, SOL_SOCKET, SO_SNDBUF, kBytes);
}

std::string TcpAddress(const std::string& host, uint16_t port) {
  const bool v6 = host.find(':') != std::string::npos;
  return v6 ? fmt::format("http://[{}]:{}", host, port) : fmt::format("http://{}:{}", host, port);
}

Result<uint16_t> BoundPort(int fd) {
  sockaddr_storage bound{};
  socklen_t size = sizeof bound;
  if (::getsockname(fd, reinterpret_cast<sockaddr*>(&bound), &size) != 0) {
    return Fail(Code::kIo, "cannot ask for the port: {}", Words(errno));
  }
  if (bound.ss_family == AF_INET6) {
    sockaddr_in6 v6{};
    std::memcpy(&v6, &bound, sizeof v6);
    return ntohs(v6.sin6_port);
  }
  sockaddr_in v4{};
  std::memcpy(&v4, &bound, sizeof v4);
  return ntohs(v4.sin_port);
}

// 0, or errno of the step that failed.
int BindAndListen(const addrinfo& info, UniqueFd* fd) {
  fd->Reset(::socket(info.ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd->valid()) return errno;
  SetOption(fd->get(), SOL_SOCKET, SO_REUSEADDR, 1);
  SetOption(fd->get(), IPPROTO_TCP, TCP_NODELAY, 1);  // accepted sockets inherit it, and these
  LimitBuffers(fd->get());
  if (info.ai_family == AF_INET6) SetOption(fd->get(), IPPROTO_IPV6, IPV6_V6ONLY, 0);
  if (::bind(fd->get(), info.ai_addr, info.ai_addrlen) != 0) return errno;
  if (::listen(fd->get(), kBacklog) != 0) return errno;
  return 0;
}

std::string Remedy(int error) {
  switch (error) {
    case EADDRINUSE:
      return "; another process listens there: stop it or choose another port (0 lets the kernel "
             "choose)";
    case EACCES:
      return "; ports below 1024 need a privilege: choose another one";
    case EADDRNOTAVAIL:
      return "; no interface of this machine has that address";
    default:
      return "";
  }
}

Result<Listener> OpenTcp(const Listen& listen) {
  if (listen.host.find("://") != std::string::npos) {
    return Fail(Code::kUnsupported,
                "cannot listen on \"{}\": give a host or an address, not a URL; only plain http is "
                "served, TLS is for what stands in front",
                listen.host);
  }
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV | AI_NUMERICHOST;
  addrinfo* found = nullptr;
  const std::string service = std::to_string(listen.port);
  const char* host = listen.host.empty() ? nullptr : listen.host.c_str();
  int failed = ::getaddrinfo(host, service.c_str(), &hints, &found);
  if (failed == EAI_NONAME) {  // a name: asking for it costs start-up time, so only then
    hints.ai_flags &= ~AI_NUMERICHOST;
    failed = ::getaddrinfo(host, service.c_str(), &hints, &found);
  }
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> guard(found, &::freeaddrinfo);
  if (failed != 0) {
    return Fail(Code::kInvalidArgument,
                "cannot listen on host \"{}\": {}; give an address of this machine", listen.host,
                ::gai_strerror(failed));
  }
  int error = EADDRNOTAVAIL;
  for (const addrinfo* info = found; info != nullptr; info = info->ai_next) {
    Listener listener;
    error = BindAndListen(*info, &listener.fd);
    if (error != 0) continue;
    Result<uint16_t> port = BoundPort(listener.fd.get());
    if (!port) return Forward(port);
    listener.port = *port;
    listener.address = TcpAddress(listen.host.empty() ? "0.0.0.0" : listen.host, *port);
    return listener;
  }
  return Fail(Code::kIo, "cannot listen on {}: {}{}", TcpAddress(listen.host, listen.port),
              Words(error), Remedy(error));
}

// Makes way for a new socket at `path`: removes a stale one, refuses what is in use or is no
// socket.
Status ClearUnixPath(const std::string& path, const sockaddr_storage& address, socklen_t size) {
  struct stat info{};
  if (::lstat(path.c_str(), &info) != 0) return {};  // nothing there (else bind says what is wrong)
  if (!S_ISSOCK(info.st_mode)) {
    return Fail(
        Code::kIo,
        "cannot listen on unix:{}: a file that is no socket stands there; it is not replaced",
        path);
  }
  const UniqueFd probe(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!probe.valid()) return Fail(Code::kIo, "cannot open a socket: {}", Words(errno));
  const int connected = ::connect(probe.get(), Generic(address), size);
  if (connected == 0 || errno != ECONNREFUSED) {
    return Fail(
        Code::kIo,
        "cannot listen on unix:{}: another process listens there: stop it or choose another path",
        path);
  }
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) {
    return Fail(Code::kIo, "cannot remove the stale socket {}: {}", path, Words(errno));
  }
  return {};
}

Result<Listener> OpenUnix(const std::string& path) {
  sockaddr_un local{};
  local.sun_family = AF_UNIX;
  if (path.size() >= sizeof local.sun_path) {
    return Fail(Code::kInvalidArgument,
                "cannot listen on unix:{}: the path has {} bytes, at most {} are possible", path,
                path.size(), sizeof local.sun_path - 1);
  }
  std::memcpy(local.sun_path, path.data(), path.size());
  sockaddr_storage address{};
  std::memcpy(&address, &local, sizeof local);
  if (Status cleared = ClearUnixPath(path, address, sizeof local); !cleared)
    return Forward(cleared);
  Listener listener;
  listener.fd.Reset(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!listener.fd.valid() || ::bind(listener.fd.get(), Generic(address), sizeof local) != 0 ||
      ::listen(listener.fd.get(), kBacklog) != 0) {
    return Fail(Code::kIo, "cannot listen on unix:{}: {}", path, Words(errno));
  }
  struct stat info{};
  if (::lstat(path.c_str(), &info) == 0) listener.unix_inode = info.st_ino;
  listener.unix_path = path;
  listener.address = "unix:" + path;
  return listener;
}

}  // namespace

void Listener::RemoveUnixPath() const {
  struct stat info{};
  if (unix_path.empty() || ::lstat(unix_path.c_str(), &info) != 0) return;
  if (info.st_ino == unix_inode) ::unlink(unix_path.c_str());
}

Result<Listener> OpenListener(const Listen& listen) {
  return listen.unix_path.empty() ? OpenTcp(listen) : OpenUnix(listen.unix_path);
}

}  // namespace hearth::http
