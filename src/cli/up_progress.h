// UpProgress: what `hearth up` says of itself until the pool stands: on a terminal one line that is
// written anew ("2 of 3 ready"), then one line with the addresses; elsewhere that line, and a line
// in the log. Loop thread.
#pragma once

#include <chrono>
#include <string>

#include "base/log.h"
#include "pool/controller.h"

namespace hearth::cli {

// "1 of 3 ready; r2 ended: exited: exit 3". Pure.
std::string ProgressText(const pool::PoolStatus& status);
// "up: http://127.0.0.1:8000 · page http://127.0.0.1:8001 · 3 ready in 45 ms". Pure.
std::string UpText(const pool::PoolStatus& status, const std::string& gateway,
                   const std::string& page, double milliseconds);

class UpProgress {
 public:
  using Clock = std::chrono::steady_clock;

  UpProgress(bool terminal, Clock::time_point began, const Log& log)
      : terminal_(terminal), began_(began), log_(log) {}

  void SetAddresses(std::string gateway, std::string page);
  void Look(const pool::PoolStatus& status);
  bool up() const { return up_; }

 private:
  const bool terminal_;
  const Clock::time_point began_;
  const Log& log_;
  std::string gateway_, page_;
  std::string shown_;
  bool up_ = false;
};

}  // namespace hearth::cli
