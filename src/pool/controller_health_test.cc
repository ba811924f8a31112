// What the controller does with replicas that fail, hang or say that they are not ready.
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
using namespace std::chrono_literals;

void Sign(Rig& rig, ReplicaId id, pool::Sign sign) {
  rig.With([&](Controller& controller, Dispatcher&) { controller.OnSign(id, sign); });
}

TEST(ControllerHealth, AReplicaThatIsNotReadyGetsNoRequestsUntilItIs) {
  Rig rig;
  rig.config.pool.max = 2;
  ASSERT_TRUE(rig.Start());
  ASSERT_TRUE(rig.Ready(2));
  rig.world.BehaviourOf({1})->ready = 503;
  ASSERT_TRUE(Eventually([&] { return rig.Linked("drain r1"); }));
  EXPECT_TRUE(rig.Of({1}).ejected);
  EXPECT_EQ(rig.status().ready, 1);
  EXPECT_TRUE(rig.Is({1}, ReplicaState::kReady));
  rig.world.BehaviourOf({1})->ready = 200;
  ASSERT_TRUE(rig.Ready(2));
  const auto links = rig.links();
  EXPECT_EQ(std::ranges::count(links, "add r1"), 2);
  EXPECT_THAT(rig.Live(), ::testing::ElementsAre(ReplicaId{1}, ReplicaId{2}));
}

TEST(ControllerHealth, AReplicaComesBackOnlyWhenWhatItHadIsDone) {
  Rig rig;
  rig.config.pool.floor = 1;
  rig.config.pool.max = 1;
  ASSERT_TRUE(rig.Start());
  ASSERT_TRUE(rig.Ready(1));
  rig.Ask(1);
  rig.world.BehaviourOf({1})->ready = 503;
  ASSERT_TRUE(Eventually([&] { return rig.Linked("drain r1"); }));
  rig.world.BehaviourOf({1})->ready = 200;
  ASSERT_TRUE(rig.After(2));
  EXPECT_EQ(rig.status().ready, 0);
  rig.Release({1});
  EXPECT_TRUE(rig.Ready(1));
}

TEST(ControllerHealth, OneThatAnswersBadlyForLongIsReplacedAndDrained) {
  Rig rig;
  ASSERT_TRUE(rig.Start());
  ASSERT_TRUE(rig.Ready(2));
  rig.world.BehaviourOf({1})->health = 500;
  ASSERT_TRUE(Eventually([&] { return rig.Is({1}, ReplicaState::kGone); }));
  EXPECT_TRUE(rig.Linked("eject r1"));
  EXPECT_THAT(rig.Of({1}).end_reason, HasSubstr("unhealthy"));
  EXPECT_THAT(rig.Of({1}).end_reason, HasSubstr("GET /health says 500"));
  EXPECT_THAT(rig.world.killed(), IsEmpty());
  EXPECT_TRUE(rig.Ready(2));
}

TEST(ControllerHealth, OneThatDoesNotAnswerForLongIsKilled) {
  Rig rig;
  rig.config.replica.health_timeout = 50ms;
  ASSERT_TRUE(rig.Start());
  ASSERT_TRUE(rig.Ready(2));
  rig.world.BehaviourOf({1})->silent = true;
  ASSERT_TRUE(Eventually([&] { return rig.Is({1}, ReplicaState::kGone); }));
  EXPECT_THAT(rig.Of({1}).end_reason, HasSubstr("unhealthy: fails its checks"));
  EXPECT_THAT(rig.world.killed(), ::testing::ElementsAre(ReplicaId{1}));
  EXPECT_TRUE(rig.Ready(2));
}

TEST(ControllerHealth, TheLastOneThatWorksIsKept) {
  Rig rig;
  rig.config.pool.floor = 1;
  rig.config.pool.max = 1;
  ASSERT_TRUE(rig.Start());
  ASSERT_TRUE(rig.Ready(1));
  const auto behaviour = rig.world.BehaviourOf({1});
  behaviour->health = 500;
  behaviour->health_asked = 0;
  ASSERT_TRUE(Eventually([&] { return behaviour->health_asked > 20; }));
  EXPECT_TRUE(rig.Is({1}, ReplicaState::kReady));
  EXPECT_FALSE(rig.Linked("eject r1"));
  EXPECT_FALSE(rig.Linked("drain r1"));
}

TEST(ControllerHealth, ARefusedConnectionEjectsAndACheckBringsBack) {
  Rig rig;
  rig.config.replica.health_interval = 1h;  // only what is asked for
  ASSERT_TRUE(rig.Start());
  ASSERT_TRUE(rig.Ready(2));
  Sign(rig, {1}, Sign::kRefused);
  ASSERT_TRUE(Eventually([&] { return rig.Linked("eject r1"); }));
  EXPECT_TRUE(Eventually([&] { return rig.Linked("readmit r1"); }));
  EXPECT_FALSE(rig.Of({1}).ejected);
}

TEST(ControllerHealth, OneWhoseWorkBreaksIsReplacedThoughItsChecksPass) {
  Rig rig;
  rig.config.replica.health_interval = 50ms;
  ASSERT_TRUE(rig.Start());
  ASSERT_TRUE(rig.Ready(2));
  for (int i = 0; i < Ejection::kFailuresMax; ++i) Sign(rig, {1}, Sign::kBroken);
  ASSERT_TRUE(Eventually([&] { return rig.Is({1}, ReplicaState::kGone); }));
  EXPECT_FALSE(rig.Linked("readmit r1"));
  EXPECT_THAT(rig.Of({1}).end_reason, HasSubstr("its work breaks"));
  EXPECT_TRUE(rig.Ready(2));
}

TEST(ControllerHealth, ATimeOutOnlyMakesItAsk) {
  Rig rig;
  rig.config.replica.health_interval = 1h;
  ASSERT_TRUE(rig.Start());
  ASSERT_TRUE(rig.Ready(2));
  const auto behaviour = rig.world.BehaviourOf({1});
  const int before = behaviour->health_asked;
  for (int i = 0; i < 5; ++i) {
    Sign(rig, {1}, Sign::kTimedOut);
    ASSERT_TRUE(rig.After(1));
  }
  EXPECT_TRUE(Eventually([&] { return behaviour->health_asked > before; }));
  EXPECT_FALSE(rig.Linked("eject r1"));
}

TEST(ControllerHealth, ATimeOutOfOneThatHangsEjectsIt) {
  Rig rig;
  rig.config.replica.health_interval = 1h;
  rig.config.replica.health_timeout = 50ms;
  ASSERT_TRUE(rig.Start());
  ASSERT_TRUE(rig.Ready(2));
  rig.world.BehaviourOf({1})->silent = true;
  Sign(rig, {1}, Sign::kTimedOut);
  EXPECT_TRUE(Eventually([&] { return rig.Linked("eject r1"); }));
}

TEST(ControllerHealth, AnAddressThatSomebodyElseHasTakenGetsNoRequests) {
  Rig rig;
  ASSERT_TRUE(rig.Start());
  ASSERT_TRUE(rig.Ready(2));
  rig.world.BehaviourOf({1})->foreign = true;
  ASSERT_TRUE(Eventually([&] { return rig.Linked("drain r1"); }));
  ASSERT_TRUE(Eventually([&] { return rig.Is({1}, ReplicaState::kGone); }));
  EXPECT_THAT(rig.Of({1}).end_reason, HasSubstr("another server answers"));
}

}  // namespace
}  // namespace hearth::pool
