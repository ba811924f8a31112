#include <array>

#include "gateway/admin.h"

namespace hearth::gateway {
namespace {

using pool::EndReason;
using pool::ReplicaState;

void PrintReplicas(const pool::PoolStatus& status, MetricsText* text) {
  constexpr std::array kStates = {ReplicaState::kStarting, ReplicaState::kReady,
                                  ReplicaState::kDraining, ReplicaState::kStopping};
  text->Family("hearth_pool_replicas", "gauge", "Replicas by state");
  int ejected = 0;
  int slots = 0;
  int busy = 0;
  int64_t memory = 0;
  for (const ReplicaState state : kStates) {
    int count = 0;
    for (const pool::ReplicaStatus& replica : status.replicas) count += replica.state == state;
    text->Sample(count, {{"state", pool::ToString(state)}});
  }
  for (const pool::ReplicaStatus& replica : status.replicas) {
    if (replica.state == ReplicaState::kGone) continue;
    memory += replica.memory_bytes;
    ejected += replica.ejected;
    if (replica.state == ReplicaState::kReady) slots += replica.slots;
    busy += replica.busy;
  }
  text->Family("hearth_pool_replicas_ejected", "gauge",
               "Ready replicas that get no requests because they fail");
  text->Sample(ejected);
  text->Family("hearth_pool_slots", "gauge",
               "Requests that the ready replicas can work on at once");
  text->Sample(slots);
  text->Family("hearth_pool_slots_busy", "gauge", "Requests that replicas work on");
  text->Sample(busy);
  text->Family("hearth_pool_memory_bytes", "gauge",
               "Resident memory of the replicas; pages that they share count in each");
  text->Sample(static_cast<double>(memory));
}

void PrintNumbers(const pool::PoolStatus& status, MetricsText* text) {
  const auto gauge = [text](std::string_view name, std::string_view help, double value) {
    text->Family(name, "gauge", help);
    text->Sample(value);
  };
  gauge("hearth_pool_desired", "Replicas that the policy wants starting or ready", status.desired);
  gauge("hearth_pool_in_use", "Replicas' worth of occupied slots", status.in_use);
  gauge("hearth_pool_floor", "Fewest replicas, as in force now", status.floor.value);
  gauge("hearth_pool_spare", "Ready replicas to keep above those in use", status.spare.value);
  gauge("hearth_pool_max", "Most replicas, as in force now", status.max.value);
  gauge("hearth_pool_keep_warm_seconds", "How long surplus is kept", status.keep_warm_seconds);
  gauge("hearth_pool_waiting", "Requests that wait for a free slot", status.waiting);
  gauge("hearth_pool_rolling", "1 while a rolling update is on",
        status.roll_state == pool::RollState::kRolling ? 1 : 0);
}

void PrintCounts(const pool::PoolCounts& counts, MetricsText* text) {
  const auto counter = [text](std::string_view name, std::string_view help, int64_t value) {
    text->Family(name, "counter", help);
    text->Sample(static_cast<double>(value));
  };
  counter("hearth_pool_starts_total", "Replicas started", counts.starts);
  counter("hearth_pool_start_failures_total", "Starts that did not end in ready",
          counts.start_failures);
  counter("hearth_pool_adopted_total", "Replicas taken over from an earlier controller",
          counts.adopted);
  counter("hearth_pool_decisions_total", "Times that the policy was asked", counts.decisions);
  constexpr std::array kReasons = {
      EndReason::kRetired,     EndReason::kReplaced,   EndReason::kExited,   EndReason::kKilled,
      EndReason::kOutOfMemory, EndReason::kNeverReady, EndReason::kUnhealthy};
  text->Family("hearth_pool_ends_total", "counter", "Replicas that ended, by reason");
  for (const EndReason reason : kReasons) {
    const auto found = counts.ends.find(reason);
    text->Sample(found == counts.ends.end() ? 0 : static_cast<double>(found->second),
                 {{"reason", pool::ToString(reason)}});
  }
}

}  // namespace

void PrintPoolMetrics(const pool::PoolStatus& status, MetricsText* text) {
  PrintReplicas(status, text);
  PrintNumbers(status, text);
  PrintCounts(status.counts, text);
}

}  // namespace hearth::gateway
