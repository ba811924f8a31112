#include "http/byte_stream.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>

namespace hearth::http {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr milliseconds kLongestPoll{60'000};
constexpr milliseconds kBlindPoll{50};  // a Cancel without a descriptor is only looked at

tl::unexpected<Error> Broken(int error) {
  return Fail(Code::kIo, "the connection broke: {}", std::generic_category().message(error));
}

bool TryAgain(int error) { return error == EAGAIN || error == EWOULDBLOCK; }

class Plain final : public ByteStream {
 public:
  explicit Plain(UniqueFd fd) : fd_(std::move(fd)) {}

  int fd() const override { return fd_.get(); }

  Result<Step> Read(std::span<char> into) override {
    while (true) {
      const ssize_t n = ::recv(fd_.get(), into.data(), into.size(), MSG_DONTWAIT);
      if (n > 0) return Step{.bytes = static_cast<size_t>(n)};
      if (n == 0) return Step{.end = End::kClean};
      if (TryAgain(errno)) return Step{.wait = POLLIN};
      if (errno != EINTR) return Broken(errno);
    }
  }

  Result<Step> Write(std::string_view bytes) override {
    while (true) {
      const ssize_t n = ::send(fd_.get(), bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
      if (n >= 0) return Step{.bytes = static_cast<size_t>(n)};
      if (TryAgain(errno)) return Step{.wait = POLLOUT};
      if (errno != EINTR) return Broken(errno);
    }
  }

  bool IsStale() override {
    char byte = 0;
    const ssize_t n = ::recv(fd_.get(), &byte, 1, MSG_DONTWAIT | MSG_PEEK);
    return n >= 0 || !TryAgain(errno);
  }

 private:
  UniqueFd fd_;
};

}  // namespace

std::unique_ptr<ByteStream> PlainStream(UniqueFd fd) {
  return std::make_unique<Plain>(std::move(fd));
}

Status Patience::Check() const {
  if (cancel != nullptr && cancel->fired()) return Fail(Code::kCancelled, "it was cancelled");
  if (steady_clock::now() >= deadline) {
    return Fail(Code::kDeadlineExceeded, "the server did not answer in time");
  }
  return {};
}

Status WaitFor(int fd, short events, const Patience& patience) {
  const bool stalls = patience.idle.count() > 0;
  const auto stall = stalls ? steady_clock::now() + patience.idle : patience.deadline;
  const bool blind = patience.cancel != nullptr && patience.cancel->fd() < 0;
  while (true) {
    if (Status more = patience.Check(); !more) return more;
    const auto now = steady_clock::now();
    if (stalls && now >= stall) {
      return Fail(Code::kDeadlineExceeded, "the connection stalled: no byte for {} ms",
                  patience.idle.count());
    }
    const auto left = std::chrono::ceil<milliseconds>(std::min(stall, patience.deadline) - now);
    std::array<pollfd, 2> watched{
        {{fd, events, 0}, {patience.cancel != nullptr ? patience.cancel->fd() : -1, POLLIN, 0}}};
    const auto slice = std::min(left, blind ? kBlindPoll : kLongestPoll);
    const int ready = ::poll(watched.data(), watched.size(), static_cast<int>(slice.count()));
    if (ready < 0 && errno != EINTR) {
      return Fail(Code::kIo, "cannot wait for a socket: {}",
                  std::generic_category().message(errno));
    }
    if (ready > 0 && watched[1].revents == 0) return {};  // else Check says it
  }
}

}  // namespace hearth::http
