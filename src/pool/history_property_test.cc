// The checker accepts every valid history, and finds one that was tampered with.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <array>
#include <random>
#include <string>
#include <vector>

#include "pool/history_generator.h"

namespace hearth::pool {
namespace {

constexpr size_t kKinds = 10;

std::vector<std::string> Check(const std::vector<Event>& events) {
  return CheckHistory(events, GeneratorRules());
}

// So that only the order is wrong, and not the clock.
void SetClockByOrder(std::vector<Event>* events) {
  for (size_t i = 0; i < events->size(); ++i) {
    (*events)[i].microseconds = static_cast<int64_t>(i);
  }
}

std::vector<Event> ArbitraryHistory() {
  return GenerateHistory(*rc::gen::arbitrary<uint64_t>(), *rc::gen::inRange(10, 600));
}

bool Refers(const Event& event, ReplicaId replica) {
  return event.replica == replica && event.kind != EventKind::kReplicaReady;
}

// Everything that the rules see of a request or replica happens somewhere in the generator.
TEST(HistoryProperty, TheGeneratorLeavesNothingOut) {
  std::array<int, kKinds> seen{};
  int repeats = 0;
  int moves = 0;
  const std::vector<Event> events = GenerateHistory(1, 20000);
  for (size_t i = 0; i < events.size(); ++i) {
    ++seen.at(static_cast<size_t>(events[i].kind));
    if (events[i].kind == EventKind::kSent && events[i].attempt > 1) ++repeats;
    if (events[i].kind == EventKind::kReleased && events[i].words == "refused") ++moves;
  }
  EXPECT_THAT(seen, testing::Each(testing::Ge(50)));
  EXPECT_GE(repeats, 50);
  EXPECT_GE(moves, 50);
}

TEST(HistoryProperty, AcceptsEveryValidHistory) {
  EXPECT_TRUE(rc::check("valid", [] {
    const std::vector<Event> events = ArbitraryHistory();
    for (const std::string& finding : Check(events)) RC_FAIL(finding);
    HistoryRules rules = GeneratorRules();
    rules.ended = false;
    const auto cut = *rc::gen::inRange<size_t>(0, events.size() + 1);
    const std::vector<Event> head(events.begin(), events.begin() + static_cast<ptrdiff_t>(cut));
    for (const std::string& finding : CheckHistory(head, rules)) RC_FAIL(finding);
  }));
}

TEST(HistoryProperty, FindsAnyEventThatIsThereTwice) {
  EXPECT_TRUE(rc::check("duplicated", [] {
    std::vector<Event> events = ArbitraryHistory();
    RC_PRE(!events.empty());
    const auto from = *rc::gen::inRange<size_t>(0, events.size());
    const auto to = *rc::gen::inRange<size_t>(from, events.size());
    const Event copy = events[from];
    // Not a fault: a replica that was gone is ready again.
    const bool comes_back =
        copy.kind == EventKind::kReplicaReady &&
        std::any_of(events.begin() + static_cast<ptrdiff_t>(from),
                    events.begin() + static_cast<ptrdiff_t>(to) + 1, [&](const Event& event) {
                      return event.kind == EventKind::kReplicaGone && event.replica == copy.replica;
                    });
    RC_PRE(!comes_back);
    events.insert(events.begin() + static_cast<ptrdiff_t>(to) + 1, copy);
    SetClockByOrder(&events);
    RC_ASSERT(!Check(events).empty());
  }));
}

// Not to be found by any rule: the loss of a drain or a gone, a ready that nobody refers to, and
// the sending of an attempt that led to nothing (it looks like one that was refused).
bool LossIsDetectable(const std::vector<Event>& events, size_t index) {
  const Event& lost = events[index];
  const auto answered_or_cut = [&] {
    for (size_t i = index + 1; i < events.size(); ++i) {
      if (events[i].request != lost.request) continue;
      if (events[i].kind == EventKind::kBound) return false;
      if (events[i].kind == EventKind::kCut) return true;
      if (events[i].kind == EventKind::kAnswered) return events[i].replica == lost.replica;
    }
    return false;
  };
  switch (lost.kind) {
    case EventKind::kReplicaDrain:
    case EventKind::kReplicaGone:
      return false;
    case EventKind::kReplicaReady:
      return std::any_of(events.begin(), events.end(),
                         [&](const Event& event) { return Refers(event, lost.replica); });
    case EventKind::kSent:
      return answered_or_cut();
    default:
      return true;
  }
}

TEST(HistoryProperty, FindsAnEventThatIsLost) {
  EXPECT_TRUE(rc::check("dropped", [] {
    std::vector<Event> events = ArbitraryHistory();
    RC_PRE(!events.empty());
    const auto index = *rc::gen::inRange<size_t>(0, events.size());
    RC_PRE(LossIsDetectable(events, index));
    events.erase(events.begin() + static_cast<ptrdiff_t>(index));
    RC_ASSERT(!Check(events).empty());
  }));
}

// Two neighbouring events of one request that may come in either order: the last release and the
// outcome. With a replica: the last send before a drain or gone.
bool MustKeepOrder(const Event& earlier, const Event& later) {
  const bool ends = later.kind >= EventKind::kAnswered;
  if (earlier.kind == EventKind::kReleased && ends) return false;
  // An outcome without regard to the attempt, before it was made: then the attempt is after the
  // end.
  if (earlier.kind >= EventKind::kAnswered && later.kind == EventKind::kReleased) return false;
  return true;
}

TEST(HistoryProperty, FindsTwoEventsOfARequestInTheWrongOrder) {
  EXPECT_TRUE(rc::check("exchanged", [] {
    std::vector<Event> events = ArbitraryHistory();
    RC_PRE(!events.empty());
    const auto first = *rc::gen::inRange<size_t>(0, events.size());
    RC_PRE(events[first].request != RequestId{});
    const auto next =
        std::find_if(events.begin() + static_cast<ptrdiff_t>(first) + 1, events.end(),
                     [&](const Event& event) { return event.request == events[first].request; });
    RC_PRE(next != events.end());
    RC_PRE(MustKeepOrder(events[first], *next));
    std::swap(events[first], *next);
    SetClockByOrder(&events);
    RC_ASSERT(!Check(events).empty());
  }));
}

TEST(HistoryProperty, FindsAReplicaEventOnTheWrongSideOfASend) {
  EXPECT_TRUE(rc::check("moved", [] {
    std::vector<Event> events = ArbitraryHistory();
    std::vector<size_t> sends;
    for (size_t i = 0; i < events.size(); ++i) {
      if (events[i].kind == EventKind::kSent) sends.push_back(i);
    }
    RC_PRE(!sends.empty());
    const size_t send = *rc::gen::elementOf(sends);
    const ReplicaId replica = events[send].replica;
    std::vector<size_t> about;
    for (size_t i = 0; i < events.size(); ++i) {
      if (events[i].kind <= EventKind::kReplicaGone && events[i].replica == replica) {
        about.push_back(i);
      }
    }
    const size_t moved = *rc::gen::elementOf(about);
    const Event event = events[moved];
    events.erase(events.begin() + static_cast<ptrdiff_t>(moved));
    // Ready lands after the send, which has moved up by one; drain and gone before it.
    events.insert(events.begin() + static_cast<ptrdiff_t>(send), event);
    SetClockByOrder(&events);
    RC_ASSERT(!Check(events).empty());
  }));
}

TEST(HistoryProperty, FindsAnotherReplicaInAnEvent) {
  EXPECT_TRUE(rc::check("replica exchanged", [] {
    std::vector<Event> events = ArbitraryHistory();
    std::vector<size_t> with_replica;
    for (size_t i = 0; i < events.size(); ++i) {
      if (events[i].replica.value != 0 && events[i].request != RequestId{})
        with_replica.push_back(i);
    }
    RC_PRE(!with_replica.empty());
    Event& event = events[*rc::gen::elementOf(with_replica)];
    event.replica.value += *rc::gen::inRange<uint64_t>(1, 3);
    RC_ASSERT(!Check(events).empty());
  }));
}

TEST(HistoryProperty, FindsThatThereWereFewerSlots) {
  EXPECT_TRUE(rc::check("slots", [] {
    std::vector<Event> events = ArbitraryHistory();
    for (Event& ready : events) {
      if (ready.kind != EventKind::kReplicaReady) continue;
      int bound = 0;
      int peak = 0;
      for (const Event& event : events) {
        if (event.replica != ready.replica) continue;
        if (event.kind == EventKind::kBound) peak = std::max(peak, ++bound);
        if (event.kind == EventKind::kReleased) --bound;
      }
      RC_ASSERT(peak <= ready.value);
      if (peak < 2) continue;
      ready.value = peak - 1;
      RC_ASSERT(!Check(events).empty());
      return;
    }
  }));
}

}  // namespace
}  // namespace hearth::pool
