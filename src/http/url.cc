#include "http/url.h"

#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>
#include <charconv>

namespace hearth::http {
namespace {

constexpr uint16_t kHttpPort = 80;
constexpr uint16_t kHttpsPort = 443;

tl::unexpected<Error> Malformed(std::string_view text) {
  return Fail(
      Code::kInvalidArgument,
      "\"{}\" is not a URL: expected http://host:port/path, https://… or unix:/path/of.sock", text);
}

// `:8000/x` -> `http://127.0.0.1:8000/x`, `localhost:8000` -> `http://localhost:8000`.
std::string WithScheme(std::string_view text) {
  if (text.find("://") != std::string_view::npos) return std::string(text);
  return fmt::format("http://{}{}", text.starts_with(':') ? "127.0.0.1" : "", text);
}

Result<Url> ParseHttp(std::string_view text) {
  const std::string full = WithScheme(text);
  const auto parsed = boost::urls::parse_uri(full);
  if (parsed.has_error() || !parsed->has_authority() || parsed->host().empty()) {
    return Malformed(text);
  }
  const std::string host(parsed->encoded_host());
  if (host.find('%') != std::string::npos) return Malformed(text);  // no name has such bytes
  const bool tls = parsed->scheme_id() == boost::urls::scheme::https;
  if (!tls && parsed->scheme_id() != boost::urls::scheme::http) {
    return Fail(Code::kUnsupported,
                "\"{}\" has the scheme {}: only http, https and unix are supported", text,
                std::string(parsed->scheme()));
  }
  if (parsed->has_userinfo() || parsed->has_fragment()) {
    return Fail(Code::kUnsupported, "\"{}\" has a user name or a fragment: leave it out", text);
  }
  const std::string target(parsed->encoded_target());
  // Boost 1.81 reads "127.0.0.1.example.com" as an address and a path.
  if (!target.empty() && target[0] != '/' && target[0] != '?') return Malformed(text);
  Url url;
  url.tls = tls;
  url.port = tls ? kHttpsPort : kHttpPort;
  url.host = parsed->host_address();
  if (parsed->has_port()) {
    const std::string_view digits(parsed->port().data(), parsed->port().size());
    const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), url.port);
    if (read.ec != std::errc() || url.port == 0) return Malformed(text);
  }
  url.target = target.starts_with('/') ? target : "/" + target;
  return url;
}

}  // namespace

// Without the scheme's own port: a signature that was made over the Host header (a signed URL) does
// not have it.
std::string Url::Authority() const {
  if (!unix_path.empty()) return "localhost";
  if (port != (tls ? kHttpsPort : kHttpPort)) return HostAndPort();
  return host.find(':') != std::string::npos ? fmt::format("[{}]", host) : host;
}

std::string Url::HostAndPort() const {
  return host.find(':') != std::string::npos ? fmt::format("[{}]:{}", host, port)
                                             : fmt::format("{}:{}", host, port);
}

std::string Url::Origin() const {
  if (!unix_path.empty()) return "unix:" + unix_path;
  return fmt::format("{}://{}", tls ? "https" : "http", Authority());
}

std::string Url::ToString() const { return unix_path.empty() ? Origin() + target : Origin(); }

Result<Url> ParseUrl(std::string_view text) {
  constexpr std::string_view kUnix = "unix:";
  if (text.starts_with(kUnix)) {
    Url url;
    url.unix_path = text.substr(kUnix.size());
    while (url.unix_path.starts_with("//")) url.unix_path.erase(0, 1);  // unix:///run/x.sock
    if (url.unix_path.empty()) return Malformed(text);
    return url;
  }
  try {
    return ParseHttp(text);
  } catch (const std::exception&) {
    return Malformed(text);
  }
}

}  // namespace hearth::http
