#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "pool/history.h"

namespace hearth::pool {

namespace {

// Events are known by their number, from 1; 0: there was none.
struct Replica {
  int slots = 0;
  int bound = 0;
  size_t ready_at = 0;
  size_t drain_at = 0;
  size_t gone_at = 0;
};

struct Request {
  const Event* arrived = nullptr;
  size_t arrived_at = 0;
  size_t ended_at = 0;
  // The last attempt.
  int attempt = 0;
  ReplicaId replica;
  size_t bound_at = 0;
  size_t sent_at = 0;
  bool open = false;  // bound, not yet released
  int repeat_limit =
      0;  // its share of what the budget allowed, while it is a repeat; 0: it is none
  // Of all attempts.
  int times_sent = 0;
  int in_flight_at_release = 0;  // requests in flight when the last attempt was released
};

class Checker {
 public:
  explicit Checker(const HistoryRules& rules) : rules_(rules) {}

  void Judge(const Event& event);
  std::vector<std::string> Finish();

 private:
  template <typename... Args>
  void Find(fmt::format_string<Args...> format, Args&&... args) {
    findings_.push_back(
        fmt::format("event {}: {}", number_, fmt::format(format, std::forward<Args>(args)...)));
  }

  void JudgeReplica(const Event& event);
  void Ready(const Event& event);
  void Arrived(const Event& event);
  void Bound(const Event& event, Request* request);
  void Sent(const Event& event, Request* request);
  void Released(const Event& event, Request* request);
  void Ended(const Event& event, Request* request);
  void JudgeAnswer(const Event& event, const Request& request);
  void JudgeTarget(const Event& event, std::string_view what);
  bool IsOpenAttempt(const Event& event, const Request& request, std::string_view what);
  void StartRepeat(const Event& event, Request* request);
  void Close(Request* request);
  int Allowed(int in_flight) const;

