// Ejection: when a replica that fails gets no more requests for a while. Pure; one object for the
// pool; one thread.
//
// Signs of failure: an attempt that failed at the connection (refused, reset, closed, not HTTP), an
// attempt that timed out, a health check that failed. Three in a row eject, and a refused
// connection at once; time-outs alone never do: they make the caller ask for a health check, and
// that one decides, at once. Never the last replica that can work.
//
// A success readmits and forgets. A health check that passed readmits too, but says nothing about
// the routes that work: it does not forget broken attempts (one more ejects again), and one that
// was ejected for them stays out for a second, twice as long each time, at most kStayMax.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <vector>

#include "pool/policy.h"

namespace hearth::pool {

enum class Sign { kSuccess, kRefused, kBroken, kTimedOut, kCheckPassed, kCheckFailed };

class Ejection {
 public:
  static constexpr int kFailuresMax = 3;  // in a row
  static constexpr Duration kStayFirst = std::chrono::seconds(1);
  static constexpr Duration kStayMax = std::chrono::seconds(30);

  struct Verdict {
    bool eject = false;      // from now on; false when it is already
    bool readmit = false;    // from now on
    bool check_now = false;  // ask its health path at once
  };

  // `others`: ready replicas, not ejected, besides this one.
  Verdict Report(ReplicaId replica, Sign sign, int others, Time now);
  bool ejected(ReplicaId replica) const;
  std::optional<Time> ejected_since(ReplicaId replica) const;
  void Forget(ReplicaId replica);

 private:
  struct Record {
    int broken = 0;         // failed attempts in a row (refused ones too)
    int timed_out = 0;      // time-outs in a row
    int checks_failed = 0;  // in a row
    int stays = 0;          // how often its work has had it ejected
    std::optional<Time> ejected_since;
  };
  static bool Stays(const Record& record, Time now);
  static bool Condemns(const Record& record, Sign sign);

  std::map<ReplicaId, Record> records_;
};

}  // namespace hearth::pool
