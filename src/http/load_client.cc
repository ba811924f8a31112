#include "http/load_client.h"

#include <poll.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <ctime>
#include <optional>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "base/short_slice.h"
#include "http/connect.h"
#include "http/response_parser.h"

namespace hearth::http {
namespace {

constexpr int kEventsPerPoll = 64;

// One connection. epoll watches it level-triggered: readable always, writable only while something
// is to be sent.
struct Line {
  explicit Line(size_t answer_bytes_max)
      : parser({.answer_bytes_max = answer_bytes_max, .keep_headers = false}) {}

  UniqueFd fd;
  ResponseParser parser;
  bool connecting = false;
  bool busy = false;
  bool connected_for_this = false;
  bool wants_write = false;
  std::string_view unsent;
  std::string lent;             // the body of the last answer, lent to its callback
  std::optional<Error> broken;  // found by Send; reported by the next Poll
  Clock::time_point sent;
  Clock::time_point first_byte;
  Clock::time_point deadline;
};

}  // namespace

struct LoadClient::Impl {
  Impl(Url server, int connections, Options with, OnDone callback)
      : url(std::move(server)),
        options(with),
        on_done(std::move(callback)),
        epoll(::epoll_create1(EPOLL_CLOEXEC)),
        scratch(size_t{64} * 1024) {
    lines.reserve(static_cast<size_t>(connections));
    for (int i = 0; i < connections; ++i) lines.emplace_back(options.answer_bytes_max);
  }

  Line& At(int i) { return lines[static_cast<size_t>(i)]; }
  Status StartOpening(int i);
  void Watch(int i, int operation, bool write);
  bool Push(int i);  // sends what is unsent; false when the line failed
  void OnEvent(int i, uint32_t events);
  void Read(int i);
  void Finish(int i, const Error* error);
  void FailWith(int i, const Error& error);
  void Break(Line& line, Error error);
  void ReportBroken();
  void Expire(Clock::time_point now);
  bool Wait(Clock::time_point until);

