#include "http/client.h"

#include <poll.h>

#include <algorithm>
#include <optional>
#include <span>

#include "http/byte_stream.h"
#include "http/connect.h"
#include "http/header_lookup.h"
#include "http/response_parser.h"
#include "http/tls_stream.h"
#include "http/tunnel.h"

namespace hearth::http {

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
std::string_view AnswerHead::Header(std::string_view name) const {
  return FindHeader(headers, name);
}

namespace {

// Keeps the head for Stream's result on its way to the caller's sink.
class KeepHead final : public BodySink {
 public:
  explicit KeepHead(BodySink* sink) : sink_(*sink) {}
  Status OnHead(const AnswerHead& head) override {
    head_ = head;
    return sink_.OnHead(head);
  }
  Status OnBody(std::string_view piece) override { return sink_.OnBody(piece); }
  AnswerHead& head() { return head_; }

 private:
  BodySink& sink_;
  AnswerHead head_;
};

}  // namespace

struct Connection::State {
  State(Url server, ConnectOptions with)
      : url(std::move(server)),
        options(std::move(with)),
        parser({.answer_bytes_max = options.answer_bytes_max}) {}

  Status Connect(Clock::time_point deadline);
  // Sends `wire` and reads one answer into `parser`.
  Status Exchange(std::string_view wire, const Patience& patience);
  // As Exchange, on a connection that is opened if need be, and closed after a failure.
  Status Ask(std::string_view wire, Clock::time_point deadline, bool head_only, BodySink* sink);
  Status ReadSome(ByteStream::Step* step, ResponseParser::Outcome* outcome);
  std::string Wire(const Outgoing& request) const;

