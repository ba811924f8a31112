// HealthChecks: asks each replica whether it is ready and alive, and says what it has found. On the
// event loop; one question at a time to each replica.
//
// A starting replica is asked for its `ready` path every 2 ms for the first 100 ms, then less and
// less often. Once it has said 200, it is checked every `interval`, spread in time over the
// replicas. A check of a well replica asks one path, `ready` and `health` in turn, so that it costs
// one connection; when `ready` does not say 200, `health` is asked in the same check: it tells a
// replica that is alive but takes no requests from a sick one. A replica that is not well is
// checked four times as often, and is well again when both have said 200.
//
// An answer whose X-Hearth-Nonce is another replica's, or another controller's, is no answer of
// this replica: the port has been taken by somebody else.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "base/event_loop.h"
#include "base/result.h"
#include "http/async_get.h"
#include "http/url.h"
#include "pool/policy.h"
#include "pool/replica.h"

namespace hearth::pool {

struct CheckSettings {
  std::string ready = "/ready";
  std::string health = "/health";
  std::chrono::milliseconds interval{5'000};
  std::chrono::milliseconds timeout{2'000};
  std::chrono::milliseconds start_time{2'000};
};

struct CheckResult {
  enum class Kind {
    kReady,     // takes requests
    kNotReady,  // lives, but says that it takes none (while starting also: no answer yet)
    kFailed,    // does not say that it is alive
    kForeign,   // somebody else answers there
  };
  Kind kind = Kind::kFailed;
  bool answered = false;  // over HTTP, whatever it said
  int slots = 0;          // X-Hearth-Slots; 0: it did not say
  std::string words;      // "GET /ready says 503"
};

// How long after an answer to a starting replica's last question the next one is asked.
Duration ReadyPollDelay(Duration since_start, Duration start_time);

class HealthChecks {
 public:
  using OnResult = std::function<void(ReplicaId, const CheckResult&)>;

  // `loop` outlives it. `on_result` may call any function here, also about the same replica.
  HealthChecks(EventLoop& loop, CheckSettings settings, OnResult on_result);
  ~HealthChecks();
  HealthChecks(const HealthChecks&) = delete;
  HealthChecks& operator=(const HealthChecks&) = delete;

  // From now on, until Forget.
  void Await(ReplicaId replica, const http::Url& url, const std::string& nonce);
  void CheckNow(ReplicaId replica);
  void Forget(ReplicaId replica);

 private:
  struct Entry;
  enum class Path { kReady, kHealth };

  void Begin(Entry& entry);
  void Ask(Entry& entry, Path path);
  void OnAnswer(ReplicaId replica, const Result<http::Answer>& answer);
  void OnReadyAnswer(Entry& entry, bool good, CheckResult result);
  void OnHealthAnswer(Entry& entry, bool good, CheckResult result);
  void Finish(Entry& entry, const CheckResult& result);
  void BeginIn(Entry& entry, Duration delay);
  Duration Interval() const;  // of a replica that is well: longer when there are very many
  bool one_path() const { return settings_.ready == settings_.health; }

  EventLoop& loop_;
  const CheckSettings settings_;
  const OnResult on_result_;
  std::map<ReplicaId, std::unique_ptr<Entry>> entries_;
};

}  // namespace hearth::pool
