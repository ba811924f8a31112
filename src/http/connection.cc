#include "http/connection.h"

#include <linux/sockios.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/types.h>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace hearth::http {
namespace {

using namespace std::chrono_literals;

constexpr auto kHalfCloseGrace = 20ms;
constexpr auto kLingerClean = 1000ms;  // for a client that has been told and has only to close
constexpr auto kLingerDirty = 5000ms;  // for one that is still sending what was refused
constexpr size_t kLingerBytesMax = size_t{16} * 1024 * 1024;

// `bytes` as Linux counts them: twice what is asked for.
bool SetSendBuffer(int fd, size_t bytes) {
  const int half = static_cast<int>(bytes / 2);
  return ::setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &half, sizeof half) == 0;
}

}  // namespace

ServerConnection::ServerConnection(Core& core, UniqueFd fd, Kind kind)
    : core_(core),
      socket_(core.io.get_executor()),
      kind_(kind),
      parser_(core.limits.header_bytes_max) {
  socket_.assign(fd.get());  // throws when epoll has no room
  fd.Release();
}

ServerConnection::~ServerConnection() = default;

void ServerConnection::Start() {
  deadline_ = Clock::now() + core_.limits.idle_time_max;
  ArmRead();
}

void ServerConnection::StartRefused(const Response& refusal) {
  Respond(refusal, /*keep_alive=*/false);
}

void ServerConnection::ArmRead() {
  if (read_armed_ || end_of_input_) return;
  read_armed_ = true;
  socket_.async_wait(Descriptor::wait_read, Guarded([](ServerConnection& self) {
                       self.read_armed_ = false;
                       self.OnReadable();
                     }));
}

void ServerConnection::ArmWrite() {
  socket_.async_wait(Descriptor::wait_write,
                     Guarded([](ServerConnection& self) { self.WriteSome(); }));
}

// Completes on EPOLLERR, EPOLLHUP or urgent data, which no client of HTTP sends.
void ServerConnection::WatchErrors() {
  if (errors_watched_) return;
  errors_watched_ = true;
  socket_.async_wait(Descriptor::wait_error, Guarded([](ServerConnection& self) { self.Close(); }));
}

void ServerConnection::OnReadable() {
  switch (phase_) {
    case Phase::kIdle:
    case Phase::kReading:
      ReadInput();
      break;
    case Phase::kPending:
      PeekWhilePending();
      break;
    case Phase::kWriting:
      break;  // armed again when the answer is out
    case Phase::kLingering:
      DiscardInput();
      break;
    case Phase::kClosed:
      break;
  }
}

void ServerConnection::ReadInput() {
  const ssize_t n =
      ::recv(socket_.native_handle(), core_.scratch.get(), Core::kScratchBytes, MSG_DONTWAIT);
  if (n > 0) {
    Consume({core_.scratch.get(), static_cast<size_t>(n)});
  } else if (n == 0) {
    end_of_input_ = true;
    OnEndOfInput();
  } else if (errno == EAGAIN || errno == EINTR) {
    ArmRead();
  } else {
    Close();
  }
}

// A handler has the request: is the client still there? What it sends meanwhile stays in the
// kernel.
void ServerConnection::PeekWhilePending() {
  char byte = 0;
  const ssize_t n = ::recv(socket_.native_handle(), &byte, 1, MSG_DONTWAIT | MSG_PEEK);
  if (n > 0) {
    WatchErrors();
  } else if (n == 0) {
    end_of_input_ = true;
    if (HungUp()) {
      Close();
      return;
    }
    WatchErrors();
    ProbeHalfClosed();
  } else if (errno == EAGAIN || errno == EINTR) {
    ArmRead();
  } else {
    Close();
  }
}

bool ServerConnection::HungUp() const {
  pollfd state{};
  state.fd = const_cast<Descriptor&>(socket_).native_handle();  // Asio's accessor is not const
  return ::poll(&state, 1, 0) > 0 && (state.revents & (POLLHUP | POLLERR)) != 0;
}

