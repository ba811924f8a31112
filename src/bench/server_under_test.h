// ServerUnderTest: one target, reachable: its own process where the target is a command, or just
// its address.
//
// Lifecycle: Launch starts the command (or does nothing for a URL); AwaitReady polls until it
// answers; the destructor stops the process. One thread. When the process ends early, or the time
// is over, the Error holds the end of its log.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "bench/child.h"
#include "bench/target.h"
#include "http/client.h"
#include "http/url.h"

namespace hearth::bench {

struct ServerPaths {
  std::string health = "/health";
  std::string ready = "/ready";  // where a server has none (404), its health path answers for it
};

// When the server first did what, from exec (command) or from the first try (URL).
struct ReadyTimes {
  Clock::duration connect{};
  Clock::duration health{};
  Clock::duration ready{};
};

class ServerUnderTest {
 public:
  static Result<ServerUnderTest> Launch(const Target& target, const std::string& log_path);

  // Looks every 100 us in the first second, then less often. Keeps the connection that it ends
  // with.
  Result<ReadyTimes> AwaitReady(const ServerPaths& paths, Clock::time_point deadline);

  // Asks on the kept connection, reopening it when the server has closed it. The first Ask after
  // AwaitReady opens nothing.
  Result<http::Answer> Ask(const http::Outgoing& request, Clock::time_point deadline);

  http::Url UrlOf(const std::string& path) const;
  Clock::time_point started() const { return started_; }
  std::vector<pid_t> processes() const;  // empty for a URL
  // What the server has printed last, for an error message.
  std::string LogTail() const;

 private:
  ServerUnderTest(http::Url base, std::string log_path)
      : base_(std::move(base)), log_path_(std::move(log_path)) {}
  Status Poll(const std::string& path, bool missing_is_fine, Clock::time_point deadline);
  Status Pause(Clock::time_point deadline);

  http::Url base_;
  std::string log_path_;
  std::unique_ptr<Child> child_;
  Clock::time_point started_;
  std::optional<Clock::time_point> connected_;
  std::optional<http::Connection> connection_;
};

}  // namespace hearth::bench
