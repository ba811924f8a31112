// How replicas leave: drained by hand, with the whole pool, killed.
#include <gmock/gmock.h>

#include <algorithm>

#include "pool/controller_test_support.h"

namespace hearth::pool {
namespace {

using testing::Behaviour;
using testing::Eventually;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::Rig;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;
using namespace std::chrono_literals;

// Returns a flag that says when the pool is down.
std::shared_ptr<std::atomic<bool>> Stop(Rig& rig) {
  auto down = std::make_shared<std::atomic<bool>>(false);
  rig.With([&](Controller& controller, Dispatcher&) { controller.Stop([down] { *down = true; }); });
  return down;
}

TEST(ControllerDrain, ReplacesTheReplicaBeforeItGoes) {
  Rig rig;
  ASSERT_TRUE(rig.Start());
  ASSERT_TRUE(rig.Ready(2));
  const auto drain = [&](ReplicaId id) {
    return rig.With([&](Controller& controller, Dispatcher&) { return controller.Drain(id); });
  };
  ASSERT_TRUE(drain({1}));
  ASSERT_TRUE(Eventually([&] { return rig.Is({1}, ReplicaState::kGone); }));
  EXPECT_TRUE(rig.Is({3}, ReplicaState::kReady));
  EXPECT_EQ(rig.least_working(), 2);
  EXPECT_EQ(rig.Of({1}).end_reason, "retired: drained by hand");
  const Status unknown = drain({99});
  ASSERT_FALSE(unknown);
  EXPECT_EQ(unknown.error().code, Code::kNotFound);
}

TEST(ControllerStop, EndsEveryReplicaAndThenSaysSo) {
  Rig rig;
  ASSERT_TRUE(rig.Start());
  ASSERT_TRUE(rig.Ready(2));
  const auto down = Stop(rig);
  ASSERT_TRUE(Eventually([&] { return down->load(); }));
  EXPECT_THAT(rig.world.Ids(), IsEmpty());
  EXPECT_THAT(rig.world.terminated(), UnorderedElementsAre(ReplicaId{1}, ReplicaId{2}));
  EXPECT_THAT(rig.world.killed(), IsEmpty());
  EXPECT_EQ(rig.Of({1}).end_reason, "retired: the pool goes down");
  EXPECT_EQ(rig.world.starts(), 2);
}

TEST(ControllerStop, WaitsForWhatIsUnderWay) {
  Rig rig;
  ASSERT_TRUE(rig.Start());
  ASSERT_TRUE(rig.Ready(2));
  rig.Ask(1);
  const auto busy = rig.Of({1}).busy > 0 ? ReplicaId{1} : ReplicaId{2};
  const auto down = Stop(rig);
  ASSERT_TRUE(Eventually([&] { return rig.world.Ids().size() == 1; }));
  EXPECT_TRUE(rig.Is(busy, ReplicaState::kDraining));
  EXPECT_FALSE(down->load());
  rig.Release(busy);
  EXPECT_TRUE(Eventually([&] { return down->load(); }));
}

TEST(ControllerStop, WaitsNoLongerThanTheDrainTime) {
  Rig rig;
  rig.config.replica.drain_time = 100ms;
  ASSERT_TRUE(rig.Start());
  ASSERT_TRUE(rig.Ready(2));
  rig.Ask(1);
  const auto down = Stop(rig);
  EXPECT_TRUE(Eventually([&] { return down->load(); }));
}

TEST(ControllerStop, ASecondStopKills) {
  Rig rig;
  rig.world.SetBehaviour([](const StartOrder&) {
    auto behaviour = std::make_shared<Behaviour>();
    behaviour->ignores_term = true;
    return behaviour;
  });
  ASSERT_TRUE(rig.Start());
  ASSERT_TRUE(rig.Ready(2));
  const auto first = Stop(rig);
  ASSERT_TRUE(Eventually([&] { return rig.world.terminated().size() == 2; }));
  EXPECT_FALSE(first->load());
  const auto second = Stop(rig);
  ASSERT_TRUE(Eventually([&] { return first->load() && second->load(); }));
  EXPECT_THAT(rig.world.killed(), SizeIs(2));
}

TEST(ControllerStop, ReplicasThatStartGoToo) {
  Rig rig;
  rig.world.SetBehaviour([](const StartOrder&) {
    auto behaviour = std::make_shared<Behaviour>();
    behaviour->ready = 503;
    return behaviour;
  });
  ASSERT_TRUE(rig.Start());
  ASSERT_TRUE(Eventually([&] { return rig.status().starting == 2; }));
  const auto down = Stop(rig);
  ASSERT_TRUE(Eventually([&] { return down->load(); }));
  EXPECT_THAT(rig.world.Ids(), IsEmpty());
}

TEST(ControllerStop, AnEmptyPoolIsDownAtOnce) {
  Rig rig;
  rig.config.pool.floor = 0;
  ASSERT_TRUE(rig.Start());
  const auto down = Stop(rig);
  EXPECT_TRUE(Eventually([&] { return down->load(); }));
}

TEST(ControllerStop, AReplicaThatEndedUnseenIsNoHindrance) {
  Rig rig;
  rig.world.SetBehaviour([](const StartOrder&) {
    auto behaviour = std::make_shared<Behaviour>();
    behaviour->gone_unseen = true;
    return behaviour;
  });
  ASSERT_TRUE(rig.Start());
  ASSERT_TRUE(rig.Ready(2));
  const auto down = Stop(rig);
  EXPECT_TRUE(Eventually([&] { return down->load(); }));
}

}  // namespace
}  // namespace hearth::pool
