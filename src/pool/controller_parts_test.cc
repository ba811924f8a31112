// The parts of the controller that are pure, and its thread.
#include <gmock/gmock.h>

#include <future>
#include <thread>

#include "pool/backend_thread.h"
#include "pool/roll.h"
#include "pool/start_failures.h"
#include "pool/warm_numbers.h"

namespace hearth::pool {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using namespace std::chrono_literals;

constexpr int64_t kMonday = 1'764'547'200;  // 2025-12-01 00:00 UTC

config::Pool PoolWithSchedule() {
  config::Pool pool;
  pool.floor = 1;
  pool.max = 8;
  pool.schedule = {{"0 8 * * *", "UTC", 4}, {"0 20 * * *", "UTC", 1}};
  return pool;
}

TEST(WarmNumbers, AScheduleSetsTheFloorWhileItIsInForce) {
  const config::Pool pool = PoolWithSchedule();
  auto numbers = WarmNumbers::Create(pool).value();
  numbers.Look(kMonday + 9 * 3600);
  EXPECT_EQ(numbers.floor().value, 4);
  EXPECT_EQ(numbers.floor().source, "schedule \"0 8 * * *\"");
  numbers.Look(kMonday + 19 * 3600);
  EXPECT_EQ(numbers.floor().value, 4);
  numbers.Look(kMonday + 20 * 3600);
  EXPECT_EQ(numbers.floor().value, 1);
  EXPECT_EQ(numbers.floor().source, "schedule \"0 20 * * *\"");
  numbers.Look(kMonday + 12 * 3600);  // the clock went back
  EXPECT_EQ(numbers.floor().value, 4);
}

TEST(WarmNumbers, ScaleWinsOverTheScheduleAndCanBeTakenBack) {
  const config::Pool pool = PoolWithSchedule();
  auto numbers = WarmNumbers::Create(pool).value();
  numbers.Look(kMonday + 9 * 3600);
  ASSERT_TRUE(numbers.Scale(6, {}, {}));
  EXPECT_EQ(numbers.floor().value, 6);
  EXPECT_EQ(numbers.floor().source, "hearth scale");
  ASSERT_TRUE(numbers.Scale(-1, {}, {}));
  EXPECT_EQ(numbers.floor().value, 4);
  EXPECT_FALSE(numbers.stored().floor);
}

TEST(WarmNumbers, AFloorAboveMaxIsRefusedAndNothingChanges) {
  const config::Pool pool;
  auto numbers = WarmNumbers::Create(pool).value();
  const Status refused = numbers.Scale(5, 3, 4);
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message, HasSubstr("floor 5 with max 4"));
  EXPECT_EQ(numbers.spare().value, 1);
  EXPECT_FALSE(numbers.Scale({}, {}, 1));  // below hearth.toml's floor
  EXPECT_FALSE(numbers.Scale({}, {}, 0));
  EXPECT_FALSE(numbers.Scale({}, 1'000'000, {}));
  EXPECT_TRUE(numbers.Scale(5, 0, 5));
  EXPECT_EQ(numbers.max().value, 5);
}

TEST(WarmNumbers, AScheduledFloorAboveMaxCountsAsMax) {
  config::Pool pool = PoolWithSchedule();
  auto numbers = WarmNumbers::Create(pool).value();
  numbers.Look(kMonday + 1 * 3600);
  ASSERT_TRUE(numbers.Scale({}, {}, 2));
  numbers.Look(kMonday + 9 * 3600);
  EXPECT_EQ(numbers.floor().value, 2);
}

TEST(WarmNumbers, ItsTextChangesWithTheFile) {
  config::Pool pool;
  const auto numbers = WarmNumbers::Create(pool).value();
  const std::string before = numbers.ConfigText();
  pool.spare = 3;
  EXPECT_NE(numbers.ConfigText(), before);
}

TEST(Roll, TwoFailedStartsInARowStopIt) {
  pool::Roll roll;
  EXPECT_FALSE(roll.OnStartFailed(EndReason::kExited, "none is on"));
  roll.Begin("a", "b");
  EXPECT_FALSE(roll.OnStartFailed(EndReason::kExited, "exit 1"));
  roll.OnReady();
  EXPECT_FALSE(roll.OnStartFailed(EndReason::kExited, "exit 1"));
  EXPECT_TRUE(roll.OnStartFailed(EndReason::kOutOfMemory, "out of memory"));
  EXPECT_EQ(roll.state(), RollState::kFailed);
  EXPECT_EQ(roll.Words(), "stopped: b never got ready (out of memory); back to a");
  EXPECT_FALSE(roll.OnCount(0, 1));
}