  const HistoryRules& rules_;
  size_t number_ = 0;
  int64_t last_microseconds_ = 0;
  std::unordered_map<uint64_t, Replica> replicas_;
  std::unordered_map<uint64_t, Request> requests_;
  int in_flight_ = 0;
  std::map<int, int> repeat_limits_;  // of the repeats under way: limit → how many have it
  int repeats_ = 0;
  std::vector<std::string> findings_;
};

uint64_t Number(RequestId request) { return static_cast<uint64_t>(request); }

void Checker::Judge(const Event& event) {
  ++number_;
  if (event.microseconds < last_microseconds_) {
    Find("time goes back from {} to {} microseconds", last_microseconds_, event.microseconds);
  }
  last_microseconds_ = event.microseconds;

  switch (event.kind) {
    case EventKind::kReplicaReady:
    case EventKind::kReplicaDrain:
    case EventKind::kReplicaGone:
      return JudgeReplica(event);
    case EventKind::kArrived:
      return Arrived(event);
    default:
      break;
  }
  auto [entry, is_new] = requests_.try_emplace(Number(event.request));
  if (is_new) {
    Find("{} of request {}, which has not arrived", ToString(event.kind), Number(event.request));
    // From here on as if it had, so that one fault is one finding.
    entry->second.arrived_at = number_;
    ++in_flight_;
  }
  Request* const request = &entry->second;
  if (request->ended_at != 0 && event.kind != EventKind::kReleased) {
    Find("{} of request {}, which ended at event {}", ToString(event.kind), Number(event.request),
         request->ended_at);
  }
  switch (event.kind) {
    case EventKind::kBound:
      return Bound(event, request);
    case EventKind::kSent:
      return Sent(event, request);
    case EventKind::kReleased:
      return Released(event, request);
    default:
      return Ended(event, request);
  }
}

// --- Replicas

void Checker::JudgeReplica(const Event& event) {
  if (event.kind == EventKind::kReplicaReady) return Ready(event);
  const auto found = replicas_.find(event.replica.value);
  if (found == replicas_.end()) {
    return Find("{} of {}, which was never ready", ToString(event.kind), ToString(event.replica));
  }
  Replica& replica = found->second;
  const bool drains = event.kind == EventKind::kReplicaDrain;
  if (replica.gone_at != 0) {
    Find("{} of {}, which is gone since event {}", ToString(event.kind), ToString(event.replica),
         replica.gone_at);
  } else if (drains && replica.drain_at != 0) {
    Find("replica_drain of {}, which drains since event {}", ToString(event.replica),
         replica.drain_at);
  }
  (drains ? replica.drain_at : replica.gone_at) = number_;
}

void Checker::Ready(const Event& event) {
  if (event.replica.value == 0) return Find("replica_ready without a replica");
  const auto [entry, is_new] = replicas_.try_emplace(event.replica.value);
  if (!is_new && entry->second.gone_at == 0) {
    return Find("replica_ready of {}, which was ready at event {}", ToString(event.replica),
                entry->second.ready_at);
  }
  if (entry->second.bound > 0) {
    Find("replica_ready of {}, which has {} requests of before event {}", ToString(event.replica),
         entry->second.bound, entry->second.gone_at);
  }
  entry->second.drain_at = entry->second.gone_at = 0;
  if (event.value < 1)
    Find("replica_ready of {} with {} slots", ToString(event.replica), event.value);
  entry->second.slots = event.value;
  entry->second.ready_at = number_;
}

// Whether the replica may be given a request at this event.
void Checker::JudgeTarget(const Event& event, std::string_view what) {
  const auto found = replicas_.find(event.replica.value);
  if (found == replicas_.end()) {
    return Find("request {} {} {}, which is not ready", Number(event.request), what,
                ToString(event.replica));
  }
  const Replica& replica = found->second;
  if (replica.gone_at != 0) {
    Find("request {} {} {}, which is gone since event {}", Number(event.request), what,
         ToString(event.replica), replica.gone_at);
  } else if (replica.drain_at != 0) {
    Find("request {} {} {}, which drains since event {}", Number(event.request), what,
         ToString(event.replica), replica.drain_at);
  }
}

// --- Requests

void Checker::Arrived(const Event& event) {
  if (event.request == RequestId{}) return Find("arrived without a request");
  const auto [entry, is_new] = requests_.try_emplace(Number(event.request));
  if (!is_new) {
    return Find("arrived of request {}, which is known since event {}", Number(event.request),
                entry->second.arrived_at);
  }
  entry->second.arrived = &event;
  entry->second.arrived_at = number_;
  ++in_flight_;
}

void Checker::Bound(const Event& event, Request* request) {
  if (request->open) {
    Find("bound of request {} to {}, while its attempt at {} (event {}) is not released",
         Number(event.request), ToString(event.replica), ToString(request->replica),
         request->bound_at);
    Close(request);
  }
  if (event.attempt != request->attempt + 1) {
    Find("bound of request {} as attempt {} after attempt {}", Number(event.request), event.attempt,
         request->attempt);
  }
  JudgeTarget(event, "bound to");
  request->attempt = event.attempt;
  request->replica = event.replica;
  request->bound_at = number_;
  request->sent_at = 0;
  request->open = true;
  if (request->times_sent > 0) StartRepeat(event, request);

  const auto found = replicas_.find(event.replica.value);
  if (found == replicas_.end()) return;
  Replica& replica = found->second;
  if (++replica.bound > replica.slots) {
    Find("request {} bound to {}, which has {} requests for {} slots (ready at event {})",
         Number(event.request), ToString(event.replica), replica.bound, replica.slots,
         replica.ready_at);
  }
}

bool Checker::IsOpenAttempt(const Event& event, const Request& request, std::string_view what) {
  const bool is_open =
      request.open && event.attempt == request.attempt && event.replica == request.replica;
  if (!is_open) {
    Find(
        "{} of request {} as attempt {} at {}, which is not bound (attempt {} at {} was, at event "
        "{})",
        what, Number(event.request), event.attempt, ToString(event.replica), request.attempt,
        ToString(request.replica), request.bound_at);
  }
  return is_open;
}

void Checker::Sent(const Event& event, Request* request) {
  if (!IsOpenAttempt(event, *request, "sent")) return;
  if (request->sent_at != 0) {
    return Find("attempt {} of request {} sent again after event {}", event.attempt,
                Number(event.request), request->sent_at);
  }
  JudgeTarget(event, "sent to");
  request->sent_at = number_;
  ++request->times_sent;
  if (request->times_sent > rules_.attempts_max) {
    Find("request {} (event {}) sent {} times: at most {} are allowed", Number(event.request),
         request->arrived_at, request->times_sent, rules_.attempts_max);
  }
  const std::string_view words =
      request->arrived == nullptr ? std::string_view() : request->arrived->words;
  if (request->times_sent == 2 && !(rules_.may_repeat && rules_.may_repeat(words))) {
    Find("request {} (event {}, \"{}\") sent again, which may not be repeated",
         Number(event.request), request->arrived_at, words);
  }
}

void Checker::Released(const Event& event, Request* request) {
  if (!IsOpenAttempt(event, *request, "released")) return;
  Close(request);
  request->in_flight_at_release = in_flight_;
}

void Checker::Close(Request* request) {
  request->open = false;
  const auto replica = replicas_.find(request->replica.value);
  if (replica != replicas_.end()) --replica->second.bound;
  if (request->repeat_limit == 0) return;
  const auto limit = repeat_limits_.find(request->repeat_limit);
  if (--limit->second == 0) repeat_limits_.erase(limit);
  --repeats_;
  request->repeat_limit = 0;
}

void Checker::Ended(const Event& event, Request* request) {
  if (request->ended_at != 0) return;  // reported already
  if (event.kind == EventKind::kAnswered) JudgeAnswer(event, *request);
  if (event.kind == EventKind::kCut && request->sent_at == 0) {
    Find("request {} (event {}) cut in the middle of an answer, but it was not sent",
         Number(event.request), request->arrived_at);
  }
  request->ended_at = number_;
  --in_flight_;
}

void Checker::JudgeAnswer(const Event& event, const Request& request) {
  const bool own = event.replica.value == 0;
  if (event.value < (own ? 400 : 200) || event.value > 599) {
    Find("request {} (event {}) answered {} by {}", Number(event.request), request.arrived_at,
         event.value, own ? "the gateway" : ToString(event.replica));
  }
  if (own || (event.replica == request.replica && request.sent_at != 0)) return;
  if (request.attempt == 0) {
    return Find("request {} (event {}) answered by {}, but it was bound to none",
                Number(event.request), request.arrived_at, ToString(event.replica));
  }
  Find("request {} (event {}) answered by {}, but its last attempt was {} to {} (event {})",
       Number(event.request), request.arrived_at, ToString(event.replica),
       request.sent_at == 0 ? "bound, not sent," : "sent", ToString(request.replica),
       request.sent_at == 0 ? request.bound_at : request.sent_at);
}

// --- The retry budget

int Checker::Allowed(int in_flight) const {
  return std::max(rules_.retry_at_least,
                  static_cast<int>(std::floor(rules_.retry_share * in_flight + 1e-9)));
}

// Of the repeats that are under way one asked the budget last, and then it allowed all of them.
// Which one is not known: so no more may be under way than the most generous answer.
void Checker::StartRepeat(const Event& event, Request* request) {
  request->repeat_limit = std::max(Allowed(std::max(request->in_flight_at_release, in_flight_)), 1);
  ++repeat_limits_[request->repeat_limit];
  ++repeats_;
  const int limit = repeat_limits_.rbegin()->first;
  if (repeats_ > limit) {
    Find("request {} (event {}) repeated: {} repeats are under way, the budget is {}",
         Number(event.request), request->arrived_at, repeats_, limit);
  }
}

// --- The end

std::vector<std::string> Checker::Finish() {
  if (!rules_.ended) return std::move(findings_);
  std::vector<std::pair<size_t, std::string>> unfinished;
  for (const auto& [number, request] : requests_) {
    if (request.ended_at == 0) {
      unfinished.emplace_back(
          request.arrived_at,
          fmt::format("request {} (event {}) has no outcome", number, request.arrived_at));
    }
    if (request.open) {
      unfinished.emplace_back(
          request.bound_at,
          fmt::format("request {}: attempt {} at {} (event {}) was never released", number,
                      request.attempt, ToString(request.replica), request.bound_at));
    }
  }
  std::sort(unfinished.begin(), unfinished.end());
  for (auto& [at, finding] : unfinished) findings_.push_back(std::move(finding));
  return std::move(findings_);
}

}  // namespace

std::vector<std::string> CheckHistory(const std::vector<Event>& events, const HistoryRules& rules) {
  Checker checker(rules);
  for (const Event& event : events) checker.Judge(event);
  return checker.Finish();
}

}  // namespace hearth::pool
