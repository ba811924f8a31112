#include "pool/ejection.h"

#include <algorithm>

namespace hearth::pool {

namespace {

// A count that nobody resets for months must not overflow.
void CountUp(int* count) { *count = std::min(*count + 1, Ejection::kFailuresMax); }

}  // namespace

bool Ejection::Condemns(const Record& record, Sign sign) {
  switch (sign) {
    case Sign::kSuccess:
    case Sign::kCheckPassed:
    case Sign::kTimedOut:
      return false;
    case Sign::kRefused:
      return true;
    case Sign::kCheckFailed:
      if (record.timed_out > 0) return true;  // this check was asked for because of it
      break;
    case Sign::kBroken:
      break;
  }
  return record.broken + record.timed_out + record.checks_failed >= kFailuresMax;
}

bool Ejection::Stays(const Record& record, Time now) {
  if (!record.ejected_since || record.stays == 0) return false;
  Duration stay = kStayFirst;
  for (int i = 1; i < record.stays && stay < kStayMax; ++i) stay = std::min(2 * stay, kStayMax);
  return now < *record.ejected_since + stay;
}

Ejection::Verdict Ejection::Report(ReplicaId replica, Sign sign, int others, Time now) {
  const bool good = sign == Sign::kSuccess || sign == Sign::kCheckPassed;
  if (good) {
    const auto found = records_.find(replica);
    if (found == records_.end()) return {};  // the usual case: nothing to forget
    Record& record = found->second;
    const bool was_ejected = record.ejected_since.has_value();
    if (sign == Sign::kSuccess || record.broken == 0) {
      records_.erase(found);
      return {.readmit = was_ejected};
    }
    record.timed_out = record.checks_failed = 0;
    if (Stays(record, now)) return {};
    record.ejected_since.reset();
    return {.readmit = was_ejected};
  }

  Record& record = records_[replica];
  if (sign == Sign::kTimedOut) CountUp(&record.timed_out);
  if (sign == Sign::kCheckFailed) CountUp(&record.checks_failed);
  if (sign == Sign::kBroken || sign == Sign::kRefused) CountUp(&record.broken);
  if (record.ejected_since) return {};
  const bool eject = others > 0 && Condemns(record, sign);
  if (eject) record.ejected_since = now;
  if (eject && record.broken >= kFailuresMax) ++record.stays;
  return {.eject = eject, .check_now = !eject && sign == Sign::kTimedOut};
}

bool Ejection::ejected(ReplicaId replica) const { return ejected_since(replica).has_value(); }

std::optional<Time> Ejection::ejected_since(ReplicaId replica) const {
  const auto found = records_.find(replica);
  return found == records_.end() ? std::nullopt : found->second.ejected_since;
}

void Ejection::Forget(ReplicaId replica) { records_.erase(replica); }

}  // namespace hearth::pool