TEST(Roll, ToWhatRunsAlreadyIsDoneAtOnce) {
  pool::Roll roll;
  roll.Skip("a");
  EXPECT_EQ(roll.state(), RollState::kDone);
  EXPECT_EQ(roll.Words(), "done: a runs already");
}

TEST(Roll, OneThatIsNeverReadyStopsIt) {
  pool::Roll roll;
  roll.Begin("a", "b");
  EXPECT_TRUE(roll.OnStartFailed(EndReason::kNeverReady, "not ready after 30 s"));
}

TEST(Roll, IsDoneWhenNothingOldIsLeftAndSomethingNewIsReady) {
  pool::Roll roll;
  EXPECT_EQ(roll.Words(), "");
  roll.Begin("a", "b");
  EXPECT_FALSE(roll.OnCount(2, 1));
  EXPECT_EQ(roll.Words(), "rolling from a to b: 1 new ready, 2 old left");
  EXPECT_FALSE(roll.OnCount(0, 0));
  EXPECT_TRUE(roll.OnCount(0, 1));
  EXPECT_FALSE(roll.OnCount(0, 1));  // once
  EXPECT_EQ(roll.state(), RollState::kDone);
}

TEST(StartFailures, CountUntilOneSucceeds) {
  StartFailures failures;
  const Time now{1h};
  failures.OnFailed(now);
  failures.OnFailed(now + 1s);
  EXPECT_EQ(failures.count(), 2);
  EXPECT_EQ(failures.last(), now + 1s);
  failures.OnReady();
  EXPECT_EQ(failures.count(), 0);
}

TEST(StartFailures, ExitsSoonAfterReadyCountFromTheThirdOn) {
  StartFailures failures;
  const Time now{1h};
  for (const int expected : {0, 0, 1, 2, 3}) {
    failures.OnReady();
    failures.OnExit(1s, now);
    EXPECT_EQ(failures.count(), expected);
  }
  failures.OnReadySince(now - 1h, now + 1h);  // an old one says nothing about new ones
  failures.OnReadySince(now + 1s, now + 2s);  // nor one that has just come
  failures.OnReady();
  failures.OnExit(1s, now);
  EXPECT_EQ(failures.count(), 4);
  failures.OnReadySince(now + 1s, now + 10s);
  failures.OnReady();
  failures.OnExit(1s, now);
  EXPECT_EQ(failures.count(), 0);
}

TEST(StartFailures, AnExitAfterALongLifeIsNoFailure) {
  StartFailures failures;
  for (int i = 0; i < 10; ++i) failures.OnExit(1h, Time{1h});
  EXPECT_EQ(failures.count(), 0);
}

class NoBackend final : public ReplicaBackend {
 public:
  Result<ReplicaHandle> Start(const StartOrder&) override { return Fail(Code::kInternal, "none"); }
  Status Terminate(const ReplicaHandle&) override { return {}; }
  Status Kill(const ReplicaHandle&) override { return {}; }
  Result<std::vector<ReplicaHandle>> Find() override { return std::vector<ReplicaHandle>{}; }
  Result<int64_t> MemoryBytes(const ReplicaHandle&) override { return 0; }
  void OnExit(std::function<void(ReplicaExit)>) override {}
};

TEST(BackendThread, DoesJobsInOrderOnOneThreadAndFinishesWhatIsQueued) {
  std::vector<int> done;
  std::promise<void> gate;
  {
    BackendThread thread(std::make_unique<NoBackend>());
    EXPECT_TRUE(thread.Do([&](ReplicaBackend&) { gate.get_future().wait(); }));
    for (int i = 0; i < 3; ++i) {
      EXPECT_TRUE(thread.Do([&done, i](ReplicaBackend&) { done.push_back(i); }));
    }
    gate.set_value();
  }
  EXPECT_THAT(done, ElementsAre(0, 1, 2));
}

TEST(BackendThread, AFullQueueIsSaidAndNothingIsLost) {
  std::atomic<size_t> done{0};
  std::promise<void> gate;
  size_t taken = 0;
  {
    BackendThread thread(std::make_unique<NoBackend>());
    std::promise<void> began;
    thread.Do([&](ReplicaBackend&) {
      began.set_value();
      gate.get_future().wait();
    });
    began.get_future().wait();
    while (thread.Do([&done](ReplicaBackend&) { ++done; })) ++taken;
    gate.set_value();
  }
  EXPECT_EQ(taken, BackendThread::kJobsMax);
  EXPECT_EQ(done, taken);
}

}  // namespace
}  // namespace hearth::pool
