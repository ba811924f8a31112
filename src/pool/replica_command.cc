#include "pool/replica_command.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace hearth::pool {
namespace {

// To the controller: its sockets, its watchdog. And what a replica inside a replica would inherit.
constexpr std::array<std::string_view, 9> kNotInherited = {
    "LISTEN_PID",    "LISTEN_FDS",   "LISTEN_FDNAMES", "NOTIFY_SOCKET", "WATCHDOG_PID",
    "WATCHDOG_USEC", kNonceVariable, kNameVariable,    kPoolVariable};

std::string_view NameOf(std::string_view entry) { return entry.substr(0, entry.find('=')); }

bool Mentions(const ReplicaSpec& spec, std::string_view word) {
  const auto holds = [&](std::string_view text) {
    return text.find(word) != std::string_view::npos;
  };
  return std::ranges::any_of(spec.command, holds) ||
         std::ranges::any_of(spec.env, [&](const auto& entry) { return holds(entry.second); });
}

// One pass: a value that looks like a word is not replaced again.
std::string Replaced(std::string_view text, const StartOrder& order, const ReplicaPlace& place) {
  const std::array<std::pair<std::string_view, std::string>, 3> words = {
      {{"{port}", std::to_string(place.port)},
       {"{socket}", place.socket},
       {"{name}", ToString(order.id)}}};
  std::string out;
  while (!text.empty()) {
    const auto* const word =
        std::ranges::find_if(words, [&](const auto& one) { return text.starts_with(one.first); });
    if (word != words.end()) {
      out += word->second;
      text.remove_prefix(word->first.size());
    } else {
      out += text.front();
      text.remove_prefix(1);
    }
  }
  return out;
}

void Set(std::string_view name, std::string_view value, std::vector<std::string>* environment) {
  std::erase_if(*environment, [&](const std::string& entry) { return NameOf(entry) == name; });
  environment->push_back(fmt::format("{}={}", name, value));
}

}  // namespace

bool WantsSocket(const ReplicaSpec& spec) { return spec.own_server || Mentions(spec, "{socket}"); }

http::Url UrlOf(const ReplicaPlace& place) {
  http::Url url;
  if (place.socket.empty()) {
    url.host = "127.0.0.1";
    url.port = place.port;
  } else {
    url.unix_path = place.socket;
  }
  return url;
}

std::vector<std::string> CommandOf(const StartOrder& order, const ReplicaPlace& place) {
  std::vector<std::string> words;
  words.reserve(order.spec.command.size() + 4);
  for (const std::string& word : order.spec.command) words.push_back(Replaced(word, order, place));
  if (!order.spec.own_server) return words;
  if (place.socket.empty()) {
    words.insert(words.end(), {"--host", "127.0.0.1", "--port", std::to_string(place.port)});
  } else {
    words.insert(words.end(), {"--uds-path", place.socket});
  }
  return words;
}

std::vector<std::string> EnvironmentOf(const StartOrder& order, const ReplicaPlace& place,
                                       const std::vector<std::string>& inherited,
                                       const std::string& pool) {
  std::vector<std::string> out;
  for (const std::string& entry : inherited) {
    if (std::ranges::find(kNotInherited, NameOf(entry)) == kNotInherited.end())
      out.push_back(entry);
  }
  const ReplicaSpec& spec = order.spec;
  if (!spec.own_server && !Mentions(spec, "{port}") && !Mentions(spec, "{socket}")) {
    Set("PORT", std::to_string(place.port), &out);
  }
  for (const auto& [name, value] : spec.env) Set(name, Replaced(value, order, place), &out);
  Set(kNonceVariable, order.nonce, &out);
  Set(kNameVariable, ToString(order.id), &out);
  Set(kPoolVariable, pool, &out);
  return out;
}

}  // namespace hearth::pool
