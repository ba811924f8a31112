#include "pool/dispatch.h"

#include <gtest/gtest.h>

#include <chrono>
#include <optional>
#include <vector>

namespace hearth::pool {
namespace {

using std::chrono::milliseconds;
using Outcome = Dispatcher::Outcome;

constexpr Time kNow = Time(std::chrono::hours(5));
constexpr ReplicaId kOne{1};
constexpr ReplicaId kTwo{2};
constexpr ReplicaId kThree{3};

Dispatcher::Ask Ask(uint64_t request, milliseconds wait = milliseconds(1000)) {
  return {.request = RequestId{request}, .hold_until = kNow + wait, .avoid = {}, .first = false};
}

Dispatcher::Ask Retry(uint64_t request, ReplicaId avoid) {
  return {.request = RequestId{request},
          .hold_until = kNow + milliseconds(1000),
          .avoid = avoid,
          .first = true};
}

// The replica to which it was bound, or r0.
ReplicaId Bound(Dispatcher* dispatcher, const Dispatcher::Ask& ask, Time now = kNow) {
  return dispatcher->Admit(ask, now).replica;
}

std::vector<uint64_t> BindAll(Dispatcher* dispatcher, Time now = kNow) {
  std::vector<uint64_t> requests;
  while (const auto binding = dispatcher->Bind(now)) {
    requests.push_back(static_cast<uint64_t>(binding->request));
  }
  return requests;
}

TEST(Dispatcher, TakesTheLeastLoadedAndAmongEqualsTheOneUsedLast) {
  Dispatcher dispatcher({});
  for (const ReplicaId id : {kOne, kTwo, kThree}) dispatcher.Add(id, 2, kNow);
  EXPECT_EQ(Bound(&dispatcher, Ask(1)), kOne);
  EXPECT_EQ(Bound(&dispatcher, Ask(2)), kTwo);
  dispatcher.Release(kOne, kNow);
  EXPECT_EQ(Bound(&dispatcher, Ask(3)), kOne);    // used; r3 never was
  EXPECT_EQ(Bound(&dispatcher, Ask(4)), kThree);  // the only idle one
  EXPECT_EQ(Bound(&dispatcher, Ask(5)), kThree);  // all have one; it was used last
}

TEST(Dispatcher, OneAfterTheOtherStaysOnOneReplica) {
  Dispatcher dispatcher({});
  for (const ReplicaId id : {kOne, kTwo, kThree}) dispatcher.Add(id, 1, kNow);
  const ReplicaId first = Bound(&dispatcher, Ask(1));
  for (uint64_t request = 2; request < 20; ++request) {
    dispatcher.Release(first, kNow);
    EXPECT_EQ(Bound(&dispatcher, Ask(request)), first);
  }
}

TEST(Dispatcher, HoldsFirstComeFirstServedUpToItsLimit) {
  Dispatcher dispatcher({.hold_requests = 2});
  EXPECT_EQ(dispatcher.Admit(Ask(1), kNow).outcome, Outcome::kHeld);
  EXPECT_EQ(dispatcher.Admit(Ask(2), kNow).outcome, Outcome::kHeld);
  EXPECT_EQ(dispatcher.Admit(Ask(3), kNow).outcome, Outcome::kRefused);
  EXPECT_EQ(dispatcher.traffic(kNow).waiting, 2);
  dispatcher.Add(kOne, 1, kNow);
  EXPECT_EQ(BindAll(&dispatcher), std::vector<uint64_t>{1});
  EXPECT_EQ(dispatcher.Admit(Ask(4), kNow).outcome, Outcome::kHeld);  // there is room again
  dispatcher.SetSlots(kOne, 3);
  EXPECT_EQ(BindAll(&dispatcher), (std::vector<uint64_t>{2, 4}));
}

TEST(Dispatcher, NobodyOvertakesWhoWaitsButARetry) {
  Dispatcher dispatcher({});
  dispatcher.Add(kOne, 1, kNow);
  EXPECT_EQ(Bound(&dispatcher, Ask(1)), kOne);
  EXPECT_EQ(dispatcher.Admit(Ask(2), kNow).outcome, Outcome::kHeld);
  dispatcher.Release(kOne, kNow);
  EXPECT_EQ(dispatcher.Admit(Ask(3), kNow).outcome, Outcome::kHeld);  // before Bind was called
  EXPECT_EQ(Bound(&dispatcher, Retry(4, kTwo)), kOne);
  EXPECT_EQ(dispatcher.Admit(Retry(5, kOne), kNow).outcome, Outcome::kHeld);
  EXPECT_EQ(dispatcher.Admit(Retry(6, kOne), kNow).outcome, Outcome::kHeld);
  dispatcher.SetSlots(kOne, 9);
  EXPECT_EQ(BindAll(&dispatcher), (std::vector<uint64_t>{5, 6, 2, 3}));
  EXPECT_EQ(dispatcher.traffic(kNow).arrivals, 3);  // retries came before
}

TEST(Dispatcher, AvoidsWhereItFailedWhileAnotherSlotIsFree) {
  Dispatcher dispatcher({});
  dispatcher.Add(kOne, 2, kNow);
  dispatcher.Add(kTwo, 2, kNow);
  EXPECT_EQ(Bound(&dispatcher, Ask(1)), kOne);
  EXPECT_EQ(Bound(&dispatcher, Retry(2, kTwo)), kOne);  // although r2 is idle
  EXPECT_EQ(Bound(&dispatcher, Retry(3, kTwo)), kTwo);  // r1 is full
}

TEST(Dispatcher, ExpiresByDeadlineNotByOrder) {
  Dispatcher dispatcher({});
  dispatcher.Admit(Ask(1, milliseconds(300)), kNow);
  dispatcher.Admit(Ask(2, milliseconds(100)), kNow);
  dispatcher.Admit(Ask(3, milliseconds(200)), kNow);
  EXPECT_EQ(dispatcher.next_expiry(), kNow + milliseconds(100));
  EXPECT_TRUE(dispatcher.Expire(kNow + milliseconds(99)).empty());
  EXPECT_EQ(dispatcher.Expire(kNow + milliseconds(200)),
            (std::vector<RequestId>{RequestId{2}, RequestId{3}}));
  EXPECT_EQ(dispatcher.next_expiry(), kNow + milliseconds(300));
  EXPECT_TRUE(dispatcher.Leave(RequestId{1}));
  EXPECT_FALSE(dispatcher.Leave(RequestId{1}));
  EXPECT_FALSE(dispatcher.next_expiry().has_value());
}

TEST(Dispatcher, AnOverdueOneIsNotBoundAndStopsNobody) {
  Dispatcher dispatcher({});
  dispatcher.Admit(Ask(1, milliseconds(100)), kNow);
  dispatcher.Admit(Ask(2, milliseconds(500)), kNow);
  const Time late = kNow + milliseconds(100);
  dispatcher.Add(kOne, 2, late);
  EXPECT_EQ(BindAll(&dispatcher, late), std::vector<uint64_t>{2});
  EXPECT_EQ(dispatcher.traffic(late).waiting, 1);
  EXPECT_EQ(Bound(&dispatcher, Ask(3), late), kOne);
  EXPECT_EQ(dispatcher.Expire(late), std::vector<RequestId>{RequestId{1}});
  EXPECT_EQ(dispatcher.traffic(late).waiting, 0);
}

TEST(Dispatcher, AnEjectedOneGetsNothingWhileAnotherExistsEvenABusyOne) {
  Dispatcher dispatcher({});
  dispatcher.Add(kOne, 1, kNow);
  dispatcher.Add(kTwo, 1, kNow);
  dispatcher.Eject(kOne);
  EXPECT_EQ(dispatcher.ready(), 1);
  EXPECT_EQ(Bound(&dispatcher, Ask(1)), kTwo);
  EXPECT_EQ(dispatcher.Admit(Ask(2), kNow).outcome, Outcome::kHeld);
  EXPECT_FALSE(dispatcher.Bind(kNow).has_value());
  dispatcher.Drain(kTwo);  // now there is no other
  EXPECT_EQ(BindAll(&dispatcher), std::vector<uint64_t>{2});
  EXPECT_EQ(dispatcher.busy(kOne), 1);
  EXPECT_EQ(dispatcher.ready(), 0);
}

TEST(Dispatcher, AReadmittedOneIsPickedAgain) {
  Dispatcher dispatcher({});
  dispatcher.Add(kOne, 1, kNow);
  dispatcher.Add(kTwo, 1, kNow);
  dispatcher.Eject(kOne);
  dispatcher.Readmit(kOne);
  EXPECT_EQ(Bound(&dispatcher, Ask(1)), kTwo);
  EXPECT_EQ(Bound(&dispatcher, Ask(2)), kOne);
}

TEST(Dispatcher, ADrainingOneKeepsItsSlotsAndGetsNothingMore) {
  Dispatcher dispatcher({});
  dispatcher.Add(kOne, 2, kNow);
  EXPECT_EQ(Bound(&dispatcher, Ask(1)), kOne);
  dispatcher.Drain(kOne);
  dispatcher.Add(kOne, 2, kNow);  // there is no way back
  EXPECT_EQ(dispatcher.Admit(Ask(2), kNow).outcome, Outcome::kHeld);
  EXPECT_EQ(dispatcher.busy(kOne), 1);
  dispatcher.Release(kOne, kNow + milliseconds(5));
  EXPECT_FALSE(dispatcher.Bind(kNow + milliseconds(5)).has_value());
  EXPECT_EQ(dispatcher.busy(kOne), 0);
  EXPECT_EQ(dispatcher.idle_since(kOne), kNow + milliseconds(5));
}

TEST(Dispatcher, ARemovedOneTakesItsSlotsAlongAndALateReleaseIsHarmless) {
  Dispatcher dispatcher({});
  dispatcher.Add(kOne, 2, kNow);
  Bound(&dispatcher, Ask(1));
  Bound(&dispatcher, Ask(2));
  dispatcher.Release(kOne, kNow);
  dispatcher.Remove(kOne, kNow);
  dispatcher.Release(kOne, kNow);
  const Traffic traffic = dispatcher.traffic(kNow);
  EXPECT_EQ(traffic.occupied, 0);
  EXPECT_EQ(traffic.finished, 2);
  EXPECT_EQ(dispatcher.busy(kOne), 0);
  EXPECT_EQ(dispatcher.ready(), 0);
}

TEST(Dispatcher, AnAdoptedOneCountsAsFullUntilItIsSetBack) {
  Dispatcher dispatcher({});
  dispatcher.Add(kOne, 2, kNow);
  dispatcher.SetOccupied(kOne, 7, kNow);
  EXPECT_EQ(dispatcher.busy(kOne), 2);
  EXPECT_EQ(dispatcher.ready(), 1);
  EXPECT_EQ(dispatcher.Admit(Ask(1), kNow).outcome, Outcome::kHeld);
  const Time later = kNow + milliseconds(10);
  dispatcher.SetOccupied(kOne, 0, later);
  EXPECT_EQ(dispatcher.idle_since(kOne), later);
  EXPECT_EQ(BindAll(&dispatcher, later), std::vector<uint64_t>{1});
  EXPECT_EQ(dispatcher.traffic(later).finished, 0);  // what was not known does not finish here
  EXPECT_DOUBLE_EQ(dispatcher.traffic(later).slot_seconds, 0.020);
}

TEST(Dispatcher, FewerSlotsThanBusyAreWorkedOff) {
  Dispatcher dispatcher({});
  dispatcher.Add(kOne, 3, kNow);
  for (uint64_t request = 1; request <= 4; ++request) dispatcher.Admit(Ask(request), kNow);
  dispatcher.SetSlots(kOne, 1);
  dispatcher.Release(kOne, kNow);
  dispatcher.Release(kOne, kNow);
  EXPECT_FALSE(dispatcher.Bind(kNow).has_value());
  dispatcher.Release(kOne, kNow);
  EXPECT_EQ(BindAll(&dispatcher), std::vector<uint64_t>{4});
}

TEST(Dispatcher, CountsSlotSecondsAndThePeak) {
  Dispatcher dispatcher({});
  dispatcher.Add(kOne, 2, kNow);
  Bound(&dispatcher, Ask(1), kNow);
  Bound(&dispatcher, Ask(2), kNow + milliseconds(100));
  dispatcher.Release(kOne, kNow + milliseconds(150));
  dispatcher.Remove(kOne, kNow + milliseconds(400));
  const Traffic traffic = dispatcher.traffic(kNow + milliseconds(900));
  EXPECT_DOUBLE_EQ(traffic.slot_seconds, 0.100 + 2 * 0.050 + 0.250);
  EXPECT_EQ(traffic.occupied_peak, 2);
  EXPECT_EQ(dispatcher.TakeOccupiedPeak(), 2);
  EXPECT_EQ(dispatcher.TakeOccupiedPeak(), 0);
}

TEST(Dispatcher, WhatIsNotKnownDoesNothing) {
  Dispatcher dispatcher({});
  dispatcher.Eject(kOne);
  dispatcher.Readmit(kOne);
  dispatcher.Drain(kOne);
  dispatcher.Remove(kOne, kNow);
  dispatcher.SetSlots(kOne, 5);
  dispatcher.SetOccupied(kOne, 5, kNow);
  dispatcher.Release(kOne, kNow);
  EXPECT_EQ(dispatcher.ready(), 0);
  EXPECT_EQ(dispatcher.traffic(kNow).occupied, 0);
  EXPECT_EQ(dispatcher.Admit(Ask(1), kNow).outcome, Outcome::kHeld);
}

}  // namespace
}  // namespace hearth::pool
