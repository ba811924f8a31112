#include "cli/up_progress.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <utility>

namespace hearth::cli {

using pool::ReplicaState;

std::string ProgressText(const pool::PoolStatus& status) {
  if (status.roll_state == pool::RollState::kPreparing) return status.roll;
  std::string text = fmt::format("{} of {} ready", status.ready, status.desired);
  const auto& all = status.replicas;
  const auto ended = std::find_if(all.rbegin(), all.rend(), [](const auto& replica) {
    return replica.state == ReplicaState::kGone && !replica.end_reason.empty();
  });
  if (ended != all.rend()) {
    text += fmt::format("; {} ended: {}", ToString(ended->id), ended->end_reason);
  }
  return text;
}

std::string UpText(const pool::PoolStatus& status, const std::string& gateway,
                   const std::string& page, double milliseconds) {
  const auto adopted = std::count_if(
      status.replicas.begin(), status.replicas.end(),
      [](const auto& replica) { return replica.adopted && replica.state == ReplicaState::kReady; });
  return fmt::format("up: {} · page {} · {} ready{} in {:.0f} ms", gateway, page, status.ready,
                     adopted > 0 ? fmt::format(" ({} adopted)", adopted) : "", milliseconds);
}

void UpProgress::SetAddresses(std::string gateway, std::string page) {
  gateway_ = std::move(gateway);
  page_ = std::move(page);
}

void UpProgress::Look(const pool::PoolStatus& status) {
  if (up_) return;
  const bool preparing = status.roll_state == pool::RollState::kPreparing;
  const bool decided = status.desired > 0 || status.counts.decisions > 0;
  if (!decided && !preparing) return;
  if (preparing || status.ready < status.desired) {
    const std::string text = ProgressText(status);
    if (!terminal_ || std::exchange(shown_, text) == text) return;
    // Back to the first column: a line of the log writes over it.
    fmt::print(stderr, "{}\x1b[K\r", text);
    return;
  }
  up_ = true;
  if (!shown_.empty()) fmt::print(stderr, "\x1b[K");
  const double milliseconds =
      std::chrono::duration<double, std::milli>(Clock::now() - began_).count();
  fmt::print("{}\n", UpText(status, gateway_, page_, milliseconds));
  std::fflush(stdout);
  if (terminal_) return;
  log_.Info("Up", {{"gateway", gateway_},
                   {"page", page_},
                   {"ready", int64_t{status.ready}},
                   {"milliseconds", milliseconds}});
}

}  // namespace hearth::cli
