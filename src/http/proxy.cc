#include "http/proxy.h"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>
#include <charconv>
#include <cstdint>
#include <initializer_list>
#include <string>

#include "http/header_lookup.h"

namespace hearth::http {
namespace {

// An IPv4 or IPv6 address as bytes; no bits: the text is none.
struct Literal {
  std::array<uint8_t, 16> bytes{};
  unsigned bits = 0;
};

Literal ParseLiteral(std::string_view text) {
  const std::string terminated(text);
  Literal literal;
  if (::inet_pton(AF_INET, terminated.c_str(), literal.bytes.data()) == 1) literal.bits = 32;
  if (::inet_pton(AF_INET6, terminated.c_str(), literal.bytes.data()) == 1) literal.bits = 128;
  return literal;
}

bool SamePrefix(const Literal& a, const Literal& b, unsigned bits) {
  if (a.bits == 0 || a.bits != b.bits || bits > a.bits) return false;
  const size_t whole = bits / 8;
  if (!std::equal(a.bytes.begin(), a.bytes.begin() + whole, b.bytes.begin())) return false;
  const unsigned rest = bits % 8;
  return rest == 0 || (a.bytes[whole] ^ b.bytes[whole]) >> (8 - rest) == 0;
}

template <typename Number>
bool ReadNumber(std::string_view text, Number* number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *number);
  return !text.empty() && error == std::errc() && end == text.data() + text.size();
}

std::string_view WithoutBrackets(std::string_view host) {
  if (host.size() < 2 || host.front() != '[' || host.back() != ']') return host;
  return host.substr(1, host.size() - 2);
}

// Cuts `:port` off; false when what stands there is no port.
bool TakePort(std::string_view* entry, uint16_t* port) {
  const size_t colon = entry->rfind(':');
  if (colon == std::string_view::npos) return true;
  const std::string_view before = entry->substr(0, colon);
  const bool bare_v6 = before.find(':') != std::string_view::npos && !before.ends_with(']');
  if (bare_v6 || entry->ends_with(']')) return true;
  if (!ReadNumber(entry->substr(colon + 1), port) || *port == 0) return false;
  *entry = before;
  return true;
}

// "example.com" and what ends in ".example.com".
bool NameMatches(std::string_view host, std::string_view name) {
  if (name.starts_with("*.")) name.remove_prefix(1);
  if (name.starts_with('.')) name.remove_prefix(1);
  while (name.ends_with('.')) name.remove_suffix(1);
  while (host.ends_with('.')) host.remove_suffix(1);
  if (name.empty() || host.size() < name.size()) return false;
  if (!EqualsNoCase(host.substr(host.size() - name.size()), name)) return false;
  return host.size() == name.size() || host[host.size() - name.size() - 1] == '.';
}

bool EntryMatches(const Url& url, std::string_view entry) {
  if (entry == "*") return true;
  const Literal server = ParseLiteral(url.host);
  if (const size_t slash = entry.find('/'); slash != std::string_view::npos) {
    unsigned bits = 0;
    return ReadNumber(entry.substr(slash + 1), &bits) &&
           SamePrefix(server, ParseLiteral(WithoutBrackets(entry.substr(0, slash))), bits);
  }
  uint16_t port = 0;
  if (!TakePort(&entry, &port) || (port != 0 && port != url.port)) return false;
  entry = WithoutBrackets(entry);
  return server.bits != 0 ? SamePrefix(server, ParseLiteral(entry), server.bits)
                          : NameMatches(url.host, entry);
}

Result<Url> ParseProxy(std::string_view text) {
  const std::string full = text.find("://") == std::string_view::npos
                               ? fmt::format("http://{}", text)
                               : std::string(text);
  const auto parsed = boost::urls::parse_uri(full);
  if (parsed.has_error() || !parsed->has_authority() || parsed->host().empty()) {
    return Fail(Code::kInvalidArgument,
                "it is not a proxy's URL: expected http://[user:password@]host:port");
  }
  if (parsed->scheme_id() != boost::urls::scheme::http) {
    return Fail(Code::kUnsupported,
                "it has the scheme {}: only http:// proxies are supported (https servers are "
                "reached through them by CONNECT)",
                std::string(parsed->scheme()));
  }
  const std::string authority(parsed->encoded_host_and_port().data(),
                              parsed->encoded_host_and_port().size());
  Result<Url> url = ParseUrl("http://" + authority);
  if (!url) return Fail(url.error().code, "it is not a proxy's URL: {}", url.error().message);
  if (parsed->has_userinfo()) {
    url->user_info = parsed->user();
    // The colon stands in the credentials even without a password.
    url->user_info.append(":").append(parsed->password());
  }
  return url;
}

struct Found {
  std::string_view name;
  std::string value;
};

// The first name that is set, even to nothing, decides.
Found FirstGiven(const Env& env, std::initializer_list<std::string_view> names) {
  for (const std::string_view name : names) {
    if (auto value = env(name); value) return {name, *std::move(value)};
  }
  return {};
}

}  // namespace

Result<Url> ParseProxyUrl(std::string_view text) {
  try {
    return ParseProxy(text);
  } catch (const std::exception&) {
    return Fail(Code::kInvalidArgument,
                "it is not a proxy's URL: expected http://[user:password@]host:port");
  }
}

bool IsExcepted(const Url& url, std::string_view no_proxy) {
  constexpr std::string_view kBetween = ", \t";
  while (true) {
    const size_t begin = no_proxy.find_first_not_of(kBetween);
    if (begin == std::string_view::npos) return false;
    no_proxy.remove_prefix(begin);
    const std::string_view entry = no_proxy.substr(0, no_proxy.find_first_of(kBetween));
    if (EntryMatches(url, entry)) return true;
    no_proxy.remove_prefix(entry.size());
  }
}

Result<std::optional<Url>> ProxyFor(const Url& url, const Env& env) {
  if (!url.unix_path.empty()) return std::optional<Url>();
  Found proxy =
      url.tls ? FirstGiven(env, {"https_proxy", "HTTPS_PROXY"}) : FirstGiven(env, {"http_proxy"});
  if (proxy.value.empty() && proxy.name.empty())
    proxy = FirstGiven(env, {"all_proxy", "ALL_PROXY"});
  if (proxy.value.empty()) return std::optional<Url>();
  if (IsExcepted(url, FirstGiven(env, {"no_proxy", "NO_PROXY"}).value)) return std::optional<Url>();
  Result<Url> parsed = ParseProxyUrl(proxy.value);
  if (!parsed) {
    return Fail(parsed.error().code, "cannot use the variable {}: {}", proxy.name,
                parsed.error().message);
  }
  return std::optional<Url>(*std::move(parsed));
}

}  // namespace hearth::http
