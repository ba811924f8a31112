#include "config/forms.h"

#include <algorithm>
#include <charconv>

#include "base/cron.h"

namespace hearth::config {
namespace {

bool IsWord(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool IsPort(std::string_view text) {
  uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  return error == std::errc() && end == text.data() + text.size();
}

// Of "host:port", "[::1]:port", ":port"; nothing when it is none of them.
std::optional<std::string_view> HostOf(std::string_view text) {
  const size_t colon = text.rfind(':');
  if (colon == std::string_view::npos || !IsPort(text.substr(colon + 1))) return {};
  const std::string_view host = text.substr(0, colon);
  if (host.starts_with('[')) return host.ends_with(']') ? std::optional(host) : std::nullopt;
  if (host.find_first_of(":[]/@ \t") != std::string_view::npos) return {};
  return host;
}

bool IsUnix(std::string_view text) {
  constexpr size_t kMost = 100;  // a socket's address holds 107
  return text.starts_with("unix:") && text.size() > 5 && text.size() <= 5 + kMost;
}

}  // namespace

Wrong WrongName(std::string_view text) {
  const bool fits = !text.empty() && text.size() <= 48 && IsWord(text[0]) &&
                    std::ranges::all_of(
                        text, [](char c) { return IsWord(c) || c == '-' || c == '_' || c == '.'; });
  if (fits) return {};
  return "must be 1 to 48 letters, digits, \"-\", \"_\" or \".\", a letter or digit first";
}

Wrong WrongPath(std::string_view text) {
  const bool fits = text.starts_with('/') && std::ranges::all_of(text, [](char c) {
                      return c > ' ' && c != 0x7f && c != '#';
                    });
  if (fits) return {};
  return "must be a path of a URL such as \"/ready\"";
}

Wrong WrongListen(std::string_view text) {
  if (IsUnix(text) || HostOf(text)) return {};
  return "must be host:port such as \"127.0.0.1:8000\", or unix:/path of at most 100 bytes";
}

Wrong WrongLoopback(std::string_view text) {
  const auto host = HostOf(text);
  if (IsUnix(text) || host == "localhost" || host == "[::1]") return {};
  if (host && host->starts_with("127.")) return {};
  return "must be a port of this machine only, such as \"127.0.0.1:8001\", or unix:/path";
}

Wrong WrongMount(std::string_view text) {
  const size_t first = text.find(':');
  std::string_view target = first == std::string_view::npos ? "" : text.substr(first + 1);
  if (target.ends_with(":ro")) target.remove_suffix(3);
  const bool fits =
      first != 0 && target.starts_with('/') && target.find(':') == std::string_view::npos;
  if (fits) return {};
  return "must be source:target or source:target:ro such as \"/srv/models:/models:ro\"";
}

Wrong WrongNetwork(std::string_view text) {
  if (text == "bridge" || text == "host") return {};
  return "must be \"bridge\" or \"host\"";
}

Wrong WrongCron(std::string_view text) {
  Result<Cron> cron = ParseCron(text);
  if (cron) return {};
  return cron.error().message;
}

Wrong WrongTimeZone(std::string_view text) {
  if (IsTimeZoneName(text)) return {};
  return "must be an IANA name such as \"Europe/Paris\" or \"UTC\"";
}

Wrong WrongVariable(std::string_view text) {
  if (!text.empty() && text.find('=') == std::string_view::npos) return {};
  return "must be named without \"=\", and not empty";
}

}  // namespace hearth::config
