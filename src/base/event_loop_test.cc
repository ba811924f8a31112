#include "base/event_loop.h"

#include <gtest/gtest.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <functional>
#include <stdexcept>
#include <thread>
#include <vector>

#include "base/unique_fd.h"

namespace hearth {
namespace {

using namespace std::chrono_literals;
using Clock = EventLoop::Clock;

// Ends a loop that waits for something that never comes.
constexpr auto kPatience = 30s;

class EventLoopTest : public ::testing::Test {
 protected:
  EventLoopTest() {
    guard_ = loop_->After(kPatience, [this] {
      ADD_FAILURE() << "nothing happened";
      loop_->Stop();
    });
  }

  std::unique_ptr<EventLoop> loop_ = EventLoop::Create().value();
  EventLoop::TimerId guard_{};
};

struct Pair {
  Pair() {
    std::array<int, 2> fds{};
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds.data()), 0);
    ours.Reset(fds[0]);
    theirs.Reset(fds[1]);
  }
  UniqueFd ours;
  UniqueFd theirs;
};

class Call final : public EventLoop::Watcher {
 public:
  explicit Call(std::function<void(uint32_t)> call) : call_(std::move(call)) {}
  void OnEvents(uint32_t events) override { call_(events); }

 private:
  std::function<void(uint32_t)> call_;
};

TEST_F(EventLoopTest, TellsWhenADescriptorIsReadableAsLongAsItIs) {
  Pair pair;
  int calls = 0;
  Call watcher([&](uint32_t events) {
    EXPECT_EQ(events & EPOLLIN, uint32_t{EPOLLIN});
    if (++calls == 3) loop_->Stop();  // nothing was read: it is told again
  });
  ASSERT_TRUE(loop_->Watch(pair.ours.get(), EPOLLIN, &watcher));
  ASSERT_EQ(::write(pair.theirs.get(), "x", 1), 1);
  loop_->Run();
  EXPECT_EQ(calls, 3);
  loop_->Forget(pair.ours.get(), &watcher);
}

TEST_F(EventLoopTest, ChangeSaysWhatIsWantedFromThenOn) {
  Pair pair;
  std::vector<uint32_t> seen;
  Call watcher([&](uint32_t events) {
    seen.push_back(events);
    loop_->Change(pair.ours.get(), EPOLLIN, &watcher);
    if (seen.size() == 1) EXPECT_EQ(::write(pair.theirs.get(), "x", 1), 1);
    if (seen.size() == 2) loop_->Stop();
  });
  ASSERT_TRUE(loop_->Watch(pair.ours.get(), EPOLLOUT, &watcher));
  loop_->Run();
  EXPECT_EQ(seen, (std::vector<uint32_t>{EPOLLOUT, EPOLLIN}));
  loop_->Forget(pair.ours.get(), &watcher);
}

TEST_F(EventLoopTest, WhatIsForgottenIsNotToldThoughTheKernelHadSaidSo) {
  Pair first;
  Pair second;
  int calls = 0;
  std::function<void(uint32_t)> forget_both;
  Call a([&](uint32_t events) { forget_both(events); });
  Call b([&](uint32_t events) { forget_both(events); });
  forget_both = [&](uint32_t) {
    ++calls;
    loop_->Forget(first.ours.get(), &a);
    loop_->Forget(second.ours.get(), &b);
    loop_->After(5ms, [this] { loop_->Stop(); });
  };
  ASSERT_TRUE(loop_->Watch(first.ours.get(), EPOLLIN, &a));
  ASSERT_TRUE(loop_->Watch(second.ours.get(), EPOLLIN, &b));
  ASSERT_EQ(::write(first.theirs.get(), "x", 1), 1);
  ASSERT_EQ(::write(second.theirs.get(), "x", 1), 1);
  loop_->Run();  // both are in one turn
  EXPECT_EQ(calls, 1);
}

TEST_F(EventLoopTest, AWatcherMayBeDestroyedByAnotherInTheSameTurn) {
  Pair first;
  Pair second;
  int calls = 0;
  std::unique_ptr<Call> a;
  std::unique_ptr<Call> b;
  const auto kill = [&](Pair* other, std::unique_ptr<Call>* victim) {
    ++calls;
    loop_->Forget(other->ours.get(), victim->get());
    victim->reset();
    other->ours.Reset();
    loop_->After(5ms, [this] { loop_->Stop(); });
  };
  a = std::make_unique<Call>([&](uint32_t) {
    char byte = 0;
    EXPECT_EQ(::read(first.ours.get(), &byte, 1), 1);
    if (b) kill(&second, &b);
  });
  b = std::make_unique<Call>([&](uint32_t) {
    char byte = 0;
    EXPECT_EQ(::read(second.ours.get(), &byte, 1), 1);
    if (a) kill(&first, &a);
  });
  ASSERT_TRUE(loop_->Watch(first.ours.get(), EPOLLIN, a.get()));
  ASSERT_TRUE(loop_->Watch(second.ours.get(), EPOLLIN, b.get()));
  ASSERT_EQ(::write(first.theirs.get(), "x", 1), 1);
  ASSERT_EQ(::write(second.theirs.get(), "x", 1), 1);
  loop_->Run();
  EXPECT_EQ(calls, 1);
  if (a) loop_->Forget(first.ours.get(), a.get());
  if (b) loop_->Forget(second.ours.get(), b.get());
}