  const Url url;
  const ConnectOptions options;
  ResponseParser parser;
  std::unique_ptr<ByteStream> stream;  // none: closed
  std::unique_ptr<char[]> buffer;      // kPieceBytes, once something is read
  Clock::time_point sent, first_byte;
  bool keep_alive = false;
};

Status Connection::State::Connect(Clock::time_point deadline) {
  const Patience patience{.deadline = std::min(deadline, Clock::now() + options.connect_timeout),
                          .cancel = options.cancel};
  const bool by_proxy = options.proxy.has_value();
  Result<UniqueFd> fd = http::Connect(by_proxy ? *options.proxy : url, patience);
  if (!fd) return Forward(fd);
  if (!url.tls) {
    stream = PlainStream(*std::move(fd));
    return {};
  }
  if (by_proxy) {
    if (Status open = OpenTunnel(fd->get(), *options.proxy, url, patience); !open) return open;
  }
  auto secure = StartTls(*std::move(fd), url.host, options.ca_file, patience);
  if (!secure) return Forward(secure);
  stream = *std::move(secure);
  return {};
}

std::string Connection::State::Wire(const Outgoing& request) const {
  if (!options.proxy || url.tls) return Serialize(url, request);
  Outgoing through = request;
  through.target = url.Origin() + (request.target.empty() ? url.target : request.target);
  if (std::string key = ProxyAuthorization(*options.proxy); !key.empty()) {
    through.headers.emplace_back("Proxy-Authorization", std::move(key));
  }
  return Serialize(url, through);
}

// One read, if there is something, and what it means.
Status Connection::State::ReadSome(ByteStream::Step* step, ResponseParser::Outcome* outcome) {
  if (!buffer) buffer = std::make_unique_for_overwrite<char[]>(kPieceBytes);
  const Result<ByteStream::Step> read = stream->Read({buffer.get(), kPieceBytes});
  if (!read) return tl::unexpected<Error>(read.error());
  *step = *read;
  if (read->wait != 0) return {};
  if (first_byte == Clock::time_point()) first_byte = Clock::now();
  if (read->end == ByteStream::End::kCut) {
    return Fail(Code::kIo, "the connection was cut before the answer was whole");
  }
  *outcome = read->end == ByteStream::End::kClean ? parser.EndOfInput()
                                                  : parser.Feed({buffer.get(), read->bytes});
  if (*outcome == ResponseParser::Outcome::kFailed) return tl::unexpected<Error>(parser.failure());
  return {};
}

Status Connection::State::Exchange(std::string_view wire, const Patience& patience) {
  sent = Clock::now();
  first_byte = {};
  auto outcome = ResponseParser::Outcome::kNeedMore;
  // An answer may come before the whole request is out (a refusal): then the rest is not sent.
  while (outcome != ResponseParser::Outcome::kDone) {
    if (Status more = patience.Check(); !more) return more;
    short wait = 0;
    if (!wire.empty()) {
      const Result<ByteStream::Step> step = stream->Write(wire);
      if (step) {
        wire.remove_prefix(step->bytes);
        wait = step->wait;
      } else {
        wire = {};  // what it said before it closed may still be there to read
      }
    }
    ByteStream::Step step;
    if (Status read = ReadSome(&step, &outcome); !read) return read;
    // Writing goes on at once while it moves; otherwise until one of both can.
    if (step.wait == 0 || (!wire.empty() && wait == 0)) continue;
    const auto events = static_cast<short>(wait | step.wait);
    if (Status ready = WaitFor(stream->fd(), events, patience); !ready) return ready;
  }
  keep_alive = parser.keep_alive() && wire.empty();
  return {};
}

Status Connection::State::Ask(std::string_view wire, Clock::time_point deadline, bool head_only,
                              BodySink* sink) {
  if (stream == nullptr || stream->IsStale()) {
    stream.reset();
    if (Status connected = Connect(deadline); !connected) return connected;
  }
  parser.Reset(head_only, sink);
  Status done = Exchange(
      wire, {.deadline = deadline, .idle = options.idle_timeout, .cancel = options.cancel});
  if (!done || !keep_alive) stream.reset();
  return done;
}

Connection::Connection(std::unique_ptr<State> state) : state_(std::move(state)) {}
Connection::Connection(Connection&&) noexcept = default;
Connection& Connection::operator=(Connection&&) noexcept = default;
Connection::~Connection() = default;

Result<Connection> Connection::Open(const Url& url, Clock::time_point deadline,
                                    ConnectOptions options) {
  auto state = std::make_unique<State>(url, std::move(options));
  if (Status connected = state->Connect(deadline); !connected) return Forward(connected);
  return Connection(std::move(state));
}

Result<Answer> Connection::RoundTrip(const Outgoing& request, Clock::time_point deadline) {
  return RoundTripRaw(state_->Wire(request), deadline, request.method == "HEAD");
}

Result<Answer> Connection::RoundTripRaw(std::string_view wire, Clock::time_point deadline,
                                        bool head_only) {
  State& state = *state_;
  if (Status done = state.Ask(wire, deadline, head_only, nullptr); !done) return Forward(done);
  Answer answer;
  answer.sent = state.sent;
  answer.first_byte = state.first_byte;
  answer.done = Clock::now();
  answer.status = state.parser.status();
  answer.headers = std::move(state.parser.headers());
  answer.body = std::move(state.parser.body());
  answer.keep_alive = state.keep_alive;
  return answer;
}

Result<AnswerHead> Connection::Stream(const Outgoing& request, Clock::time_point deadline,
                                      BodySink* sink) {
  KeepHead keep(sink);
  const std::string wire = state_->Wire(request);
  if (Status done = state_->Ask(wire, deadline, request.method == "HEAD", &keep); !done) {
    return Forward(done);
  }
  return std::move(keep.head());
}

bool IsCertificateFailure(const Error& error) {
  return error.message.find("certificate") != std::string::npos;
}

Result<Answer> Fetch(std::string_view url, const Outgoing& request, Clock::time_point deadline) {
  Result<Url> parsed = ParseUrl(url);
  if (!parsed) return Forward(parsed);
  Result<Connection> connection = Connection::Open(*parsed, deadline);
  if (!connection) return Forward(connection);
  return connection->RoundTrip(request, deadline);
}

}  // namespace hearth::http
