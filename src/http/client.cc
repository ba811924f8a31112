#include "http/client.h"

#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <system_error>

#include "http/connect.h"
#include "http/header_lookup.h"
#include "http/response_parser.h"

namespace hearth::http {
namespace {

tl::unexpected<Error> Broken(int error) {
  return Fail(Code::kIo, "the connection broke: {}", std::generic_category().message(error));
}

bool TryAgain(int error) { return error == EAGAIN || error == EINTR; }

}  // namespace

std::string Serialize(const Url& url, const Outgoing& request) {
  std::string wire;
  wire.reserve(256 + request.body.size());
  wire.append(request.method).append(" ");
  wire.append(request.target.empty() ? url.target : request.target).append(" HTTP/1.1\r\n");
  wire.append("Host: ").append(url.Authority()).append("\r\n");
  for (const auto& [name, value] : request.headers) {
    wire.append(name).append(": ").append(value).append("\r\n");
  }
  const bool takes_body =
      request.method == "POST" || request.method == "PUT" || request.method == "PATCH";
  if (takes_body || !request.body.empty()) {
    wire.append("Content-Length: ").append(std::to_string(request.body.size())).append("\r\n");
  }
  wire.append("\r\n").append(request.body);
  return wire;
}

std::string_view Answer::Header(std::string_view name) const { return FindHeader(headers, name); }

struct Connection::State {
  State(Url server, size_t answer_bytes_max)
      : url(std::move(server)), parser({.answer_bytes_max = answer_bytes_max}) {}

  Status Connect(Clock::time_point deadline);
  bool IsStale() const;
  Result<Answer> Exchange(std::string_view wire, Clock::time_point deadline, bool head_only);
  Status ReadSome(Clock::time_point deadline, ResponseParser::Outcome* outcome, Answer* answer);

  const Url url;
  ResponseParser parser;
  UniqueFd fd;
};

Status Connection::State::Connect(Clock::time_point deadline) {
  Result<UniqueFd> opened = StartConnect(url);
  if (!opened) return Forward(opened);
  if (Status ready = WaitFor(opened->get(), POLLOUT, deadline); !ready) return ready;
  if (Status outcome = ConnectOutcome(url, opened->get()); !outcome) return outcome;
  fd = *std::move(opened);
  return {};
}

// Has the server closed it since the last answer, or said something unasked?
bool Connection::State::IsStale() const {
  char byte = 0;
  const ssize_t n = ::recv(fd.get(), &byte, 1, MSG_DONTWAIT | MSG_PEEK);
  return n >= 0 || !TryAgain(errno);
}

// One recv, if there is something, and what it means.
Status Connection::State::ReadSome(Clock::time_point deadline, ResponseParser::Outcome* outcome,
                                   Answer* answer) {
  std::array<char, size_t{64} * 1024> piece;  // filled by recv
  if (Status ready = WaitFor(fd.get(), POLLIN, deadline); !ready) return ready;
  const ssize_t n = ::recv(fd.get(), piece.data(), piece.size(), MSG_DONTWAIT);
  if (n < 0) return TryAgain(errno) ? Status() : Status(Broken(errno));
  if (answer->first_byte == Clock::time_point()) answer->first_byte = Clock::now();
  *outcome = n == 0 ? parser.EndOfInput() : parser.Feed({piece.data(), static_cast<size_t>(n)});
  if (*outcome == ResponseParser::Outcome::kFailed) return tl::unexpected<Error>(parser.failure());
  return {};
}

Result<Answer> Connection::State::Exchange(std::string_view wire, Clock::time_point deadline,
                                           bool head_only) {
  parser.Reset(head_only);
  Answer answer;
  answer.sent = Clock::now();
  auto outcome = ResponseParser::Outcome::kNeedMore;
  // An answer may come before the whole request is out (a refusal): then the rest is not sent.
  while (outcome != ResponseParser::Outcome::kDone) {
    short events = POLLIN;
    if (!wire.empty()) {
      const ssize_t n = ::send(fd.get(), wire.data(), wire.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
      if (n > 0) wire.remove_prefix(static_cast<size_t>(n));
      const bool closed = n < 0 && !TryAgain(errno);
      if (closed) wire = {};  // what it said before it closed may still be there to read
      if (!wire.empty()) events = POLLIN | POLLOUT;
    }
    if (Status ready = WaitFor(fd.get(), events, deadline); !ready) return Forward(ready);
    pollfd readable{fd.get(), POLLIN, 0};
    if (!wire.empty() && ::poll(&readable, 1, 0) == 0) continue;
    if (Status read = ReadSome(deadline, &outcome, &answer); !read) return Forward(read);
  }
  answer.done = Clock::now();
  answer.status = parser.status();
  answer.headers = std::move(parser.headers());
  answer.body = std::move(parser.body());
  answer.keep_alive = parser.keep_alive() && wire.empty();
  return answer;
}

Connection::Connection(std::unique_ptr<State> state) : state_(std::move(state)) {}
Connection::Connection(Connection&&) noexcept = default;
Connection& Connection::operator=(Connection&&) noexcept = default;
Connection::~Connection() = default;

Result<Connection> Connection::Open(const Url& url, Clock::time_point deadline,
                                    size_t answer_bytes_max) {
  auto state = std::make_unique<State>(url, answer_bytes_max);
  if (Status connected = state->Connect(deadline); !connected) return Forward(connected);
  return Connection(std::move(state));
}

Result<Answer> Connection::RoundTrip(const Outgoing& request, Clock::time_point deadline) {
  return RoundTripRaw(Serialize(state_->url, request), deadline, request.method == "HEAD");
}

Result<Answer> Connection::RoundTripRaw(std::string_view wire, Clock::time_point deadline,
                                        bool head_only) {
  if (!state_->fd.valid() || state_->IsStale()) {
    if (Status connected = state_->Connect(deadline); !connected) return Forward(connected);
  }
  Result<Answer> answer = state_->Exchange(wire, deadline, head_only);
  if (!answer || !answer->keep_alive) state_->fd.Reset();
  return answer;
}

Result<Answer> Fetch(std::string_view url, const Outgoing& request, Clock::time_point deadline) {
  Result<Url> parsed = ParseUrl(url);
  if (!parsed) return Forward(parsed);
  Result<Connection> connection = Connection::Open(*parsed, deadline);
  if (!connection) return Forward(connection);
  return connection->RoundTrip(request, deadline);
}

}  // namespace hearth::http
