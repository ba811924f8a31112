#include "gateway/listen_address.h"

#include <charconv>
#include <string>

namespace hearth::gateway {
namespace {

tl::unexpected<Error> Malformed(std::string_view text) {
  return Fail(Code::kInvalidArgument,
              "\"{}\" is no address to listen on: expected host:port, such as 127.0.0.1:8000, or "
              "unix:/path/of.sock",
              text);
}

}  // namespace

Result<http::Listen> ParseListen(std::string_view text) {
  constexpr std::string_view kUnix = "unix:";
  http::Listen listen;
  if (text.starts_with(kUnix)) {
    listen.unix_path = text.substr(kUnix.size());
    while (listen.unix_path.starts_with("//")) listen.unix_path.erase(0, 1);
    if (listen.unix_path.empty()) return Malformed(text);
    return listen;
  }
  const size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return Malformed(text);
  std::string_view host = text.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) {
    host = host.substr(1, host.size() - 2);
  } else if (host.find_first_of(":[]/@") != std::string_view::npos) {
    return Malformed(text);
  }
  const std::string_view port = text.substr(colon + 1);
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), listen.port);
  if (error != std::errc() || end != port.data() + port.size()) return Malformed(text);
  listen.host = host;
  return listen;
}

}  // namespace hearth::gateway
