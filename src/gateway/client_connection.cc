#include "gateway/client_connection.h"

#include <sys/epoll.h>
#include <sys/socket.h>

#include <cerrno>
#include <utility>

namespace hearth::gateway {
namespace {

using namespace std::chrono_literals;

constexpr auto kIdleTime = 75s;
constexpr auto kWriteTime = 30s;  // for a client that does not read
constexpr auto kHalfCloseGrace = 20ms;
constexpr auto kLingerClean = 1s;  // for a client that has been told and has only to close
constexpr auto kLingerDirty = 5s;  // for one that is still sending what was refused
constexpr size_t kLingerBytesMax = size_t{16} * 1024 * 1024;
constexpr size_t kReadAheadMax = kHeaderBytesMax;
constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";

}  // namespace

ClientConnection::ClientConnection(Hub& hub, UniqueFd fd, std::string address, Kind kind)
    : hub_(hub),
      fd_(std::move(fd)),
      address_(std::move(address)),
      kind_(kind),
      deadline_(hub.loop.now() + kIdleTime),
      parser_(kHeaderBytesMax, http::RequestParser::HeaderForm::kList),
      exchange_(hub, *this) {}

ClientConnection::~ClientConnection() {
  hub_.loop.Cancel(probe_timer_);
  if (phase_ != Phase::kClosed) hub_.loop.Forget(fd_.get(), this);
}

bool ClientConnection::Start() {
  if (!hub_.loop.Watch(fd_.get(), EPOLLIN, this)) return false;
  events_ = EPOLLIN;
  if (kind_.over_limit) {
    Refuse({503, Code::kUnavailable, "too many connections are open: try again later"});
  }
  return true;
}

// Level-triggered: what is not wanted now must not be watched, or it would be told without end.
bool ClientConnection::WantsInput() const {
  if (end_of_input_) return false;
  switch (phase_) {
    case Phase::kIdle:
    case Phase::kReading:
    case Phase::kLingering:
      return true;
    case Phase::kRequest:
      return body_whole_ ? input_.size() < kReadAheadMax : exchange_.wants_body();
    case Phase::kRefusing:
    case Phase::kClosed:
      break;
  }
  return false;
}

void ClientConnection::UpdateEvents() {
  if (phase_ == Phase::kClosed) return;
  uint32_t wanted = writing_ ? uint32_t{EPOLLOUT} : 0U;
  if (reading_) {
    wanted |= EPOLLIN;
  } else if (!end_of_input_ && !half_closed_) {
    wanted |= EPOLLRDHUP;
  }
  if (wanted == events_) return;
  events_ = wanted;
  hub_.loop.Change(fd_.get(), wanted, this);
}

void ClientConnection::OnEvents(uint32_t events) {
  if (phase_ == Phase::kClosed) return;
  if ((events & (EPOLLERR | EPOLLHUP)) != 0) {
    Gone();
    return;
  }
  if ((events & EPOLLOUT) != 0) WriteOut();
  if ((events & EPOLLIN) != 0 && phase_ != Phase::kClosed) {
    OnReadable();
  } else if ((events & EPOLLRDHUP) != 0 && phase_ != Phase::kClosed) {
    half_closed_ = true;
    OnHalfClosed();
    UpdateEvents();
  }
}

void ClientConnection::OnReadable() {
  if (!WantsInput()) {
    reading_ = false;
    UpdateEvents();
  } else if (phase_ == Phase::kLingering) {
    DiscardInput();
  } else {
    ReadInput();
  }
}

void ClientConnection::ReadInput() {
  const ssize_t n = ::recv(fd_.get(), hub_.scratch.get(), kScratchBytes, MSG_DONTWAIT);
  if (n > 0) {
    Consume({hub_.scratch.get(), static_cast<size_t>(n)});
  } else if (n == 0) {
    end_of_input_ = half_closed_ = true;
    reading_ = false;
    OnEndOfInput();
    UpdateEvents();
  } else if (errno != EAGAIN && errno != EINTR) {
    Gone();
  }
}

// Closed, or half-closed? On TCP only its answer to a packet tells. On a unix socket a close is
// seen as such.
void ClientConnection::OnHalfClosed() {
  if (phase_ != Phase::kRequest || kind_.is_unix || parser_.http10()) return;
  if (probe_timer_ != EventLoop::TimerId::kNone) return;
  probe_timer_ = hub_.loop.After(kHalfCloseGrace, [this] {
    probe_timer_ = EventLoop::TimerId::kNone;
    Probe();
  });
}

void ClientConnection::Probe() {
  if (phase_ == Phase::kRequest && exchange_.state() != Exchange::State::kNone && out_.empty() &&
      exchange_.state() < Exchange::State::kAnswering) {
    SendContinue();
  }
}

// What a client does not even take this is not worth a buffer.
bool ClientConnection::SendContinue() {
  const ssize_t n =
      ::send(fd_.get(), kContinue.data(), kContinue.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
  if (n == static_cast<ssize_t>(kContinue.size())) return true;
  Gone();
  return false;
}

void ClientConnection::Gone() {
  exchange_.Abandon();
  Close();
}

void ClientConnection::Flush() {
  if (phase_ != Phase::kClosed && !writing_) WriteOut();
}

// One call of send: what it does not take, it takes when the socket says so.
void ClientConnection::WriteOut() {
  if (out_sent_ < out_.size()) {
    ssize_t n = 0;
    do {
      n = ::send(fd_.get(), out_.data() + out_sent_, unsent(), MSG_DONTWAIT | MSG_NOSIGNAL);
    } while (n < 0 && errno == EINTR);
    if (n < 0 && errno != EAGAIN) {
      Gone();
      return;
    }
    if (n > 0) out_sent_ += static_cast<size_t>(n);
    if (n > 0 || !writing_) deadline_ = hub_.loop.now() + kWriteTime;
  }
  const bool all = out_sent_ == out_.size();
  if (all || out_sent_ >= kBufferedLow) {
    out_.erase(0, out_sent_);
    out_sent_ = 0;
    if (all && out_.capacity() > kKeptCapacity) out_ = std::string();
  }
  writing_ = !all;
  UpdateEvents();
  if (all && answer_whole_) {
    OnAllWritten();
  } else if (unsent() < kBufferedLow) {
    exchange_.OnClientRoom();
  }
}

void ClientConnection::OnAllWritten() {
  answer_whole_ = false;
  if (phase_ == Phase::kRequest) exchange_.OnDelivered();
  if (close_after_) {
    Linger();
  } else {
    NextRequest();
  }
}

void ClientConnection::NextRequest() {
  phase_ = Phase::kIdle;
  deadline_ = hub_.loop.now() + kIdleTime;
  parser_.Reset();
  hub_.loop.Cancel(std::exchange(probe_timer_, EventLoop::TimerId::kNone));
  if (!consuming_) {
    if (!input_.empty() || end_of_input_) Consume({});
    if (phase_ == Phase::kClosed) return;
  }
  reading_ = reading_ || WantsInput();
  UpdateEvents();
}

// Everything that is closed after an answer goes through here: our side says FIN, then what the
// client still sends is thrown away until it closes too. Closing at once would make the kernel
// reset the connection, and the client could lose the answer.
void ClientConnection::Linger() {
  const bool clean = body_whole_ && !input_broken_;
  if (end_of_input_ || (clean && hub_.draining)) {
    Close();
    return;
  }
  ::shutdown(fd_.get(), SHUT_WR);
  phase_ = Phase::kLingering;
  input_.clear();
  deadline_ = hub_.loop.now() + (clean ? Clock::duration(kLingerClean) : kLingerDirty);
  reading_ = true;
  UpdateEvents();
}

void ClientConnection::DiscardInput() {
  const ssize_t n = ::recv(fd_.get(), hub_.scratch.get(), kScratchBytes, MSG_DONTWAIT);
  if (n > 0) lingered_bytes_ += static_cast<size_t>(n);
  const bool more = n > 0 || (n < 0 && (errno == EAGAIN || errno == EINTR));
  if (!more || lingered_bytes_ > kLingerBytesMax) Close();
}

void ClientConnection::Sweep(Clock::time_point now) {
  switch (phase_) {
    case Phase::kReading:
      if (now >= deadline_) {
        Refuse({408, Code::kTimeout, "the request's head did not arrive in time"});
      }
      break;
    case Phase::kRequest:
    case Phase::kRefusing:
      if (writing_ && now >= deadline_) {
        CloseInAnswer(/*reset=*/true);  // what it has not read must not live on in the kernel
      } else if (phase_ == Phase::kRequest) {
        exchange_.Sweep(now);
      }
      break;
    case Phase::kIdle:
    case Phase::kLingering:
      if (now >= deadline_) Close();
      break;
    case Phase::kClosed:
      break;
  }
}

// A request that has already come, but was not yet read, is still answered.
void ClientConnection::Drain() {
  char byte = 0;
  const bool has_request =
      phase_ == Phase::kIdle && ::recv(fd_.get(), &byte, 1, MSG_DONTWAIT | MSG_PEEK) > 0;
  if ((phase_ == Phase::kIdle && !has_request) || phase_ == Phase::kLingering) Close();
}

void ClientConnection::EndNow() {
  if (phase_ == Phase::kRequest) {
    keep_alive_ = false;
    exchange_.AnswerSelf({503, Code::kUnavailable, "the gateway is stopping: try again"});
  }
  Gone();
}

// In the middle of an answer: the client must not take what it has for the whole.
void ClientConnection::CloseInAnswer(bool reset) {
  if (phase_ == Phase::kClosed) return;
  if (!reset && unsent() > 0) {  // whatever the outcome
    ::send(fd_.get(), out_.data() + out_sent_, unsent(), MSG_DONTWAIT | MSG_NOSIGNAL);
  }
  if (reset) {
    const linger hard{1, 0};
    ::setsockopt(fd_.get(), SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
  }
  Gone();
}

void ClientConnection::Close() {
  if (phase_ == Phase::kClosed) return;
  hub_.loop.Cancel(std::exchange(probe_timer_, EventLoop::TimerId::kNone));
  hub_.loop.Forget(fd_.get(), this);
  phase_ = Phase::kClosed;
  fd_.Reset();
  hub_.Remove(*this);
}

}  // namespace hearth::gateway
