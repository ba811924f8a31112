// What a replica is started with: where it listens, its words and its environment. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "http/url.h"
#include "pool/backend.h"

namespace hearth::pool {

// In every replica's environment, and so in that of what it starts:
inline constexpr std::string_view kNonceVariable = "HEARTH_REPLICA_NONCE";
inline constexpr std::string_view kNameVariable = "HEARTH_REPLICA_NAME";  // "r7"
inline constexpr std::string_view kPoolVariable = "HEARTH_REPLICA_POOL";  // the state directory

// Whether it listens on a unix socket: hearth's own server, and a command with the word {socket}.
bool WantsSocket(const ReplicaSpec& spec);

struct ReplicaPlace {
  std::string socket;  // empty: it listens on `port` of 127.0.0.1
  uint16_t port = 0;
};

http::Url UrlOf(const ReplicaPlace& place);

// The spec's command with {port}, {socket} and {name} replaced; hearth's own server is told where
// to listen.
std::vector<std::string> CommandOf(const StartOrder& order, const ReplicaPlace& place);

// `inherited` ("NAME=value") without what systemd has said to the controller alone, then the spec's
// with the same words replaced, then hearth's variables. PORT is set for a command that says {port}
// and {socket} nowhere.
std::vector<std::string> EnvironmentOf(const StartOrder& order, const ReplicaPlace& place,
                                       const std::vector<std::string>& inherited,
                                       const std::string& pool);

}  // namespace hearth::pool
