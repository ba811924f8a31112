#include "http/server.h"

#include <fcntl.h>
#include <sys/socket.h>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cerrno>
#include <csignal>
#include <utility>

#include "base/short_slice.h"
#include "http/connection.h"
#include "http/core.h"
#include "http/listen.h"
#include "http/response_head.h"

namespace hearth::http {
namespace {

using namespace std::chrono_literals;
namespace asio = boost::asio;

constexpr int kAcceptsPerTurn = 64;
constexpr size_t kRefusedOpenMax =
    64;  // told connections that may linger; beyond, they are just closed
constexpr auto kAcceptPause = 50ms;  // when the machine has no more descriptors or memory

// How often deadlines are looked at: a timer per connection would cost a system call per request.
Clock::duration SweepPeriod(const ServerLimits& limits) {
  const auto shortest =
      std::min({limits.request_read_time_max, limits.idle_time_max, limits.write_time_max});
  return std::clamp<Clock::duration>(shortest / 8, 2ms, 250ms);
}

}  // namespace

struct Server::Impl {
  Impl(Listener&& opened, const ServerLimits& limits, Handlers handlers)
      : core(limits, std::move(handlers)),
        listener(std::move(opened)),
        acceptor(core.io.get_executor(), listener.fd.Release()),
        sweep_timer(core.io),
        pause_timer(core.io),
        drain_timer(core.io),
        spare_fd(::open("/dev/null", O_RDONLY | O_CLOEXEC)),
        refusal(core.PrintError(
            {Code::kUnavailable, 503, "too many connections are open: try again later"})) {
    core.on_removed = [this] { MaybeFinish(); };
    PrintResponseHead(refusal, /*keep_alive=*/false, &refusal_text);
    refusal_text += refusal.body;
  }
  ~Impl();

  void ArmAccept();
  void Accept();
  bool AcceptOne();
  bool OnAcceptError(int error);
  void Admit(UniqueFd fd);
  void ArmSweep();
  void Sweep();
  void ArmSignals();
  void BeginDrain(Clock::time_point deadline);
  void CloseAll();
  void MaybeFinish();

