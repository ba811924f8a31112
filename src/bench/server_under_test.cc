#include "bench/server_under_test.h"

#include <fstream>
#include <iterator>
#include <thread>
#include <utility>

#include "bench/process_usage.h"

namespace hearth::bench {
namespace {

using std::chrono::microseconds;
using std::chrono::seconds;

constexpr seconds kOneTry{30};

microseconds PauseAtAge(Clock::duration age) {
  if (age < seconds(1)) return microseconds(100);
  if (age < seconds(5)) return microseconds(1000);
  return microseconds(5000);
}

}  // namespace

Result<ServerUnderTest> ServerUnderTest::Launch(const Target& target, const std::string& log_path) {
  if (!target.is_command()) {
    Result<http::Url> url = http::ParseUrl(target.url);
    if (!url) return Forward(url);
    ServerUnderTest server(std::move(*url), "");
    server.started_ = Clock::now();
    return server;
  }
  Result<uint16_t> port = FreePort();
  if (!port) return Forward(port);
  http::Url base;
  base.host = "127.0.0.1";
  base.port = *port;
  ServerUnderTest server(std::move(base), log_path);
  Result<Child> child = Child::Start(WithPort(target.command, *port), log_path);
  if (!child) return Forward(child);
  server.child_ = std::make_unique<Child>(std::move(*child));
  server.started_ = server.child_->exec_time();
  return server;
}

http::Url ServerUnderTest::UrlOf(const std::string& path) const {
  http::Url url = base_;
  url.target = path;
  return url;
}

std::vector<pid_t> ServerUnderTest::processes() const {
  return child_ ? ProcessTree(child_->pid()) : std::vector<pid_t>{};
}

std::string ServerUnderTest::LogTail() const {
  constexpr size_t kTailBytes = 600;
  std::ifstream file(log_path_, std::ios::binary);
  std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  if (text.size() > kTailBytes) text = "…" + text.substr(text.size() - kTailBytes);
  return text.empty() ? "it printed nothing" : "it printed:\n" + text;
}

Status ServerUnderTest::Pause(Clock::time_point deadline) {
  if (child_) {
    if (const std::optional<int> status = child_->Exited()) {
      return Fail(Code::kUnavailable, "the server ended (wait status {}) before it was ready; {}",
                  *status, LogTail());
    }
  }
  const Clock::time_point now = Clock::now();
  if (now >= deadline)
    return Fail(Code::kDeadlineExceeded, "the server is not ready in time; {}", LogTail());
  std::this_thread::sleep_for(PauseAtAge(now - started_));
  return {};
}

Status ServerUnderTest::Poll(const std::string& path, bool missing_is_fine,
                             Clock::time_point deadline) {
  http::Outgoing request;
  request.target = path;
  while (true) {
    if (!connection_) {
      auto opened = http::Connection::Open(base_, std::min(deadline, Clock::now() + kOneTry));
      if (opened) {
        connection_.emplace(std::move(*opened));
        if (!connected_) connected_ = Clock::now();
      }
    }
    if (connection_) {
      const auto answer =
          connection_->RoundTrip(request, std::min(deadline, Clock::now() + kOneTry));
      if (answer && (answer->status == 200 || (missing_is_fine && answer->status == 404)))
        return {};
      if (!answer) connection_.reset();
    }
    if (Status paused = Pause(deadline); !paused) return paused;
  }
}

Result<ReadyTimes> ServerUnderTest::AwaitReady(const ServerPaths& paths,
                                               Clock::time_point deadline) {
  ReadyTimes times;
  if (Status alive = Poll(paths.health, false, deadline); !alive) return Forward(alive);
  times.health = Clock::now() - started_;
  times.connect = *connected_ - started_;
  if (Status ready = Poll(paths.ready, true, deadline); !ready) return Forward(ready);
  times.ready = Clock::now() - started_;
  return times;
}

Result<http::Answer> ServerUnderTest::Ask(const http::Outgoing& request,
                                          Clock::time_point deadline) {
  if (!connection_) {
    auto opened = http::Connection::Open(base_, deadline);
    if (!opened) return Forward(opened);
    connection_.emplace(std::move(*opened));
  }
  auto answer = connection_->RoundTrip(request, deadline);
  if (!answer) {
    // A server may close an idle connection at any time (llama.cpp does after 100 requests): ask
    // once more on a new one.
    auto again = http::Connection::Open(base_, deadline);
    if (!again) return Forward(again);
    connection_.emplace(std::move(*again));
    answer = connection_->RoundTrip(request, deadline);
  }
  return answer;
}

}  // namespace hearth::bench
