#include "cli/listen_env.h"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

namespace hearth::cli {
namespace {

constexpr uint16_t kDefaultPort = 8000;

using Bytes = std::array<unsigned char, sizeof(in6_addr)>;

bool IsAddress(int family, const std::string& text, Bytes* bytes) {
  *bytes = {};
  return ::inet_pton(family, text.c_str(), bytes->data()) == 1;
}

bool AllZero(const Bytes& bytes) {
  return std::ranges::all_of(bytes, [](unsigned char byte) { return byte == 0; });
}

Result<uint16_t> PortOf(const std::string& text) {
  if (text.empty()) return kDefaultPort;
  uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc() || end != text.data() + text.size() || port == 0) {
    return Fail(Code::kUsage,
                "cannot tell the port from PORT=\"{}\": it must be from 1 to 65535; or give --url",
                text);
  }
  return port;
}

}  // namespace

std::string HostFromTei(const Env& env) {
  std::string name = FirstSet(env, {"HOSTNAME"});
  Bytes bytes;
  const bool numeric = IsAddress(AF_INET, name, &bytes) || IsAddress(AF_INET6, name, &bytes);
  return numeric || name == "localhost" ? name : "";
}

std::string ReachableHost(const std::string& host) {
  Bytes bytes;
  if (IsAddress(AF_INET, host, &bytes) && AllZero(bytes)) return "127.0.0.1";
  if (IsAddress(AF_INET6, host, &bytes) && AllZero(bytes)) return "::1";
  return host;
}

Result<http::Url> WhereServeListens(const Env& env) {
  http::Url url;
  url.unix_path = FirstSet(env, {"UDS_PATH"});
  if (!url.unix_path.empty()) return url;
  url.host = FirstSet(env, {"HEARTH_HOST"});
  if (url.host.empty()) url.host = HostFromTei(env);
  url.host = url.host.empty() ? "127.0.0.1" : ReachableHost(url.host);
  const Result<uint16_t> port = PortOf(FirstSet(env, {"PORT"}));
  if (!port) return tl::unexpected<Error>(port.error());
  url.port = *port;
  return url;
}

}  // namespace hearth::cli