  Core core;
  Listener listener;
  Descriptor acceptor;
  asio::steady_timer sweep_timer;
  asio::steady_timer pause_timer;
  asio::steady_timer drain_timer;
  UniqueFd spare_fd;       // given up for a moment to turn a client away when there are no others
  const Response refusal;  // of a connection over connections_max
  std::string refusal_text;
  std::unique_ptr<asio::signal_set> signals;
  std::function<void(int)> on_signal;
  Clock::time_point drain_deadline = Clock::time_point::max();
  bool sweeping = false;
};

Server::Impl::~Impl() {
  core.on_removed = nullptr;
  core.mailbox->Close();
  CloseAll();
  if (acceptor.is_open()) listener.RemoveUnixPath();
}

void Server::Impl::ArmAccept() {
  if (!acceptor.is_open()) return;
  acceptor.async_wait(Descriptor::wait_read, [this](const boost::system::error_code& error) {
    if (!error) Accept();
  });
}

void Server::Impl::Accept() {
  for (int i = 0; i < kAcceptsPerTurn; ++i) {
    if (!AcceptOne()) return;
  }
  ArmAccept();  // wakes at once when more are waiting
}

// False when this turn is over; what comes next has been arranged.
bool Server::Impl::AcceptOne() {
  UniqueFd fd(::accept4(acceptor.native_handle(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
  if (!fd.valid()) return OnAcceptError(errno);
  try {
    Admit(std::move(fd));
  } catch (...) {  // no memory, or no room in epoll: this client is turned away by a close
    core.stats.connections_refused.fetch_add(1, std::memory_order_relaxed);
  }
  return true;
}

bool Server::Impl::OnAcceptError(int error) {
  if (error == EAGAIN) {
    ArmAccept();
    return false;
  }
  if (error != EMFILE && error != ENFILE && error != ENOBUFS && error != ENOMEM) {
    return true;  // that client's own trouble (ECONNABORTED and the like)
  }
  // Out of descriptors: who waits is closed instead of left hanging, and the loop pauses instead of
  // spinning.
  spare_fd.Reset();
  for (int i = 0; i < kAcceptsPerTurn; ++i) {
    UniqueFd refused(::accept4(acceptor.native_handle(), nullptr, nullptr, SOCK_CLOEXEC));
    if (!refused.valid()) break;
    core.stats.connections_refused.fetch_add(1, std::memory_order_relaxed);
  }
  spare_fd.Reset(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  pause_timer.expires_after(kAcceptPause);
  pause_timer.async_wait([this](const boost::system::error_code& cancelled) {
    if (!cancelled) Accept();
  });
  return false;
}

void Server::Impl::Admit(UniqueFd fd) {
  const size_t open = core.connections.size() - core.refused_open;
  const ServerConnection::Kind kind{.is_unix = !listener.unix_path.empty(),
                                    .over_limit = open >= core.limits.connections_max};
  if (kind.over_limit) {
    core.stats.connections_refused.fetch_add(1, std::memory_order_relaxed);
    if (core.refused_open >= kRefusedOpenMax) {
      ::send(fd.get(), refusal_text.data(), refusal_text.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
      return;
    }
  }
  const auto connection = std::make_shared<ServerConnection>(core, std::move(fd), kind);
  core.Add(connection);
  if (kind.over_limit) {
    connection->StartRefused(refusal);
  } else {
    connection->Start();
  }
  ArmSweep();
}

void Server::Impl::ArmSweep() {
  if (sweeping || core.connections.empty()) return;
  sweeping = true;
  sweep_timer.expires_after(SweepPeriod(core.limits));
  sweep_timer.async_wait([this](const boost::system::error_code& cancelled) {
    sweeping = false;
    if (!cancelled) Sweep();
  });
}

void Server::Impl::Sweep() {
  const auto now = Clock::now();
  // From the back: a connection that closes is replaced by the last one, which has been looked at.
  for (size_t i = core.connections.size(); i-- > 0;) {
    const std::shared_ptr<ServerConnection> connection = core.connections[i];
    connection->Sweep(now);
  }
  ArmSweep();
}

void Server::Impl::ArmSignals() {
  signals->async_wait([this](const boost::system::error_code& cancelled, int signal) {
    if (cancelled) return;
    ArmSignals();
    on_signal(signal);
  });
}

void Server::Impl::BeginDrain(Clock::time_point deadline) {
  drain_deadline = std::min(drain_deadline, deadline);
  if (!core.draining) {
    for (int i = 0; i < kBacklog && AcceptOne();
         ++i) {  // who already stands in the queue is served
    }
    core.draining = true;
    boost::system::error_code ignored;
    static_cast<void>(acceptor.close(ignored));
    listener.RemoveUnixPath();
    pause_timer.cancel();
    const std::vector<std::shared_ptr<ServerConnection>> open = core.connections;
    for (const auto& connection : open) connection->Drain();
  }
  drain_timer.expires_at(drain_deadline);
  drain_timer.async_wait([this](const boost::system::error_code& cancelled) {
    if (!cancelled) CloseAll();
  });
  MaybeFinish();
}

void Server::Impl::CloseAll() {
  while (!core.connections.empty()) {
    const std::shared_ptr<ServerConnection> last = core.connections.back();
    last->Close();
  }
}

void Server::Impl::MaybeFinish() {
  if (core.draining && core.connections.empty()) core.io.stop();
}

Server::Server(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Server::~Server() = default;

Result<std::unique_ptr<Server>> Server::Open(const Listen& listen, const ServerLimits& limits,
                                             Handlers handlers) {
  Result<Listener> listener = OpenListener(listen);
  if (!listener) return Forward(listener);
  try {
    return std::unique_ptr<Server>(
        new Server(std::make_unique<Impl>(*std::move(listener), limits, std::move(handlers))));
  } catch (const std::exception& error) {
    return Fail(Code::kIo, "cannot start the event loop: {}", error.what());
  }
}

uint16_t Server::port() const { return impl_->listener.port; }

std::string Server::address() const { return impl_->listener.address; }

const ServerStats& Server::stats() const { return impl_->core.stats; }

void Server::Run() {
  AskForShortSlice();
  impl_->ArmAccept();
  for (;;) {
    try {
      impl_->core.io.run();
      return;
    } catch (...) {  // NOLINT(bugprone-empty-catch): the loop goes on
      // A fence: connections have their own, so this is a bug or no memory in the loop itself. Go
      // on serving.
    }
  }
}

void Server::Stop(Clock::time_point deadline) {
  asio::post(impl_->core.io, [impl = impl_.get(), deadline] { impl->BeginDrain(deadline); });
}

void Server::OnSignal(std::function<void(int signal)> fn) {
  impl_->on_signal = std::move(fn);
  impl_->signals = std::make_unique<asio::signal_set>(impl_->core.io, SIGTERM, SIGINT);
  impl_->ArmSignals();
}

}  // namespace hearth::http
