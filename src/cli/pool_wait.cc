#include "cli/pool_wait.h"

#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <thread>

#include "base/duration.h"

namespace hearth::cli {
namespace {

using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

constexpr milliseconds kPeriod{100};
constexpr milliseconds kDay = std::chrono::days(1);

Result<Clock::time_point> DeadlineOf(const WaitFlags& flags) {
  const auto timeout = ReadDuration(flags.timeout, milliseconds(1), kDay);
  if (timeout) return Clock::now() + *timeout;
  return Fail(Code::kUsage, "--timeout: must be a time such as 30s, 10m or 1h, not \"{}\"",
              flags.timeout);
}

// One line on a terminal, written over the one before.
class Line {
 public:
  ~Line() {
    if (!shown_.empty()) fmt::print(stderr, "\r\x1b[K");
  }
  void Show(const std::string& text) {
    if (!terminal_ || text == shown_) return;
    fmt::print(stderr, "\r{}\x1b[K", text);
    shown_ = text;
  }

 private:
  const bool terminal_ = ::isatty(STDERR_FILENO) == 1;
  std::string shown_;
};

}  // namespace

void AddWaitFlags(CLI::App* command, const char* wait_help, WaitFlags* flags) {
  auto* wait = command->add_flag("--wait", flags->wait, wait_help);
  command->add_option("--timeout", flags->timeout, "with --wait: for how long at most")
      ->capture_default_str()
      ->type_name("TIME")
      ->needs(wait);
}

Status WaitFor(const AdminClient& client, const WaitFlags& flags, const std::string& what,
               const std::function<std::optional<Status>(const PoolView&)>& look) {
  const auto deadline = DeadlineOf(flags);
  if (!deadline) return tl::unexpected<Error>(deadline.error());
  Line line;
  for (;;) {
    const auto answer = client.Get("/v1/status");
    if (!answer) return tl::unexpected<Error>(answer.error());
    const auto view = ReadPoolView(*answer);
    if (!view) return tl::unexpected<Error>(view.error());
    if (auto done = look(*view)) return *done;
    if (Clock::now() > *deadline) {
      return Fail(Code::kDeadlineExceeded, "{} within {}; `hearth status` says how it goes", what,
                  flags.timeout);
    }
    line.Show(fmt::format("{} ready, {} starting{}{}", view->ready, view->starting,
                          view->roll.empty() ? "" : "; ", view->roll));
    std::this_thread::sleep_for(kPeriod);
  }
}

Status WaitUntilGone(const AdminClient& client, const WaitFlags& flags) {
  Status waited = WaitFor(client, flags, "the pool has not ended",
                          [](const PoolView&) { return std::nullopt; });
  if (waited || waited.error().code != Code::kUnavailable) return waited;
  // Its last act is to take the address away and let go of the lock; one that was killed does not.
  const auto patience = Clock::now() + std::chrono::seconds(5);
  while (client.AddressIsThere() && Clock::now() < patience) std::this_thread::sleep_for(kPeriod);
  return {};
}

}  // namespace hearth::cli