  const Url url;
  const Options options;
  const OnDone on_done;
  const UniqueFd epoll;
  std::vector<char> scratch;
  std::vector<Line> lines;
  bool any_broken = false;
  std::array<epoll_event, kEventsPerPoll> events{};
  int ready = 0;
  int in_flight = 0;
  int done = 0;
  Clock::time_point next_expiry = Clock::time_point::max();  // no deadline is earlier
};

Status LoadClient::Impl::StartOpening(int i) {
  Line& line = At(i);
  Result<UniqueFd> fd = StartConnect(url);
  if (!fd) return Forward(fd);
  line.fd = *std::move(fd);
  line.connecting = true;
  Watch(i, EPOLL_CTL_ADD, true);
  return {};
}

void LoadClient::Impl::Watch(int i, int operation, bool write) {
  Line& line = At(i);
  line.wants_write = write;
  epoll_event event{};
  event.events = EPOLLIN | (write ? EPOLLOUT : 0U);
  event.data.u64 = static_cast<uint64_t>(i);
  ::epoll_ctl(epoll.get(), operation, line.fd.get(), &event);
}

bool LoadClient::Impl::Push(int i) {
  Line& line = At(i);
  while (!line.unsent.empty()) {
    const ssize_t n =
        ::send(line.fd.get(), line.unsent.data(), line.unsent.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (n >= 0) {
      line.unsent.remove_prefix(static_cast<size_t>(n));
    } else if (errno == EAGAIN) {
      if (!line.wants_write) Watch(i, EPOLL_CTL_MOD, true);
      return true;
    } else if (errno == EPIPE || errno == ECONNRESET) {
      line.unsent = {};  // the answer that came before the end may still be there to read
    } else if (errno != EINTR) {
      return false;
    }
  }
  if (line.wants_write) Watch(i, EPOLL_CTL_MOD, false);
  return true;
}

void LoadClient::Impl::Finish(int i, const Error* error) {
  Line& line = At(i);
  const bool keep = error == nullptr && line.parser.keep_alive() && line.unsent.empty();
  Done result{.connection = i,
              .error = error,
              .status = error == nullptr ? line.parser.status() : 0,
              .body = {},
              .sent = line.sent,
              .first_byte = line.first_byte,
              .done = Clock::now(),
              .connected = line.connected_for_this};
  if (!keep) line.fd.Reset();  // epoll forgets it
  line.connecting = false;
  line.unsent = {};
  line.broken.reset();
  line.busy = false;
  --in_flight;
  ++done;
  line.lent.swap(line.parser.body());  // the callback may start the next request on this line
  if (error == nullptr) result.body = line.lent;
  on_done(result);
}

void LoadClient::Impl::FailWith(int i, const Error& error) { Finish(i, &error); }

void LoadClient::Impl::Break(Line& line, Error error) {
  line.fd.Reset();
  line.broken = std::move(error);
  any_broken = true;
}

void LoadClient::Impl::ReportBroken() {
  if (!std::exchange(any_broken, false)) return;
  for (int i = 0; i < static_cast<int>(lines.size()); ++i) {
    if (At(i).broken) FailWith(i, *std::exchange(At(i).broken, std::nullopt));
  }
}

void LoadClient::Impl::Read(int i) {
  Line& line = At(i);
  const ssize_t n = ::recv(line.fd.get(), scratch.data(), scratch.size(), MSG_DONTWAIT);
  if (n < 0) {
    if (errno == EAGAIN || errno == EINTR) return;
    const int error = errno;
    if (!line.busy) {
      line.fd.Reset();
      return;
    }
    FailWith(i, {Code::kIo, "the connection broke: " + std::generic_category().message(error)});
    return;
  }
  if (!line.busy) {  // closed while idle, or bytes nobody asked for: the next Send opens a new one
    line.fd.Reset();
    return;
  }
  if (line.first_byte == Clock::time_point()) line.first_byte = Clock::now();
  const auto outcome = n == 0 ? line.parser.EndOfInput()
                              : line.parser.Feed({scratch.data(), static_cast<size_t>(n)});
  if (outcome == ResponseParser::Outcome::kDone) Finish(i, nullptr);
  if (outcome == ResponseParser::Outcome::kFailed) FailWith(i, line.parser.failure());
}

void LoadClient::Impl::OnEvent(int i, uint32_t what) {
  Line& line = At(i);
  if (!line.fd.valid()) return;
  if (line.connecting) {
    line.connecting = false;
    if (Status outcome = ConnectOutcome(url, line.fd.get()); !outcome) {
      if (line.busy) {
        FailWith(i, outcome.error());
      } else {
        line.fd.Reset();
      }
      return;
    }
    Watch(i, EPOLL_CTL_MOD, false);
  }
  if (line.busy && !line.unsent.empty() && !Push(i)) {
    FailWith(i, {Code::kIo, "the connection broke while sending"});
    return;
  }
  if ((what & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0 && line.fd.valid()) Read(i);
}

void LoadClient::Impl::Expire(Clock::time_point now) {
  if (now < next_expiry) return;
  next_expiry = Clock::time_point::max();
  for (int i = 0; i < static_cast<int>(lines.size()); ++i) {
    if (At(i).busy && At(i).deadline <= now) {
      FailWith(i, {Code::kDeadlineExceeded, "the server did not answer in time"});
    }
    if (At(i).busy) next_expiry = std::min(next_expiry, At(i).deadline);
  }
}

// True when there are events, in `events` and `ready`.
bool LoadClient::Impl::Wait(Clock::time_point until) {
  const auto left = std::min(until, next_expiry) - Clock::now();
  timespec timeout{};
  if (left.count() > 0) {
    const auto capped = std::min<int64_t>(left.count(), 3'600'000'000'000);
    timeout.tv_sec = capped / 1'000'000'000;
    timeout.tv_nsec = capped % 1'000'000'000;
  }
  ready = ::epoll_pwait2(epoll.get(), events.data(), kEventsPerPoll, &timeout, nullptr);
  return ready > 0;
}

LoadClient::LoadClient(Url url, int connections, Options options, OnDone on_done)
    : impl_(std::make_unique<Impl>(std::move(url), connections, options, std::move(on_done))) {}

LoadClient::~LoadClient() = default;

Status LoadClient::ConnectAll(Clock::time_point deadline) {
  AskForShortSlice();  // of the thread that drives it, so that what it measures is not its own wait
                       // for a CPU
  Impl& impl = *impl_;
  for (int i = 0; i < static_cast<int>(impl.lines.size()); ++i) {
    Line& line = impl.At(i);
    if (!line.fd.valid()) {
      if (Status opening = impl.StartOpening(i); !opening) return opening;
    }
    if (!line.connecting) continue;
    Status connected = WaitFor(line.fd.get(), POLLOUT, {.deadline = deadline});
    if (connected) connected = ConnectOutcome(impl.url, line.fd.get());
    line.connecting = false;
    if (!connected) {
      line.fd.Reset();
      return connected;
    }
    impl.Watch(i, EPOLL_CTL_MOD, false);
  }
  return {};
}

void LoadClient::Send(int connection, std::string_view wire, Clock::time_point deadline) {
  Impl& impl = *impl_;
  Line& line = impl.At(connection);
  line.busy = true;
  ++impl.in_flight;
  line.unsent = wire;
  line.sent = Clock::now();
  line.first_byte = {};
  line.deadline = deadline;
  impl.next_expiry = std::min(impl.next_expiry, deadline);
  line.parser.Reset(wire.starts_with("HEAD "));
  line.connected_for_this = !line.fd.valid() || line.connecting;
  if (!line.fd.valid()) {
    if (Status opening = impl.StartOpening(connection); !opening) {
      impl.Break(line, opening.error());
      return;
    }
  }
  if (!line.connecting && !impl.Push(connection)) {
    impl.Break(line, {Code::kIo, "the connection broke while sending"});
  }
}

bool LoadClient::idle(int connection) const { return !impl_->At(connection).busy; }

int LoadClient::in_flight() const { return impl_->in_flight; }

int LoadClient::Poll(Clock::time_point until) {
  Impl& impl = *impl_;
  impl.done = 0;
  impl.ReportBroken();
  if (impl.Wait(impl.done > 0 ? Clock::time_point() : until)) {
    for (int e = 0; e < impl.ready; ++e) {
      const epoll_event& event = impl.events[static_cast<size_t>(e)];
      impl.OnEvent(static_cast<int>(event.data.u64), event.events);
    }
  }
  impl.Expire(Clock::now());
  return impl.done;
}

void LoadClient::CloseAll() {
  Impl& impl = *impl_;
  for (int i = 0; i < static_cast<int>(impl.lines.size()); ++i) {
    Line& line = impl.At(i);
    line.fd.Reset();
    line.connecting = false;
    if (line.busy) impl.Break(line, {Code::kIo, "the connection was closed"});
  }
}

}  // namespace hearth::http