void ServerConnection::ProbeHalfClosed() {
  if (kind_.is_unix) return;  // there a close is not mistaken for a half-close
  probe_timer_ = std::make_unique<boost::asio::steady_timer>(core_.io, kHalfCloseGrace);
  probe_timer_->async_wait([self = weak_from_this()](const boost::system::error_code& error) {
    const std::shared_ptr<ServerConnection> connection = self.lock();
    if (!error && connection) connection->SendProbe();
  });
}

void ServerConnection::SendProbe() {
  if (phase_ == Phase::kPending && !parser_.http10()) SendContinue();
}

// Everything that is closed after an answer goes through here: our side says FIN, then what the
// client still sends is thrown away until it closes too. Closing at once would make the kernel
// reset the connection, and the client could lose the answer.
void ServerConnection::Linger(bool input_is_clean) {
  if (end_of_input_ || (input_is_clean && core_.draining)) {
    Close();
    return;
  }
  ::shutdown(socket_.native_handle(), SHUT_WR);
  phase_ = Phase::kLingering;
  input_ = std::string();
  deadline_ = Clock::now() + (input_is_clean ? kLingerClean : kLingerDirty);
  ArmRead();
}

void ServerConnection::DiscardInput() {
  const ssize_t n =
      ::recv(socket_.native_handle(), core_.scratch.get(), Core::kScratchBytes, MSG_DONTWAIT);
  if (n > 0) lingered_bytes_ += static_cast<size_t>(n);
  const bool more = n > 0 || (n < 0 && (errno == EAGAIN || errno == EINTR));
  if (more && lingered_bytes_ <= kLingerBytesMax) {
    ArmRead();
  } else {
    Close();
  }
}

void ServerConnection::TakeLargeSendBuffer() {
  if (large_send_buffer_ || core_.large_send_buffers == kLargeSendBuffers) return;
  large_send_buffer_ = SetSendBuffer(socket_.native_handle(), kLargeSendBytes);
  if (large_send_buffer_) ++core_.large_send_buffers;
}

// Not before the client has taken what was sent: the memory is in use until then.
void ServerConnection::ReturnLargeSendBuffer() {
  int unsent = 0;
  if (::ioctl(socket_.native_handle(), SIOCOUTQ, &unsent) != 0 || unsent > 0) return;
  SetSendBuffer(socket_.native_handle(), kSocketBytesMax / 2);
  large_send_buffer_ = false;
  --core_.large_send_buffers;
}

void ServerConnection::Sweep(Clock::time_point now) {
  if (large_send_buffer_ && phase_ == Phase::kIdle) ReturnLargeSendBuffer();
  if (now < deadline_) return;
  switch (phase_) {
    case Phase::kReading:
      core_.stats.timed_out.fetch_add(1, std::memory_order_relaxed);
      RefuseAndClose({Code::kTimeout, 408, "the request did not arrive in time"});
      break;
    case Phase::kWriting: {
      core_.stats.timed_out.fetch_add(1, std::memory_order_relaxed);
      const linger reset{1, 0};  // what the client has not read must not live on in the kernel
      ::setsockopt(socket_.native_handle(), SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
      Close();
      break;
    }
    case Phase::kIdle:
    case Phase::kLingering:
      Close();
      break;
    case Phase::kPending:
    case Phase::kClosed:
      break;
  }
}

// A request that has already come, but was not yet read, is still answered.
void ServerConnection::Drain() {
  char byte = 0;
  const bool has_request = phase_ == Phase::kIdle &&
                           ::recv(socket_.native_handle(), &byte, 1, MSG_DONTWAIT | MSG_PEEK) > 0;
  if ((phase_ == Phase::kIdle && !has_request) || phase_ == Phase::kLingering) Close();
}

void ServerConnection::Close() {
  if (phase_ == Phase::kClosed) return;
  const std::shared_ptr<ServerConnection> self = shared_from_this();
  phase_ = Phase::kClosed;
  if (pending_) {
    pending_->gone.store(true, std::memory_order_relaxed);
    pending_->connection = nullptr;
    pending_.reset();
  }
  core_.Release(std::exchange(charged_, 0) + std::exchange(answer_charged_, 0));
  probe_timer_.reset();
  if (std::exchange(large_send_buffer_, false)) --core_.large_send_buffers;
  boost::system::error_code ignored;
  static_cast<void>(socket_.close(ignored));
  core_.Remove(*this);
}

}  // namespace hearth::http