TEST_F(EventLoopTest, TimersComeInOrderAndNotBeforeTheirTime) {
  std::vector<int> order;
  const auto start = Clock::now();
  loop_->After(20ms, [&] {
    order.push_back(3);
    EXPECT_GE(Clock::now() - start, 20ms);
    EXPECT_GE(loop_->now() - start, 20ms);
    loop_->Stop();
  });
  loop_->After(10ms, [&] { order.push_back(1); });
  const auto cancelled = loop_->After(10ms, [&] { order.push_back(-1); });
  loop_->At(start + 12ms, [&] { order.push_back(2); });
  loop_->Cancel(cancelled);
  loop_->Cancel(cancelled);
  loop_->Cancel(EventLoop::TimerId::kNone);
  loop_->Run();
  EXPECT_EQ(order, (std::vector<int>{1, 2, 3}));
}

TEST_F(EventLoopTest, TimersOfOneTimeComeInTheOrderOfAsking) {
  std::vector<int> order;
  const auto when = Clock::now() + 1ms;
  for (int i = 0; i < 5; ++i) loop_->At(when, [&order, i] { order.push_back(i); });
  loop_->At(when + 1ms, [this] { loop_->Stop(); });
  loop_->Run();
  EXPECT_EQ(order, (std::vector<int>{0, 1, 2, 3, 4}));
}

TEST_F(EventLoopTest, ATimerThatSetsItselfForNowDoesNotKeepTheTurnFromEnding) {
  Pair pair;
  bool told = false;
  std::function<void()> again = [&] {
    if (!told) loop_->At(loop_->now() - 1s, again);
  };
  Call watcher([&](uint32_t) {
    told = true;
    loop_->Stop();
  });
  ASSERT_TRUE(loop_->Watch(pair.ours.get(), EPOLLIN, &watcher));
  loop_->At(Clock::now(), again);
  loop_->After(5ms, [&] { ASSERT_EQ(::write(pair.theirs.get(), "x", 1), 1); });
  loop_->Run();
  EXPECT_TRUE(told);
  loop_->Forget(pair.ours.get(), &watcher);
}

TEST_F(EventLoopTest, ATimerMayCancelAnotherThatIsDueInTheSameTurn) {
  bool fired = false;
  EventLoop::TimerId second{};
  const auto when = Clock::now() + 1ms;
  loop_->At(when, [&] { loop_->Cancel(second); });
  second = loop_->At(when, [&] { fired = true; });
  loop_->At(when + 5ms, [this] { loop_->Stop(); });
  loop_->Run();
  EXPECT_FALSE(fired);
}

TEST_F(EventLoopTest, WhatOtherThreadsPostRunsOnTheLoopInOrder) {
  constexpr int kThreads = 4;
  constexpr int kPosts = 5000;
  std::array<int, kThreads> next{};
  int left = kThreads * kPosts;
  std::thread::id runner;
  std::vector<std::thread> threads;
  threads.reserve(kThreads);
  for (size_t t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < kPosts; ++i) {
        loop_->Post([&, t, i] {
          EXPECT_EQ(next[t]++, i);
          EXPECT_EQ(std::this_thread::get_id(), runner);
          if (--left == 0) loop_->Stop();
        });
      }
    });
  }
  runner = std::this_thread::get_id();
  loop_->Run();
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(left, 0);
}

TEST_F(EventLoopTest, WhatAPostedCallPostsComesInALaterTurn) {
  std::vector<int> order;
  loop_->Post([&] {
    order.push_back(1);
    loop_->Post([&] {
      order.push_back(3);
      loop_->Stop();
    });
    order.push_back(2);
  });
  loop_->Run();
  EXPECT_EQ(order, (std::vector<int>{1, 2, 3}));
}

TEST_F(EventLoopTest, StopBeforeRunIsNotLostAndRunMayBeCalledAgain) {
  loop_->Stop();
  loop_->Run();
  bool ran = false;
  loop_->Post([&] {
    ran = true;
    loop_->Stop();
  });
  loop_->Run();
  EXPECT_TRUE(ran);
}

TEST_F(EventLoopTest, WhatACallbackThrowsStopsThere) {
  bool went_on = false;
  loop_->Post([] { throw std::runtime_error("no"); });
  loop_->After(1ms, [] { throw std::runtime_error("no"); });
  loop_->After(2ms, [&] {
    went_on = true;
    loop_->Stop();
  });
  loop_->Run();
  EXPECT_TRUE(went_on);
}

TEST_F(EventLoopTest, NowStandsStillWithinATurn) {
  loop_->Post([&] {
    const auto before = loop_->now();
    const auto until = Clock::now() + 2ms;
    while (Clock::now() < until) {
    }
    EXPECT_EQ(loop_->now(), before);
    loop_->Stop();
  });
  loop_->Run();
  EXPECT_GE(loop_->now() + 1ms, Clock::now()) << "outside Run it is the clock's";
}

TEST(EventLoop, AnIdleLoopSleeps) {
  const auto loop = EventLoop::Create().value();
  loop->After(50ms, [&] { loop->Stop(); });
  timespec before{};
  timespec after{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &before);
  loop->Run();
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &after);
  const auto used = std::chrono::seconds(after.tv_sec - before.tv_sec) +
                    std::chrono::nanoseconds(after.tv_nsec - before.tv_nsec);
  EXPECT_LT(used, 25ms);
}

}  // namespace
}  // namespace hearth
