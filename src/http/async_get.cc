#include "http/async_get.h"

#include <sys/epoll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <optional>
#include <string_view>
#include <system_error>
#include <utility>

#include "base/unique_fd.h"
#include "http/connect.h"
#include "http/response_parser.h"

namespace hearth::http {
namespace {

constexpr size_t kAnswerBytes = size_t{64} * 1024;
constexpr size_t kReadBytes = size_t{4} * 1024;

}  // namespace

struct AsyncGet::Impl final : EventLoop::Watcher, std::enable_shared_from_this<AsyncGet::Impl> {
  Impl(EventLoop& event_loop, Url where, std::function<void(Result<Answer>)> call)
      : loop(event_loop),
        url(std::move(where)),
        done(std::move(call)),
        unsent(Serialize(url, {.headers = {{"Connection", "close"}}})) {}
  ~Impl() { Release(); }

  void Begin(EventLoop::Clock::time_point deadline);
  void OnEvents(uint32_t events) override;
  void Send();
  void Read();
  void Finish(Result<Answer> result);
  void FailWith(std::string_view what, int error);
  void Release();

  EventLoop& loop;
  const Url url;
  std::function<void(Result<Answer>)> done;
  std::string unsent;
  size_t sent = 0;
  bool wants_write = false;
  bool watched = false;
  UniqueFd fd;
  ResponseParser parser{{.answer_bytes_max = kAnswerBytes}};
  EventLoop::TimerId timer = EventLoop::TimerId::kNone;  // the deadline, or an early end
  Answer answer;
};

void AsyncGet::Impl::Begin(EventLoop::Clock::time_point deadline) {
  Result<UniqueFd> started = StartConnect(url);
  Status begun;
  if (started) {
    fd = *std::move(started);
    begun = loop.Watch(fd.get(), EPOLLIN | EPOLLOUT, this);
    watched = wants_write = begun.has_value();
  } else {
    begun = Forward(started);
  }
  if (!begun) {
    // Never from inside the constructor.
    timer = loop.At(loop.now(),
                    [this, error = begun.error()] { Finish(tl::unexpected<Error>(error)); });
    return;
  }
  timer = loop.At(deadline, [this] {
    Finish(Fail(Code::kDeadlineExceeded, "{} did not answer in time", url.Origin()));
  });
}

void AsyncGet::Impl::OnEvents(uint32_t events) {
  const std::shared_ptr<Impl> self = shared_from_this();  // `done` may destroy the AsyncGet
  if (sent < unsent.size()) Send();
  if (watched && (events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0) Read();
}

void AsyncGet::Impl::Send() {
  const ssize_t n =
      ::send(fd.get(), unsent.data() + sent, unsent.size() - sent, MSG_DONTWAIT | MSG_NOSIGNAL);
  if (n < 0) {
    if (errno == EAGAIN || errno == EINTR) return;
    FailWith("cannot ask", errno);
    return;
  }
  if (sent == 0) answer.sent = EventLoop::Clock::now();
  sent += static_cast<size_t>(n);
  if (sent == unsent.size() && std::exchange(wants_write, false))
    loop.Change(fd.get(), EPOLLIN, this);
}

void AsyncGet::Impl::Read() {
  std::array<char, kReadBytes> piece{};
  const ssize_t n = ::recv(fd.get(), piece.data(), piece.size(), MSG_DONTWAIT);
  if (n < 0) {
    if (errno == EAGAIN || errno == EINTR) return;
    FailWith("cannot read the answer of", errno);
    return;
  }
  if (answer.first_byte == Clock::time_point()) answer.first_byte = EventLoop::Clock::now();
  const auto outcome =
      n == 0 ? parser.EndOfInput() : parser.Feed({piece.data(), static_cast<size_t>(n)});
  if (outcome == ResponseParser::Outcome::kNeedMore) return;
  if (outcome == ResponseParser::Outcome::kFailed) {
    Finish(
        Fail(Code::kIo, "{} did not answer in order: {}", url.Origin(), parser.failure().message));
    return;
  }
  answer.status = parser.status();
  answer.headers = std::move(parser.headers());
  answer.body = std::move(parser.body());
  answer.done = EventLoop::Clock::now();
  answer.keep_alive = false;
  Finish(std::move(answer));
}

void AsyncGet::Impl::FailWith(std::string_view what, int error) {
  Finish(Fail(Code::kIo, "{} {}: {}", what, url.Origin(), std::generic_category().message(error)));
}

void AsyncGet::Impl::Finish(Result<Answer> result) {
  const std::shared_ptr<Impl> self = shared_from_this();
  Release();
  if (const auto call = std::exchange(done, nullptr)) call(std::move(result));
}

void AsyncGet::Impl::Release() {
  loop.Cancel(std::exchange(timer, EventLoop::TimerId::kNone));
  if (std::exchange(watched, false)) loop.Forget(fd.get(), this);
  fd.Reset();
}

AsyncGet::AsyncGet(EventLoop& loop, const Url& url, EventLoop::Clock::time_point deadline,
                   std::function<void(Result<Answer>)> done)
    : impl_(std::make_shared<Impl>(loop, url, std::move(done))) {
  impl_->Begin(deadline);
}

AsyncGet::~AsyncGet() {
  impl_->done = nullptr;
  impl_->Release();
}

}  // namespace hearth::http
