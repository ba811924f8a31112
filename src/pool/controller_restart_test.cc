// A controller that ends without a word, and the next one; rolling updates; what is kept on disk.
#include <gmock/gmock.h>

#include <algorithm>
#include <atomic>

#include "pool/controller_test_support.h"

namespace hearth::pool {
namespace {

using testing::Behaviour;
using ::testing::ElementsAre;
using testing::Eventually;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::IsSupersetOf;
using testing::Rig;
using testing::Spec;
using namespace std::chrono_literals;

Status Roll(Rig& rig, const std::string& to) {
  return rig.With([&](Controller& controller, Dispatcher&) { return controller.Roll(Spec(to)); });
}

bool RollIs(Rig& rig, RollState state) {
  return Eventually([&] { return rig.status().roll_state == state; });
}

// Replicas of `broken` never start up; others work.
void Break(Rig& rig, const std::string& broken) {
  rig.world.SetBehaviour([version = Spec(broken).Version()](const StartOrder& order) {
    auto behaviour = std::make_shared<Behaviour>();
    behaviour->exits_at_once = order.spec.Version() == version;
    return behaviour;
  });
}

TEST(ControllerRestart, AdoptsWhatRunsAndStartsNothingTwice) {
  Rig rig;
  ASSERT_TRUE(rig.Start());
  ASSERT_TRUE(rig.Ready(2));
  rig.Crash();
  ASSERT_TRUE(rig.Start());
  ASSERT_TRUE(rig.Ready(2));
  EXPECT_THAT(rig.Live(), ElementsAre(ReplicaId{1}, ReplicaId{2}));
  EXPECT_TRUE(rig.Of({1}).adopted);
  EXPECT_EQ(rig.world.starts(), 2);
  rig.world.Exit({1}, EndReason::kKilled, "signal 9");
  ASSERT_TRUE(Eventually([&] { return rig.Is({3}, ReplicaState::kReady); }));
  EXPECT_FALSE(rig.Of({3}).adopted);
}

TEST(ControllerRestart, RetiresNothingWithAnEmptyMemory) {
  Rig rig;
  rig.config.pool.floor = 4;
  ASSERT_TRUE(rig.Start());
  ASSERT_TRUE(rig.Ready(4));
  rig.Crash();
  rig.config.pool.floor = 2;
  rig.config.gateway.hold_time = 1ms;
  ASSERT_TRUE(rig.Start());
  ASSERT_TRUE(rig.Ready(4));
  ASSERT_TRUE(rig.After(4));
  EXPECT_THAT(rig.Live(), ElementsAre(ReplicaId{1}, ReplicaId{2}, ReplicaId{3}, ReplicaId{4}));
  EXPECT_THAT(rig.world.terminated(), IsEmpty());
}

TEST(ControllerRestart, AnAdoptedReplicaCountsAsFullForAHoldTime) {
  Rig rig;
  rig.world.SetBehaviour([](const StartOrder&) {
    auto behaviour = std::make_shared<Behaviour>();
    behaviour->slots = 4;
    return behaviour;
  });
  ASSERT_TRUE(rig.Start());
  ASSERT_TRUE(rig.Ready(2));
  rig.Crash();
  rig.config.gateway.hold_time = 2s;
  ASSERT_TRUE(rig.Start());
  ASSERT_TRUE(Eventually([&] { return rig.Is({1}, ReplicaState::kReady); }));
  EXPECT_EQ(rig.Of({1}).busy, 4);
  EXPECT_TRUE(Eventually([&] { return rig.Of({1}).busy == 0 && rig.Of({2}).busy == 0; }));
  EXPECT_TRUE(rig.Linked("readmit r1"));  // what the gateway holds can be bound now
}

TEST(ControllerRestart, AStopDoesNotWaitForUnknownLoad) {
  Rig rig;
  ASSERT_TRUE(rig.Start());
  ASSERT_TRUE(rig.Ready(2));
  rig.Crash();
  rig.config.gateway.hold_time = 24h;
  rig.config.replica.drain_time = 24h;
  ASSERT_TRUE(rig.Start());
  ASSERT_TRUE(Eventually([&] { return rig.Is({1}, ReplicaState::kReady); }));
  std::atomic<bool> stopped = false;
  rig.With([&](Controller& controller, Dispatcher&) { controller.Stop([&] { stopped = true; }); });
  EXPECT_TRUE(Eventually([&] { return stopped.load(); }));
}

TEST(ControllerRestart, RememberedNumbersWinUntilTheFileChanges) {
  Rig rig;
  ASSERT_TRUE(rig.Start());
  ASSERT_TRUE(rig.With([](Controller& controller, Dispatcher&) {
    return controller.Scale(3, std::nullopt, std::nullopt).has_value();
  }));
  ASSERT_TRUE(rig.Ready(3));
  rig.Crash();
  ASSERT_TRUE(rig.Start());
  EXPECT_EQ(rig.status().floor.value, 3);
  EXPECT_EQ(rig.status().floor.source, "hearth scale");
  ASSERT_TRUE(rig.Ready(3));
  rig.Crash();
  rig.config.pool.floor = 1;
  ASSERT_TRUE(rig.Start());
  EXPECT_EQ(rig.status().floor.value, 1);
  EXPECT_EQ(rig.status().floor.source, "hearth.toml");
}

TEST(ControllerRoll, ReplacesEachReplicaOnlyWhenANewOneIsReady) {
  Rig rig;
  rig.config.pool.floor = 3;
  ASSERT_TRUE(rig.Start());
  ASSERT_TRUE(rig.Ready(3));
  ASSERT_TRUE(Roll(rig, "v2"));
  ASSERT_TRUE(RollIs(rig, RollState::kDone));
  ASSERT_TRUE(Eventually([&] { return rig.Live(Spec("v1").Version()).empty(); }));
  ASSERT_TRUE(rig.Ready(3));
  EXPECT_EQ(rig.Live(Spec("v2").Version()).size(), 3U);
  EXPECT_GE(rig.least_working(), 3);
  EXPECT_THAT(rig.Of({1}).end_reason, HasSubstr("replaced"));
  EXPECT_THAT(rig.status().roll, HasSubstr("done"));
}

TEST(ControllerRoll, WaitsForRequestsOfTheOldVersion) {
  Rig rig;
  ASSERT_TRUE(rig.Start());
  ASSERT_TRUE(rig.Ready(2));
  rig.Ask(2);
  ASSERT_TRUE(Roll(rig, "v2"));
  // One at a time: what drains takes the place of one that could start.
  ReplicaId first{1};
  ASSERT_TRUE(Eventually([&] {
    if (rig.Is({2}, ReplicaState::kDraining)) first = {2};
    return rig.Is(first, ReplicaState::kDraining);
  }));
  ASSERT_TRUE(rig.After(2));
  EXPECT_TRUE(rig.Is(first, ReplicaState::kDraining));
  rig.Release(first);
  EXPECT_TRUE(Eventually([&] { return rig.Is(first, ReplicaState::kGone); }));
}

TEST(ControllerRoll, ReturnsWhenTheNewVersionNeverStarts) {
  Rig rig;
  ASSERT_TRUE(rig.Start());
  ASSERT_TRUE(rig.Ready(2));
  Break(rig, "v2");
  ASSERT_TRUE(Roll(rig, "v2"));
  ASSERT_TRUE(RollIs(rig, RollState::kFailed));
  ASSERT_TRUE(rig.Ready(2));
  ASSERT_TRUE(rig.After(3));
  EXPECT_THAT(rig.Live(), ElementsAre(ReplicaId{1}, ReplicaId{2}));
  EXPECT_EQ(rig.status().version, Spec("v1").Version());
  EXPECT_THAT(rig.status().roll, HasSubstr("never got ready (exit 3); back to"));
  EXPECT_EQ(rig.world.starts(), 4);  // two tries
  EXPECT_EQ(rig.least_working(), 2);
}

TEST(ControllerRoll, ReturnsWhenTheNewVersionIsNotReadyInTime) {
  Rig rig;
  rig.config.replica.start_timeout = 300ms;
  ASSERT_TRUE(rig.Start());
  ASSERT_TRUE(rig.Ready(2));
  rig.world.SetBehaviour([](const StartOrder&) {
    auto behaviour = std::make_shared<Behaviour>();
    behaviour->ready = 503;
    return behaviour;
  });
  ASSERT_TRUE(Roll(rig, "v2"));
  ASSERT_TRUE(RollIs(rig, RollState::kFailed));
  ASSERT_TRUE(Eventually([&] { return rig.Live(Spec("v2").Version()).empty(); }));
  EXPECT_THAT(rig.Live(), ElementsAre(ReplicaId{1}, ReplicaId{2}));
  EXPECT_EQ(rig.least_working(), 2);
}

TEST(ControllerRoll, OneAtATime) {
  Rig rig;
  ASSERT_TRUE(rig.Start());
  ASSERT_TRUE(rig.Ready(2));
  EXPECT_TRUE(Roll(rig, "v1"));  // it runs already
  EXPECT_EQ(rig.status().roll_state, RollState::kDone);
  EXPECT_THAT(rig.status().roll, HasSubstr("runs already"));
  rig.world.SetBehaviour([](const StartOrder&) {
    auto behaviour = std::make_shared<Behaviour>();
    behaviour->ready = 503;
    return behaviour;
  });
  ASSERT_TRUE(Roll(rig, "v2"));
  const Status second = Roll(rig, "v3");
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, Code::kUnavailable);
}

TEST(ControllerRoll, AChangedFileIsARoll) {
  Rig rig;
  ASSERT_TRUE(rig.Start(Spec("v1")));
  ASSERT_TRUE(rig.Ready(2));
  rig.Crash();
  ASSERT_TRUE(rig.Start(Spec("v2")));
  ASSERT_TRUE(RollIs(rig, RollState::kDone));
  ASSERT_TRUE(Eventually([&] { return rig.Live(Spec("v1").Version()).empty(); }));
  EXPECT_GE(rig.Live(Spec("v2").Version()).size(), 2U);
  EXPECT_GE(rig.least_working(), 2);
  // The adopted ones served until then.
  EXPECT_EQ(std::ranges::count(rig.links(), "add r1"), 2);
  EXPECT_EQ(std::ranges::count(rig.links(), "add r2"), 2);
}

TEST(ControllerRoll, AChangedFileThatDoesNotWorkIsTriedAgainByTheNextController) {
  Rig rig;
  ASSERT_TRUE(rig.Start(Spec("v1")));
  ASSERT_TRUE(rig.Ready(2));
  rig.Crash();
  Break(rig, "v2");
  ASSERT_TRUE(rig.Start(Spec("v2")));
  ASSERT_TRUE(RollIs(rig, RollState::kFailed));
  EXPECT_EQ(rig.status().version, Spec("v1").Version());
  EXPECT_THAT(rig.Live(Spec("v1").Version()), IsSupersetOf({ReplicaId{1}, ReplicaId{2}}));
  rig.Crash();
  rig.world.SetBehaviour(nullptr);
  ASSERT_TRUE(rig.Start(Spec("v2")));
  ASSERT_TRUE(RollIs(rig, RollState::kDone));
}

TEST(ControllerRoll, WhatHearthRollHasBroughtOutlivesTheController) {
  Rig rig;
  ASSERT_TRUE(rig.Start(Spec("v1")));
  ASSERT_TRUE(rig.Ready(2));
  ASSERT_TRUE(Roll(rig, "v2"));
  ASSERT_TRUE(RollIs(rig, RollState::kDone));
  rig.Crash();
  ASSERT_TRUE(rig.Start(Spec("v1")));
  EXPECT_EQ(rig.status().version, Spec("v2").Version());
  rig.Crash();
  ASSERT_TRUE(rig.Start(Spec("v3")));  // the file has changed
  EXPECT_EQ(rig.status().version, Spec("v3").Version());
}

TEST(ControllerRoll, GoesOnWhenItsControllerIsKilled) {
  Rig rig;
  std::atomic<bool> slow{true};
  ASSERT_TRUE(rig.Start(Spec("v1")));
  ASSERT_TRUE(rig.Ready(2));
  rig.world.SetBehaviour([&](const StartOrder&) {
    auto behaviour = std::make_shared<Behaviour>();
    behaviour->ready = slow ? 503 : 200;
    return behaviour;
  });
  ASSERT_TRUE(Roll(rig, "v2"));
  ASSERT_TRUE(Eventually([&] { return rig.world.Ids().size() >= 3; }));
  rig.Crash();
  slow = false;
  for (const ReplicaId id : rig.world.Ids()) rig.world.BehaviourOf(id)->ready = 200;
  ASSERT_TRUE(rig.Start(Spec("v1")));
  ASSERT_TRUE(RollIs(rig, RollState::kDone));
  EXPECT_EQ(rig.status().version, Spec("v2").Version());
  EXPECT_TRUE(Eventually([&] { return rig.Live(Spec("v1").Version()).empty(); }));
}

}  // namespace
}  // namespace hearth::pool
