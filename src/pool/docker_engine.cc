#include "pool/docker_engine.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "pool/docker_answer.h"

namespace hearth::pool {
namespace {

constexpr std::string_view kDefaultSocket = "/var/run/docker.sock";
// The API has one number before the point; these are what follows it. 25: mounts and StopTimeout
// came with it. 47: the newest whose changes were read; engines of 2025 refuse what is below 44.
constexpr int kOldestMinor = 25;
constexpr int kNewestMinor = 47;
constexpr size_t kLineBytesMax = size_t{1} << 20;
constexpr size_t kMessageBytesMax = 4096;

// Whole lines of an answer of 200; of another one the beginning of its body, for the message.
class LineSink final : public http::BodySink {
 public:
  LineSink(const std::function<Status()>& on_open, const DockerEngine::OnLines& on_lines)
      : on_open_(on_open), on_lines_(on_lines) {}

  Status OnHead(const http::AnswerHead& head) override {
    status_ = head.status;
    return refused() ? Status() : on_open_();
  }

  Status OnBody(std::string_view piece) override {
    if (refused()) {
      rest_.append(piece.substr(0, kMessageBytesMax - std::min(kMessageBytesMax, rest_.size())));
      return {};
    }
    std::vector<std::string> lines;
    for (size_t end = piece.find('\n'); end != std::string_view::npos; end = piece.find('\n')) {
      lines.push_back(std::exchange(rest_, {}).append(piece.substr(0, end)));
      piece.remove_prefix(end + 1);
    }
    rest_.append(piece);
    if (rest_.size() > kLineBytesMax) {
      return Fail(Code::kTooLarge, "a line of its answer is over 1 MiB long");
    }
    return lines.empty() ? Status() : on_lines_(lines);
  }

  bool refused() const { return status_ >= 400; }
  int status() const { return status_; }
  const std::string& rest() const { return rest_; }

 private:
  const std::function<Status()>& on_open_;
  const DockerEngine::OnLines& on_lines_;
  int status_ = 0;
  std::string rest_;
};

Code CodeOf(int status) {
  switch (status) {
    case 400:
      return Code::kInvalidArgument;
    case 401:
    case 403:
      return Code::kUnauthorized;
    case 404:
      return Code::kNotFound;
    case 409:
    case 503:
      return Code::kUnavailable;
    default:
      return Code::kIo;
  }
}

}  // namespace

Result<http::Url> DockerSocket(const Env& env) {
  constexpr std::string_view kUnix = "unix://";
  const std::string host = FirstSet(env, {"DOCKER_HOST"});
  http::Url url;
  url.unix_path = kDefaultSocket;
  if (host.empty()) return url;
  if (!host.starts_with(kUnix) || host.size() == kUnix.size()) {
    return Fail(Code::kUnsupported,
                "cannot use the Docker engine of DOCKER_HOST=\"{}\": replicas run on this machine, "
                "so only a unix socket will do; unset it, or set unix:///path/of/docker.sock",
                host);
  }
  url.unix_path = host.substr(kUnix.size());
  return url;
}

Result<std::string> NegotiatedVersion(std::string_view newest) {
  constexpr std::string_view kMajor = "1.";
  int minor = 0;
  const char* const end = newest.data() + newest.size();
  const bool has_major = newest.starts_with(kMajor);
  const auto read = std::from_chars(newest.data() + (has_major ? kMajor.size() : 0), end, minor);
  if (!has_major || read.ec != std::errc() || read.ptr != end) {
    return Fail(Code::kCorrupt,
                "it does not answer /_ping as a Docker engine does (Api-Version \"{}\")", newest);
  }
  if (minor < kOldestMinor) {
    return Fail(Code::kUnsupported,
                "the engine speaks version {} of its API, and 1.{} or newer is needed: update "
                "Docker",
                newest, kOldestMinor);
  }
  return fmt::format("1.{}", std::min(minor, kNewestMinor));
}

Error Refusal(const EngineCall& call, int status, std::string_view body) {
  return {CodeOf(status), fmt::format("cannot {}: the Docker engine says {}: {}", call.what, status,
                                      EngineMessage(body))};
}

DockerEngine::DockerEngine(http::Url socket, const Cancel* cancel)
    : socket_(std::move(socket)), cancel_(cancel) {}

Status DockerEngine::Connect(Time deadline) {
  if (!connection_) {
    auto opened = http::Connection::Open(socket_, deadline, {.cancel = cancel_});
    if (!opened && opened.error().code == Code::kIo) {
      return Fail(Code::kUnavailable,
                  "{}; is the Docker engine running, and may this user write to its socket?",
                  opened.error().message);
    }
    if (!opened) return Forward(opened);
    connection_ = *std::move(opened);
  }
  if (!version_.empty()) return {};
  const auto pong = connection_->RoundTrip({.target = "/_ping"}, deadline);
  if (!pong) return tl::unexpected<Error>(pong.error());
  auto version = NegotiatedVersion(pong->Header("Api-Version"));
  if (!version) return Forward(version);
  version_ = *std::move(version);
  return {};
}

Error DockerEngine::Lost(const EngineCall& call, const Error& why) {
  connection_.reset();
  version_.clear();
  if (why.code == Code::kDeadlineExceeded) {
    return {why.code, fmt::format("cannot {}: the Docker engine at {} has not answered within {} s",
                                  call.what, socket_.Origin(),
                                  std::chrono::duration<double>(call.timeout).count())};
  }
  return {why.code, fmt::format("cannot {}: {}", call.what, why.message)};
}

Result<http::Outgoing> DockerEngine::Prepare(const EngineCall& call, Time deadline) {
  const Status connected = Connect(deadline);
  if (!connected) return tl::unexpected<Error>(Lost(call, connected.error()));
  http::Outgoing request{.method = call.method,
                         .target = fmt::format("/v{}{}", version_, call.path)};
  if (!call.body.empty()) request.headers = {{"Content-Type", call.content_type}};
  request.body = call.body;
  return request;
}

Result<http::Answer> DockerEngine::Ask(const EngineCall& call) {
  const Time deadline = http::Clock::now() + call.timeout;
  const auto request = Prepare(call, deadline);
  if (!request) return tl::unexpected<Error>(request.error());
  auto answer = connection_->RoundTrip(*request, deadline);
  if (!answer) return tl::unexpected<Error>(Lost(call, answer.error()));
  return answer;
}

Result<http::Answer> DockerEngine::Demand(const EngineCall& call) {
  auto answer = Ask(call);
  if (answer && answer->status >= 400) {
    return tl::unexpected<Error>(Refusal(call, answer->status, answer->body));
  }
  return answer;
}

Status DockerEngine::Follow(const EngineCall& call, const std::function<Status()>& on_open,
                            const OnLines& on_lines) {
  const Time deadline = http::Clock::now() + call.timeout;
  const auto request = Prepare(call, deadline);
  if (!request) return tl::unexpected<Error>(request.error());
  LineSink sink(on_open, on_lines);
  const auto head = connection_->Stream(*request, deadline, &sink);
  if (!head) return tl::unexpected<Error>(Lost(call, head.error()));
  if (sink.refused()) return tl::unexpected<Error>(Refusal(call, sink.status(), sink.rest()));
  return {};
}

}  // namespace hearth::pool
