// The batcher with real threads and a stand-in for the model: the vector of a text is the sum of
// its ids.
#include "serve/batcher.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <future>
#include <mutex>
#include <numeric>
#include <stdexcept>
#include <thread>
#include <vector>

namespace hearth::serve {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// What happened to one request.
struct Outcome {
  bool finished = false;
  Error error;
  std::vector<float> vectors;
};

class FakeWork : public Work {
 public:
  FakeWork(std::vector<int32_t> lengths, std::promise<Outcome> outcome)
      : lengths_(std::move(lengths)), outcome_(std::move(outcome)) {}
  ~FakeWork() override {
    if (!ended_) outcome_.set_value({false, {Code::kInternal, "dropped"}, {}});
  }

  Clock::time_point deadline() const override { return due; }
  bool wanted() const override { return gone == nullptr || !gone->load(); }
  Status Prepare(text::Encoding*, PreparedTexts* texts) override {
    if (throws) throw std::runtime_error("prepare threw");
    for (const int32_t length : lengths_) {
      texts->lengths.push_back(length);
      for (int32_t i = 0; i < length; ++i) texts->ids.push_back(next_id_++);
    }
    return {};
  }
  void Finish(PreparedTexts& texts, const StageTimes& times) override {
    EXPECT_GE(times.total, times.inference);
    End({true, {}, texts.vectors});
  }
  void Fail(const Error& error) override { End({false, error, {}}); }

  Clock::time_point due = Clock::now() + seconds(60);
  std::atomic<bool>* gone = nullptr;
  bool throws = false;

 private:
  void End(Outcome outcome) {
    ASSERT_FALSE(ended_) << "answered twice";
    ended_ = true;
    outcome_.set_value(std::move(outcome));
  }

  std::vector<int32_t> lengths_;
  std::promise<Outcome> outcome_;
  int32_t next_id_ = 1;
  bool ended_ = false;
};

// A gate that forwards wait at, so that tests decide what queues up behind one.
class Gate {
 public:
  void Open() {
    const std::lock_guard lock(mutex_);
    open_ = true;
    changed_.notify_all();
  }
  void Pass() {
    std::unique_lock lock(mutex_);
    ++arrived_;
    changed_.notify_all();
    changed_.wait(lock, [&] { return open_; });
  }
  void AwaitArrivals(int count) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return arrived_ >= count; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool open_ = false;
  int arrived_ = 0;
};

class BatcherTest : public ::testing::Test {
 protected:
  ~BatcherTest() override { gate_.Open(); }

  void Start(int workers, BatcherLimits limits = {}, bool gated = false) {
    batcher_ = std::make_unique<Batcher>(limits, &metrics_, &log_);
    std::vector<ForwardFunction> forwards;
    for (int i = 0; i < workers; ++i) {
      forwards.emplace_back(
          [this, gated](const model::PackedTexts& texts, std::span<float> out, Team* team) {
            if (gated) gate_.Pass();
            Forward(texts, out, team);
          });
    }
    batcher_->Start(std::move(forwards), 1);
  }

  void Forward(const model::PackedTexts& texts, std::span<float> out, Team* team) {
    {
      const std::lock_guard lock(mutex_);
      forwards_.emplace_back(texts.lengths.begin(), texts.lengths.end());
    }
    if (fail_forward_) throw std::runtime_error("forward threw");
    const int32_t* id = texts.ids.data();
    std::vector<float> sums(texts.lengths.size());
    for (size_t i = 0; i < texts.lengths.size(); ++i) {
      for (int32_t k = 0; k < texts.lengths[i]; ++k) sums[i] += static_cast<float>(*id++);
    }
    const auto write = [&](int i, int) {
      out[static_cast<size_t>(i)] = sums[static_cast<size_t>(i)];
    };
    if (team != nullptr) {
      for (int step = 0; step < 20; ++step) team->Run(static_cast<int>(sums.size()), write);
    } else {
      for (int i = 0; i < static_cast<int>(sums.size()); ++i) write(i, 0);
    }
  }

  std::future<Outcome> Send(std::vector<int32_t> lengths,
                            const std::function<void(FakeWork&)>& set = {}) {
    std::promise<Outcome> promise;
    auto future = promise.get_future();
    auto fake = std::make_unique<FakeWork>(std::move(lengths), std::move(promise));
    if (set) set(*fake);
    std::unique_ptr<Work> work = std::move(fake);
    if (const Status status = batcher_->Submit(work); !status) work->Fail(status.error());
    return future;
  }

  // The sums that Forward computes for texts of these lengths with ids 1, 2, 3, ….
  static std::vector<float> Sums(const std::vector<int32_t>& lengths) {
    std::vector<float> sums;
    int32_t id = 1;
    for (const int32_t length : lengths) {
      float sum = 0;
      for (int32_t k = 0; k < length; ++k) sum += static_cast<float>(id++);
      sums.push_back(sum);
    }
    return sums;
  }

