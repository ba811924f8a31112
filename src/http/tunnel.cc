#include "http/tunnel.h"

#include <fcntl.h>
#include <fmt/format.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <memory>
#include <span>
#include <string_view>
#include <system_error>

#include "base/json_print.h"
#include "http/response_parser.h"

namespace hearth::http {
namespace {

constexpr size_t kHeadBytesMax = size_t{64} * 1024;
constexpr int kProxyWantsPassword = 407;

std::string ConnectRequest(const Url& proxy, const Url& url) {
  const std::string server = url.HostAndPort();
  std::string wire = fmt::format("CONNECT {} HTTP/1.1\r\nHost: {}\r\n", server, server);
  if (const std::string key = ProxyAuthorization(proxy); !key.empty()) {
    wire.append("Proxy-Authorization: ").append(key).append("\r\n");
  }
  return wire.append("\r\n");
}

Status Send(ByteStream* stream, std::string_view wire, const Patience& patience) {
  while (!wire.empty()) {
    const Result<ByteStream::Step> step = stream->Write(wire);
    if (!step) return tl::unexpected<Error>(step.error());
    wire.remove_prefix(step->bytes);
    if (step->wait == 0) continue;
    if (Status ready = WaitFor(stream->fd(), step->wait, patience); !ready) return ready;
  }
  return {};
}

// The status of the proxy's answer.
Result<int> ReadAnswer(ByteStream* stream, const Patience& patience) {
  ResponseParser parser({.answer_bytes_max = kHeadBytesMax});
  parser.Reset(true);
  std::array<char, 1> byte;  // one by one: what follows the head is the server's
  while (true) {
    if (Status more = patience.Check(); !more) return Forward(more);
    const Result<ByteStream::Step> step = stream->Read(byte);
    if (!step) return tl::unexpected<Error>(step.error());
    if (step->wait != 0) {
      if (Status ready = WaitFor(stream->fd(), step->wait, patience); !ready) {
        return Forward(ready);
      }
      continue;
    }
    const auto outcome = step->end != ByteStream::End::kNo
                             ? parser.EndOfInput()
                             : parser.Feed({byte.data(), step->bytes});
    if (outcome == ResponseParser::Outcome::kDone) return parser.status();
    if (outcome == ResponseParser::Outcome::kFailed) {
      return tl::unexpected<Error>(parser.failure());
    }
  }
}

Result<int> Ask(int fd, const std::string& wire, const Patience& patience) {
  UniqueFd shared(::fcntl(fd, F_DUPFD_CLOEXEC, 0));
  if (!shared.valid()) {
    return Fail(Code::kIo, "{}", std::generic_category().message(errno));
  }
  const std::unique_ptr<ByteStream> stream = PlainStream(std::move(shared));
  if (Status sent = Send(stream.get(), wire, patience); !sent) return Forward(sent);
  return ReadAnswer(stream.get(), patience);
}

}  // namespace

std::string ProxyAuthorization(const Url& proxy) {
  if (proxy.user_info.empty()) return "";
  std::string value = "Basic ";
  AppendBase64(std::as_bytes(std::span(proxy.user_info)), &value);
  return value;
}

Status OpenTunnel(int fd, const Url& proxy, const Url& url, const Patience& patience) {
  const Result<int> status = Ask(fd, ConnectRequest(proxy, url), patience);
  if (!status) {
    return Fail(status.error().code, "the proxy {}: {}", proxy.Origin(), status.error().message);
  }
  if (*status / 100 == 2) return {};
  if (*status == kProxyWantsPassword) {
    return Fail(Code::kUnauthorized,
                "the proxy {} wants a user name and password (407): put them into its URL, "
                "http://user:password@host:port",
                proxy.Origin());
  }
  return Fail(Code::kUnavailable, "the proxy {} does not let us through to {}: status {}",
              proxy.Origin(), url.HostAndPort(), *status);
}

}  // namespace hearth::http
