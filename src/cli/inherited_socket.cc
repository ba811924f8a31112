#include "cli/inherited_socket.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <charconv>
#include <cstdlib>
#include <string>

namespace hearth::cli {
namespace {

constexpr int kFirstFd = 3;

std::optional<int64_t> Number(const std::string& text) {
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace

Result<int> InheritedSockets(const Env& env, pid_t pid) {
  if (Number(FirstSet(env, {"LISTEN_PID"})) != int64_t{pid}) return 0;
  const std::string text = FirstSet(env, {"LISTEN_FDS"});
  const auto count = Number(text);
  if (!count || *count < 0) return 0;
  if (*count > 1) {
    return Fail(Code::kUsage,
                "LISTEN_FDS={}: hearth up takes one socket, the gateway's: leave one ListenStream= "
                "in the socket unit",
                text);
  }
  return static_cast<int>(*count);
}

Result<int> TakeInheritedSocket() {
  auto count = InheritedSockets(ProcessEnv(), ::getpid());
  for (const char* name : {"LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"}) ::unsetenv(name);
  if (!count) return Forward(count);
  if (*count == 0) return -1;
  int listening = 0;
  socklen_t size = sizeof listening;
  if (::getsockopt(kFirstFd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &size) != 0 || listening == 0) {
    return Fail(Code::kUsage, "LISTEN_FDS: descriptor {} is no socket that listens", kFirstFd);
  }
  ::fcntl(kFirstFd, F_SETFD, FD_CLOEXEC);
  ::fcntl(kFirstFd, F_SETFL, ::fcntl(kFirstFd, F_GETFL) | O_NONBLOCK);
  return kFirstFd;
}

}  // namespace hearth::cli
