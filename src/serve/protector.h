// Protector: the thread that keeps an ECS task from being scaled in while a request runs for long
// (protection.h decides). It looks at the requests in hand a few times a second at most and asks
// the agent only when something changes. Nothing waits for it.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <thread>

#include "base/cancel.h"
#include "base/log.h"
#include "base/result.h"
#include "http/url.h"
#include "serve/batch_policy.h"
#include "serve/protection.h"

namespace hearth::serve {

struct ProtectorOptions {
  http::Url agent;  // ECS_AGENT_URI
  std::chrono::milliseconds after{60'000};
  // Connecting, and the whole call: the agent itself gives ECS 4 s.
  std::chrono::milliseconds connect_timeout{2'000};
  std::chrono::milliseconds call_time{6'000};
  std::chrono::milliseconds protected_least = kProtectedLeast;
};

// The latest deadline among the requests that arrived before this moment and are not answered.
using LatestDeadline = std::function<std::optional<Clock::time_point>(Clock::time_point before)>;

class Protector {
 public:
  // `latest_deadline` may be called until the destructor returns; `log` outlives the protector.
  Protector(ProtectorOptions options, LatestDeadline latest_deadline, const Log& log);
  // Ends the thread at once, and a call under way; a protection is left to expire.
  ~Protector();
  Protector(const Protector&) = delete;
  Protector& operator=(const Protector&) = delete;

 private:
  void Run();
  Status Ask(const ProtectionCall& call);
  void Tell(const ProtectionCall& call, const Status& outcome, int failures_before);

  const ProtectorOptions options_;
  const LatestDeadline latest_deadline_;
  const Log& log_;
  Cancel over_;
  std::thread thread_;
};

}  // namespace hearth::serve
