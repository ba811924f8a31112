#include "fetch/redirect.h"

#include <algorithm>
#include <string>

#include "http/header_lookup.h"

namespace hearth::fetch {
namespace {

bool HasScheme(std::string_view text) {
  const size_t colon = text.find(':');
  return colon != std::string_view::npos &&
         text.substr(0, colon).find_first_of("/?#") == std::string_view::npos;
}

// The request line takes it as it is.
bool IsCleanTarget(std::string_view text) {
  return std::ranges::none_of(
      text, [](char c) { return static_cast<unsigned char>(c) <= ' ' || c == '\x7f'; });
}

}  // namespace

Result<http::Url> NextHop(const http::Url& from, std::string_view location) {
  location = location.substr(0, location.find('#'));
  if (location.empty() || !IsCleanTarget(location)) {
    return Fail(Code::kCorrupt, "{} redirects to \"{:.200}\", which is no URL", from.Authority(),
                location);
  }
  if (HasScheme(location) || location.starts_with("//")) {
    std::string text(location);
    if (location.starts_with("//")) text.insert(0, from.tls ? "https:" : "http:");
    const std::string_view scheme = std::string_view(text).substr(0, text.find(':'));
    if (!http::EqualsNoCase(scheme, "http") && !http::EqualsNoCase(scheme, "https")) {
      return Fail(Code::kCorrupt,
                  "{} redirects to the scheme \"{:.40}\": only http and https are "
                  "followed",
                  from.Authority(), scheme);
    }
    auto url = http::ParseUrl(text);
    if (!url) return Forward(url);
    if (from.tls && !url->tls) {
      return Fail(Code::kCorrupt, "{} redirects from https to http ({:.200}): not followed",
                  from.Authority(), url->Authority());
    }
    return url;
  }
  http::Url url = from;
  const std::string path = from.target.substr(0, from.target.find('?'));
  if (location.starts_with('/')) {
    url.target = location;
  } else if (location.starts_with('?')) {
    url.target = path + std::string(location);
  } else {
    url.target = path.substr(0, path.rfind('/') + 1) + std::string(location);
  }
  return url;
}

bool SameServer(const http::Url& a, const http::Url& b) {
  return a.tls == b.tls && a.port == b.port && http::EqualsNoCase(a.host, b.host);
}

}  // namespace hearth::fetch
