// What texts in hearth.toml must look like. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "config/keys.h"

namespace hearth::config {

using Wrong = std::optional<std::string>;  // "must be …"; nothing when it is right

Wrong WrongName(std::string_view text);
Wrong WrongPath(std::string_view text);
Wrong WrongListen(std::string_view text);
Wrong WrongLoopback(std::string_view text);
Wrong WrongMount(std::string_view text);
Wrong WrongNetwork(std::string_view text);
Wrong WrongCron(std::string_view text);
Wrong WrongTimeZone(std::string_view text);
Wrong WrongVariable(std::string_view text);

inline constexpr Form kPoolName = {"letters, digits, `-`, `_`, `.`", WrongName};
inline constexpr Form kUrlPath = {"a path", WrongPath};
inline constexpr Form kListen = {"host:port or `unix:/path`", WrongListen};
inline constexpr Form kLoopback = {"a loopback address and port, or `unix:/path`", WrongLoopback};
inline constexpr Form kMount = {"`source:target` or `source:target:ro`", WrongMount};
inline constexpr Form kNetwork = {"`\"bridge\"` or `\"host\"`", WrongNetwork};
inline constexpr Form kCron = {"five fields of crontab(5)", WrongCron};
inline constexpr Form kTimeZone = {"an IANA name", WrongTimeZone};
// The names of a table, not its values.
inline constexpr Form kVariable = {"", WrongVariable};

}  // namespace hearth::config
