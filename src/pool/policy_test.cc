#include "pool/policy.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace hearth::pool {
namespace {

using std::chrono::seconds;

constexpr Time kNow{seconds(100'000)};

// Replicas in short: "r" ready and idle, "b" ready and busy (all slots), "s" starting, "e" ejected,
// "o" of an old version, "d" draining, "x" stopping. Numbered from 1; each came a second after the
// one before, and idles since then.
std::vector<ReplicaView> Replicas(const std::string& shorthand, int slots = 1) {
  std::vector<ReplicaView> replicas;
  for (const char c : shorthand) {
    ReplicaView view;
    view.id = {replicas.size() + 1};
    view.slots = slots;
    view.state = c == 's'   ? ReplicaState::kStarting
                 : c == 'd' ? ReplicaState::kDraining
                 : c == 'x' ? ReplicaState::kStopping
                            : ReplicaState::kReady;
    if (c == 'b') view.busy = slots;
    view.ejected = c == 'e';
    view.old_version = c == 'o';
    view.since = view.idle_since = kNow - seconds(1000) + seconds(replicas.size());
    replicas.push_back(view);
  }
  return replicas;
}

Observation Seen(const std::string& shorthand, int peak = 0) {
  Observation observation;
  observation.replicas = Replicas(shorthand);
  observation.demand.watched_since = kNow - seconds(3600);
  observation.demand.in_use_peak = peak;
  return observation;
}

std::vector<uint64_t> Retired(const Decision& decision) {
  std::vector<uint64_t> ids;
  for (const ReplicaId id : decision.retire) ids.push_back(id.value);
  return ids;
}

TEST(InUse, IsOccupiedSlotsOverSlotsRoundedUp) {
  EXPECT_EQ(InUse(0, 4), 0);
  EXPECT_EQ(InUse(-1, 4), 0);
  EXPECT_EQ(InUse(1, 4), 1);
  EXPECT_EQ(InUse(4, 4), 1);
  EXPECT_EQ(InUse(5, 4), 2);
  EXPECT_EQ(InUse(3, 0), 3);
}

struct Row {
  std::string replicas;
  int peak;
  int waiting;
  int desired, start;
  std::vector<uint64_t> retire;
  std::string reason;
};

TEST(Step, DecidesAndSaysWhy) {
  const std::vector<Row> rows = {
      {"", 0, 0, 2, 2, {}, "0 in use and 1 spare, floor 2, 0 ready or starting: start 2"},
      {"bb", 0, 0, 3, 1, {}, "2 in use and 1 spare, 2 ready or starting: start 1"},
      {"bbs", 0, 0, 3, 0, {}, "2 in use and 1 spare, 3 ready or starting: enough"},
      {"bbbbb", 0, 0, 6, 1, {}, "5 in use and 1 spare, 5 ready or starting: start 1"},
      {"rr", 0, 0, 2, 0, {}, "0 in use and 1 spare, floor 2, 2 ready or starting: enough"},
      {"brrr", 3, 0, 4, 0, {}, "1 in use (peak 3) and 1 spare, 4 ready or starting: enough"},
      {"brrr", 1, 0, 2, 0, {2, 3}, "1 in use and 1 spare, 4 ready or starting: retire 2"},
      // What drains or stops does not count, what is ejected neither.
      {"rdx", 0, 0, 2, 1, {}, "0 in use and 1 spare, floor 2, 1 ready or starting: start 1"},
      {"ree",
       0,
       0,
       2,
       1,
       {},
       "0 in use and 1 spare, floor 2, 1 ready or starting, 2 ejected: start 1"},
      {"rre",
       0,
       0,
       2,
       0,
       {},
       "0 in use and 1 spare, floor 2, 2 ready or starting, 1 ejected: enough"},
      // A backlog: how long a request takes is not known, so one more replica; then at most twice.
      {"bb",
       0,
       9,
       4,
       2,
       {},
       "3 in use (1 of them for 9 waiting) and 1 spare, 2 ready or starting: start 2"},
      // Paced, and bounded.
      {"",
       9,
       0,
       8,
       4,
       {},
       "0 in use (peak 9) and 1 spare, max 8, 0 ready or starting: start 4 now, 4 later"},
      {"bbss",
       6,
       0,
       7,
       2,
       {},
       "2 in use (peak 6) and 1 spare, 4 ready or starting: start 2 now, 1 later"},
      {"ssss",
       6,
       0,
       7,
       0,
       {},
       "0 in use (peak 6) and 1 spare, 4 ready or starting: 3 more when those that start (4) are "
       "ready"},
      {"bbbbbbeee",
       9,
       0,
       8,
       0,
       {},
       "6 in use (peak 9) and 1 spare, max 8, 6 ready or starting, 3 ejected: no more than max may "
       "run"},
      // A roll: no retiring.
      {"orrrr",
       1,
       0,
       2,
       0,
       {},
       "0 in use (peak 1) and 1 spare, 5 ready or starting: 3 more until the replacement is done"},
  };
  const Policy policy = {.floor = 2, .spare = 1, .max = 8};
  for (const Row& row : rows) {
    Observation observation = Seen(row.replicas, row.peak);
    observation.waiting = row.waiting;
    const Decision decision = Step(observation, policy, kNow);
    EXPECT_EQ(decision.reason, row.reason);
    EXPECT_EQ(decision.desired, row.desired) << row.reason;
    EXPECT_EQ(decision.start, row.start) << row.reason;
    EXPECT_EQ(Retired(decision), row.retire) << row.reason;
  }
}

TEST(Step, RetiresStartingBeforeIdleBeforeBusy) {
  Observation observation = Seen("brsrbs", 0);
  const auto retired = [&](int floor) {
    return Retired(Step(observation, {.floor = floor, .spare = 0, .max = floor}, kNow));
  };
  EXPECT_EQ(retired(5), (std::vector<uint64_t>{6}));  // the youngest
  EXPECT_EQ(retired(4), (std::vector<uint64_t>{6, 3}));
  EXPECT_EQ(retired(3), (std::vector<uint64_t>{6, 3, 2}));  // the longest idle
  observation.replicas[1].idle_since = kNow;
  EXPECT_EQ(retired(3), (std::vector<uint64_t>{6, 3, 4}));
  EXPECT_EQ(retired(1), (std::vector<uint64_t>{6, 3, 4, 2, 1}));
}

TEST(Step, AmongBusyOnesTheLeastBusyGoes) {
  Observation observation = Seen("", 1);
  observation.replicas = Replicas("bbb", 4);
  observation.replicas[0].busy = 2;
  observation.replicas[1].busy = 1;
  observation.replicas[2].busy = 1;
  // 4 slots are occupied: one replica's worth.
  const Decision decision = Step(observation, {.floor = 1, .spare = 1, .slots = 4}, kNow);
  EXPECT_EQ(decision.in_use, 1);
  EXPECT_EQ(Retired(decision), (std::vector<uint64_t>{2}));
}

TEST(Step, RetiresNothingBeforeAFullWindowWasWatched) {
  const Policy policy = {.floor = 2, .spare = 1, .keep_warm = seconds(300)};
  Observation observation = Seen("rrrrr");
  observation.demand.watched_since = kNow - seconds(299);
  Decision decision = Step(observation, policy, kNow);
  EXPECT_TRUE(decision.retire.empty());
  EXPECT_EQ(decision.look_again, kNow + seconds(1));
  EXPECT_EQ(decision.reason,
            "0 in use and 1 spare, floor 2, 5 ready or starting: 3 more stay until 300 s were "
            "watched");
  decision = Step(observation, policy, kNow + seconds(1));
  EXPECT_EQ(decision.retire.size(), 3U);
  EXPECT_EQ(decision.look_again, std::nullopt);
}

TEST(Step, OfferedLoadCountsWhereTheInstantIsQuiet) {
  Observation observation = Seen("rrr");
  observation.demand.offered_slots = 2.4;
  EXPECT_EQ(Step(observation, {}, kNow).in_use, 3);
  observation.demand.offered_slots = 2 + 1e-9;  // a mean of 2, out of floating point
  EXPECT_EQ(Step(observation, {}, kNow).in_use, 2);
}

TEST(Step, ABacklogAsksForWhatWorksItOffInTime) {
  Observation observation = Seen("bbbbbbbb", 8);
  const Policy policy = {
      .max = 100, .start_time = seconds(1), .drain_backlog = seconds(1), .starts_at_once = 100};
  observation.demand.arriving_slots = 8;
  const auto in_use = [&](int waiting, double service) {
    observation.waiting = waiting;
    observation.demand.service_seconds = service;
    return Step(observation, policy, kNow).in_use;
  };
  EXPECT_EQ(in_use(50, 0.02), 9);  // one slot works 50 of them off in a second
  EXPECT_EQ(in_use(150, 0.02), 11);
  EXPECT_EQ(in_use(3, 60), 11);      // no more than those that wait
  EXPECT_EQ(in_use(5000, 0.5), 16);  // at most a doubling
  observation.demand.arriving_slots = 2;
  EXPECT_EQ(in_use(50, 0.02), 8);  // what is occupied works on the backlog already
  observation.replicas.clear();
  EXPECT_EQ(in_use(5000, 0), 1);  // nothing is known: one replica will tell
}

TEST(Step, FailedStartsBackOffDoublingUpToTheCap) {
  const Policy policy = {.floor = 4, .backoff_first = seconds(1), .backoff_max = seconds(60)};
  const std::vector<std::pair<int, int>> waits = {{1, 1},  {2, 2},  {3, 4},
                                                  {6, 32}, {7, 60}, {90, 60}};
  for (const auto& [failures, wait] : waits) {
    Observation observation = Seen("r");
    observation.start_failures = failures;
    observation.last_start_failure = kNow;
    const Time due = kNow + seconds(wait);
    Decision decision = Step(observation, policy, due - Duration(1));
    EXPECT_EQ(decision.start, 0) << failures;
    EXPECT_EQ(decision.may_start, 0) << failures;
    EXPECT_EQ(decision.look_again, due) << failures;
    decision = Step(observation, policy, due);
    EXPECT_EQ(decision.start, 1) << failures;  // one at a time until one succeeds
    observation.replicas = Replicas("rs");
    EXPECT_EQ(Step(observation, policy, due).start, 0) << failures;
  }
  Observation observation = Seen("r");
  observation.start_failures = 3;
  observation.last_start_failure = kNow;
  EXPECT_EQ(
      Step(observation, policy, kNow).reason,
      "0 in use and 1 spare, floor 4, 1 ready or starting: 3 starts failed in a row, the next "
      "comes 4 s after the last");
}

TEST(Step, MaxBelowFloorWins) {
  EXPECT_EQ(Step(Seen("rr"), {.floor = 5, .spare = 1, .max = 2}, kNow).desired, 2);
}

}  // namespace
}  // namespace hearth::pool