  template <typename Condition>
  void AwaitSnapshot(Condition condition) {
    const auto end = Clock::now() + seconds(30);
    while (!condition(batcher_->Snapshot())) {
      ASSERT_LT(Clock::now(), end) << "the batcher never got there";
      std::this_thread::yield();
    }
  }

  ServeMetrics metrics_;
  const Log log_{-1, LogFormat::kText, LogLevel::kError};
  Gate gate_;
  std::mutex mutex_;
  std::vector<std::vector<int32_t>> forwards_;
  bool fail_forward_ = false;
  std::unique_ptr<Batcher> batcher_;  // last: its workers use the rest
};

TEST_F(BatcherTest, ComputesARequest) {
  for (const int workers : {1, 2, 4}) {
    Start(workers);
    const Outcome outcome = Send({3, 1, 2}).get();
    EXPECT_TRUE(outcome.finished);
    EXPECT_EQ(outcome.vectors, Sums({3, 1, 2}));
  }
}

TEST_F(BatcherTest, SplitsABigRequestOverForwardsAndWorkers) {
  BatcherLimits limits;
  limits.forward_tokens_least = 8;
  limits.forward_tokens_most = 32;
  Start(3, limits);
  const std::vector<int32_t> lengths(500, 7);
  EXPECT_EQ(Send(lengths).get().vectors, Sums(lengths));
  size_t texts = 0;
  for (const auto& forward : forwards_) {
    EXPECT_LE(forward.size() * 7, 32U);
    texts += forward.size();
  }
  EXPECT_EQ(texts, 500U);
}

TEST_F(BatcherTest, ManyClientsAllGetTheirOwn) {
  BatcherLimits limits;
  limits.requests_max = 10'000;
  limits.queued_texts_max = 100'000;
  limits.forward_tokens_most = 64;
  Start(4, limits);
  std::vector<std::thread> clients;
  std::atomic<int> right{0};
  for (int client = 0; client < 8; ++client) {
    clients.emplace_back([&, client] {
      for (int i = 0; i < 100; ++i) {
        std::vector<int32_t> lengths(static_cast<size_t>(1 + (client + i) % 5),
                                     1 + (client * 7 + i) % 40);
        right += Send(lengths).get().vectors == Sums(lengths) ? 1 : 0;
      }
    });
  }
  for (std::thread& client : clients) client.join();
  EXPECT_EQ(right, 800);
  AwaitSnapshot([](const QueueSnapshot& queue) { return queue.requests == 0; });
  EXPECT_EQ(batcher_->Snapshot().tokens, 0);
}

TEST_F(BatcherTest, RefusesBeyondTheRequestsInHand) {
  BatcherLimits limits;
  limits.requests_max = 2;
  Start(1, limits, /*gated=*/true);
  auto first = Send({1});
  auto second = Send({1});
  const Outcome third = Send({1}).get();
  EXPECT_EQ(TraitsOf(third.error.code).http_status, 429);
  EXPECT_THAT(third.error.message, ::testing::HasSubstr("--max-concurrent-requests"));
  gate_.Open();
  EXPECT_TRUE(first.get().finished);
  EXPECT_TRUE(second.get().finished);
}

TEST_F(BatcherTest, RefusesBeyondTheQueuedTextsAndTokens) {
  BatcherLimits limits;
  limits.queued_texts_max = 3;
  limits.queued_tokens_max = 20;
  Start(1, limits, /*gated=*/true);
  auto first = Send({1});
  gate_.AwaitArrivals(1);  // the worker is in its forward; after it, it prepares all that came
  auto second = Send({1});
  auto texts = Send({1, 1, 1, 1});
  auto tokens = Send({21});
  gate_.Open();
  const Outcome by_texts = texts.get();
  const Outcome by_tokens = tokens.get();
  EXPECT_EQ(TraitsOf(by_texts.error.code).http_status, 429);
  EXPECT_THAT(by_texts.error.message, ::testing::HasSubstr("--max-queued-texts"));
  EXPECT_EQ(TraitsOf(by_tokens.error.code).http_status, 429);
  EXPECT_EQ(metrics_.limits_hit[static_cast<size_t>(Limit::kQueuedTexts)].value(), 1);
  EXPECT_EQ(metrics_.limits_hit[static_cast<size_t>(Limit::kQueuedTokens)].value(), 1);
  EXPECT_TRUE(first.get().finished);
  EXPECT_TRUE(second.get().finished);
}

TEST_F(BatcherTest, DropsARequestWhoseClientIsGone) {
  Start(1, {}, /*gated=*/true);
  auto first = Send({1});
  gate_.AwaitArrivals(1);
  std::atomic<bool> gone{false};
  auto doomed = Send({2}, [&](FakeWork& work) { work.gone = &gone; });
  gone = true;
  gate_.Open();
  EXPECT_TRUE(first.get().finished);
  EXPECT_EQ(doomed.get().error.message, "dropped");
  EXPECT_EQ(forwards_.size(), 1U);
  EXPECT_EQ(metrics_.failed_dropped.value(), 1);
}

TEST_F(BatcherTest, DropsTheRestOfABigRequestWhoseClientLeavesInTheMiddle) {
  BatcherLimits limits;
  limits.forward_tokens_least = limits.forward_tokens_most = 4;
  Start(1, limits, /*gated=*/true);
  std::atomic<bool> gone{false};
  auto doomed = Send(std::vector<int32_t>(100, 4), [&](FakeWork& work) { work.gone = &gone; });
  gate_.AwaitArrivals(1);
  gone = true;
  gate_.Open();
  EXPECT_EQ(doomed.get().error.message, "dropped");
  AwaitSnapshot([](const QueueSnapshot& queue) { return queue.requests == 0; });
  EXPECT_EQ(batcher_->Snapshot().texts, 0);
  EXPECT_TRUE(Send({3}).get().finished);
  EXPECT_EQ(forwards_.size(), 2U);
}

TEST_F(BatcherTest, AnswersPastTheDeadlineWith504) {
  Start(1, {}, /*gated=*/true);
  auto first = Send({1});
  gate_.AwaitArrivals(1);
  auto late = Send({2}, [](FakeWork& work) { work.due = Clock::now() - milliseconds(1); });
  gate_.Open();
  EXPECT_EQ(TraitsOf(late.get().error.code).http_status, 504);
  EXPECT_TRUE(first.get().finished);
}

TEST_F(BatcherTest, AThrowingRequestHarmsNobodyElse) {
  Start(2);
  EXPECT_EQ(
      TraitsOf(Send({1}, [](FakeWork& work) { work.throws = true; }).get().error.code).http_status,
      500);
  fail_forward_ = true;
  EXPECT_EQ(TraitsOf(Send({1, 1}).get().error.code).http_status, 500);
  fail_forward_ = false;
  EXPECT_TRUE(Send({1}).get().finished);
  AwaitSnapshot([](const QueueSnapshot& queue) { return queue.requests == 0; });
}

TEST_F(BatcherTest, AShortTextOvertakesABigBatch) {
  BatcherLimits limits;
  limits.forward_tokens_least = limits.forward_tokens_most = 10;
  Start(1, limits, /*gated=*/true);
  auto big = Send(std::vector<int32_t>(50, 10));
  gate_.AwaitArrivals(1);
  auto small = Send({2});
  gate_.Open();
  EXPECT_TRUE(small.get().finished);
  EXPECT_TRUE(big.get().finished);
  // The forward in progress, and at most two more before the newcomer's.
  size_t place = 0;
  while (forwards_[place] != std::vector<int32_t>{2}) ++place;
  EXPECT_LE(place, 3U);
}

TEST_F(BatcherTest, DrainsWhenNothingIsInHand) {
  Start(2, {}, /*gated=*/true);
  auto work = Send({5});
  std::promise<void> drained;
  auto done = drained.get_future();
  batcher_->Drain([&] { drained.set_value(); });
  EXPECT_EQ(done.wait_for(milliseconds(0)), std::future_status::timeout);
  gate_.Open();
  EXPECT_EQ(done.wait_for(seconds(60)), std::future_status::ready);
  EXPECT_EQ(work.wait_for(milliseconds(0)), std::future_status::ready);
}

TEST_F(BatcherTest, StopAnswersWhatIsLeft) {
  Start(1, {}, /*gated=*/true);
  auto running = Send({1});
  gate_.AwaitArrivals(1);
  auto waiting = Send({2});
  std::thread stopper([&] { batcher_->Stop(); });
  EXPECT_EQ(TraitsOf(waiting.get().error.code).http_status, 503);
  gate_.Open();
  stopper.join();
  EXPECT_TRUE(running.get().finished);
  EXPECT_EQ(TraitsOf(Send({1}).get().error.code).http_status, 503);
}

// The load of a slot that lies ahead: of whoever is in hand now. Each call looks further.
double LoadAhead(Batcher& batcher, seconds ahead) {
  return batcher.TakeLoad(Clock::now() + ahead, 0).back().load;
}

TEST_F(BatcherTest, TheLoadIsOfThoseInHand) {
  Start(1, {}, /*gated=*/true);
  batcher_->WatchLoad(Clock::now(), milliseconds(1));
  batcher_->SetLoadSlots(2);
  std::vector<std::future<Outcome>> sent;
  for (int i = 0; i < 5; ++i) sent.push_back(Send({1}));
  EXPECT_DOUBLE_EQ(LoadAhead(*batcher_, seconds(1)), 2.5);
  gate_.Open();
  for (auto& one : sent) EXPECT_TRUE(one.get().finished);
  AwaitSnapshot([](const QueueSnapshot& queue) { return queue.requests == 0; });
  EXPECT_EQ(LoadAhead(*batcher_, seconds(2)), 0);
}

TEST_F(BatcherTest, WhoeverIsRefusedIsLoadToo) {
  BatcherLimits limits;
  limits.requests_max = 1;
  Start(1, limits, /*gated=*/true);
  const auto began = Clock::now();
  batcher_->WatchLoad(began, seconds(10));
  auto first = Send({1});
  EXPECT_FALSE(Send({1}).get().finished);
  EXPECT_FALSE(Send({1}).get().finished);
  gate_.Open();
  EXPECT_TRUE(first.get().finished);
  AwaitSnapshot([](const QueueSnapshot& queue) { return queue.requests == 0; });
  // One was in hand for as long as it took, two were refused and count the same each; one more was
  // refused elsewhere.
  const double three = batcher_->TakeLoad(began + seconds(10), 1).at(0).load;
  const double one = batcher_->TakeLoad(began + seconds(20), 0).at(0).load;
  EXPECT_GT(one, 0);
  EXPECT_NEAR(three, 3 * one, 1e-12);
}

// However a request ends, it is in hand no longer, and was so only once.
TEST_F(BatcherTest, WhateverEndsIsNoLoadAnyMore) {
  BatcherLimits limits;
  limits.queued_texts_max = 10;
  Start(2, limits);
  batcher_->WatchLoad(Clock::now(), milliseconds(1));
  std::atomic<bool> gone{true};
  std::vector<std::future<Outcome>> sent;
  for (int i = 0; i < 50; ++i) {
    sent.push_back(Send({2, 3}));
    sent.push_back(Send({1}, [](FakeWork& work) { work.throws = true; }));
    sent.push_back(Send({1}, [](FakeWork& work) { work.due = Clock::now() - seconds(1); }));
    sent.push_back(Send({1}, [](FakeWork& work) { work.due = Clock::now() + milliseconds(1); }));
    sent.push_back(Send({1}, [&](FakeWork& work) { work.gone = &gone; }));
    sent.push_back(Send(std::vector<int32_t>(11, 1)));  // more than may wait
  }
  for (auto& one : sent) one.get();
  AwaitSnapshot([](const QueueSnapshot& queue) { return queue.requests == 0; });
  EXPECT_EQ(LoadAhead(*batcher_, seconds(1)), 0);
  fail_forward_ = true;
  EXPECT_FALSE(Send({1}).get().finished);
  AwaitSnapshot([](const QueueSnapshot& queue) { return queue.requests == 0; });
  EXPECT_EQ(LoadAhead(*batcher_, seconds(2)), 0);
}

TEST_F(BatcherTest, WithoutAWatchThereIsNoLoad) {
  Start(1);
  EXPECT_TRUE(Send({1}).get().finished);
  EXPECT_TRUE(batcher_->TakeLoad(Clock::now() + seconds(60), 3).empty());
  EXPECT_EQ(batcher_->LatestDeadline(Clock::now() + seconds(60)), std::nullopt);
}

TEST_F(BatcherTest, KnowsTheLatestDeadlineOfThoseThatRunForLong) {
  Start(1, {}, /*gated=*/true);
  batcher_->WatchRunning();
  const auto due = Clock::now() + seconds(77);
  auto first = Send({1}, [&](FakeWork& work) { work.due = due; });
  gate_.AwaitArrivals(1);
  const auto between = Clock::now();
  auto second = Send({1}, [&](FakeWork& work) { work.due = due + seconds(9); });
  EXPECT_EQ(batcher_->LatestDeadline(between - seconds(60)), std::nullopt);
  EXPECT_EQ(batcher_->LatestDeadline(between), due);
  EXPECT_EQ(batcher_->LatestDeadline(Clock::now() + seconds(1)), due + seconds(9));
  gate_.Open();
  first.get();
  second.get();
  AwaitSnapshot([](const QueueSnapshot& queue) { return queue.requests == 0; });
  EXPECT_EQ(batcher_->LatestDeadline(Clock::now() + seconds(1)), std::nullopt);
}

TEST_F(BatcherTest, IdleWorkersAreBlocked) {
  Start(3);
  EXPECT_TRUE(Send({1}).get().finished);
  AwaitSnapshot([](const QueueSnapshot& queue) { return queue.workers_idle == 3; });
}

}  // namespace
}  // namespace hearth::serve
