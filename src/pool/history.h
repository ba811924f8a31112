// History: what happened to every request, written down as it happens and judged afterwards. The
// gateway writes it when it is asked to (`hearth up --history FILE`), the simulator always; one
// checker judges both.
//
// On disk: one event a line, tab-separated: microseconds since the history began, the event's name,
// request, attempt, replica ("r7"), value, words. Unused fields are 0 or "-". In words a tab, a
// line feed and a backslash are printed \t, \n and \\, and words that are only a minus \-.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "pool/dispatch.h"

namespace hearth::pool {

enum class EventKind {
  kReplicaReady,  // value: slots. Again only after kReplicaGone: it takes requests once more
  kReplicaDrain,
  kReplicaGone,
  kArrived,     // a request's head is whole. words: its id (x-request-id)
  kBound,       // attempt, replica: holds a slot from now on
  kSent,        // attempt, replica: the first byte was handed to the upstream socket
  kReleased,    // attempt, replica: the slot is free again. words: how the attempt ended
  kAnswered,    // terminal: value: status, replica: whose answer (0: the gateway's own)
  kCut,         // terminal: the client's connection was closed in the middle of an answer
  kClientGone,  // terminal: the client had gone before its answer was whole
};

std::string_view ToString(EventKind kind);  // "replica_ready", …, snake_case

struct Event {
  int64_t microseconds = 0;
  EventKind kind = EventKind::kArrived;
  RequestId request{};  // counts from 1
  int attempt = 0;      // 1, 2, …: one more with each kBound of the request
  ReplicaId replica;    // counts from 1
  int value = 0;
  std::string words;
};

std::string HistoryLine(const Event& event);  // with its newline
// Every line must be whole, the last one too. kCorrupt naming the line.
Result<std::vector<Event>> ParseHistory(std::string_view text);

struct HistoryRules {
  int attempts_max = 3;  // sent ones; an attempt that was never sent costs nothing
  int retry_at_least = 3;
  double retry_share = 0.2;
  // Paths of requests that may be sent twice are the gateway's business; the checker is told which
  // requests were: a request sent twice that is not among them is a finding. Empty: none may.
  std::function<bool(std::string_view request_words)> may_repeat;
  bool ended = true;  // the gateway ended in order: every request must have its terminal event
};

// Each finding is one line that names the event (by its number, from 1), the request or replica,
// and the event against which it offends. Takes linear time. What must hold:
// - Time never goes back. A replica is ready, then drains at most once, then is gone. Then it may
//   come back under its id, as one that was not ready for a while does, but with no request left.
// - A request arrives once, before everything else; then come attempts, one at a time, numbered
// from
//   1: bound, sent (or not), released; then exactly one terminal outcome. Only the release of the
//   last attempt may come after that. In a history that ended every request has its outcome and
//   every attempt its release.
// - bound and sent only at a replica that is ready and not draining: what drain meets bound but not
// yet
//   sent must be released and bound elsewhere. Never more bound at a replica than its slots.
// - At most attempts_max are sent; more than one only where may_repeat says so. No more repeats
//   are bound at a time than the retry budget allows (the requests in flight are counted when the
//   attempt before was released and when the repeat is bound: the budget was asked in between).
// - An answer is from the replica of the last attempt, which was sent, or the gateway's own error
// (400
//   and up). Only a request that was sent may be cut.
std::vector<std::string> CheckHistory(const std::vector<Event>& events, const HistoryRules& rules);

}  // namespace hearth::pool
