#include "pool/health_checks.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <map>
#include <vector>

#include "base/mutex.h"
#include "http/test_support.h"

namespace hearth::pool {
namespace {

using ::testing::HasSubstr;
using namespace std::chrono_literals;
using Kind = CheckResult::Kind;

TEST(ReadyPollDelay, IsEagerAtFirstThenAFractionOfTheTimeThatHasPassed) {
  const Duration slow = 10s;
  EXPECT_EQ(ReadyPollDelay(0ms, slow), 2ms);
  EXPECT_EQ(ReadyPollDelay(99ms, slow), 2ms);
  EXPECT_EQ(ReadyPollDelay(400ms, slow), 20ms);
  EXPECT_EQ(ReadyPollDelay(1h, slow), 100ms);
  EXPECT_EQ(ReadyPollDelay(1h, 200ms), 20ms);  // a tenth of what a start takes
  EXPECT_EQ(ReadyPollDelay(1h, 0ms), 2ms);
}

// A server that answers paths with statuses, and a loop that runs until enough results have come.
class HealthChecksTest : public ::testing::Test {
 protected:
  HealthChecksTest() {
    http::Handlers handlers;
    handlers.on_request = [this](const http::Request& request, http::Responder responder) {
      const MutexLock lock(mutex_);
      asked_.push_back(request.path);
      http::Response response;
      response.status = statuses_[request.path];
      response.headers = headers_;
      responder.Send(std::move(response));
    };
    server_ = std::make_unique<http::testing::TestServer>(std::move(handlers));
    url_.host = "127.0.0.1";
    url_.port = server_->port();
  }

  void Set(const std::string& path, int status) {
    const MutexLock lock(mutex_);
    statuses_[path] = status;
  }
  void SetHeader(const std::string& name, const std::string& value) {
    const MutexLock lock(mutex_);
    headers_ = {{name, value}};
  }
  size_t Asked(const std::string& path) {
    const MutexLock lock(mutex_);
    return static_cast<size_t>(std::ranges::count(asked_, path));
  }
  // Runs until `enough` says so of the results so far; the patience of tests is the loop's end.
  void RunUntil(CheckSettings settings, const std::function<bool()>& enough) {
    checks_ = std::make_unique<HealthChecks>(*loop_, std::move(settings),
                                             [this, enough](ReplicaId, const CheckResult& result) {
                                               results_.push_back(result);
                                               if (enough()) loop_->Stop();
                                             });
    checks_->Await({1}, url_, "mine");
    const auto late = loop_->After(http::testing::kPatience, [this] {
      ADD_FAILURE() << "waited too long";
      loop_->Stop();
    });
    loop_->Run();
    loop_->Cancel(late);
    checks_.reset();
  }
  const CheckResult& last() const { return results_.back(); }

  std::unique_ptr<EventLoop> loop_ = EventLoop::Create().value();
  std::vector<CheckResult> results_;
  http::Url url_;

 private:
  Mutex mutex_;
  std::map<std::string, int> statuses_ HEARTH_GUARDED_BY(mutex_){{"/ready", 200}, {"/health", 200}};
  std::vector<std::pair<std::string, std::string>> headers_ HEARTH_GUARDED_BY(mutex_);
  std::vector<std::string> asked_ HEARTH_GUARDED_BY(mutex_);
  std::unique_ptr<http::testing::TestServer> server_;
  std::unique_ptr<HealthChecks> checks_;
};

CheckSettings Fast() {
  CheckSettings settings;
  settings.interval = 10ms;
  settings.timeout = 5s;
  return settings;
}

TEST_F(HealthChecksTest, AsksOneReadyPathUntilItSays200) {
  Set("/ready", 503);
  RunUntil(Fast(), [this] {
    if (results_.size() == 5) Set("/ready", 200);
    return last().kind == Kind::kReady;
  });
  EXPECT_GE(results_.size(), 5U);
  EXPECT_EQ(results_[0].kind, Kind::kNotReady);
  EXPECT_EQ(results_[0].words, "GET /ready says 503");
  EXPECT_EQ(Asked("/health"), 0U);
}

TEST_F(HealthChecksTest, TellsTheSlots) {
  SetHeader("x-hearth-slots", "16");
  RunUntil(Fast(), [this] { return last().kind == Kind::kReady; });
  EXPECT_EQ(last().slots, 16);
}

TEST_F(HealthChecksTest, SlotsThatAreNoNumberCountAsNotSaid) {
  SetHeader("x-hearth-slots", "-4 of them");
  RunUntil(Fast(), [this] { return last().kind == Kind::kReady; });
  EXPECT_EQ(last().slots, 0);
}

TEST_F(HealthChecksTest, AnotherNonceIsAnotherServer) {
  SetHeader("x-hearth-nonce", "theirs");
  RunUntil(Fast(), [] { return true; });
  EXPECT_EQ(last().kind, Kind::kForeign);
}

TEST_F(HealthChecksTest, ItsOwnNonceIsFine) {
  SetHeader("x-hearth-nonce", "mine");
  RunUntil(Fast(), [] { return true; });
  EXPECT_EQ(last().kind, Kind::kReady);
}

TEST_F(HealthChecksTest, AWellReplicaIsAskedInTurn) {
  RunUntil(Fast(), [this] { return results_.size() == 7; });
  EXPECT_EQ(Asked("/ready"), 4U);
  EXPECT_EQ(Asked("/health"), 3U);
}

TEST_F(HealthChecksTest, WithOnePathForBothThatOneIsAsked) {
  CheckSettings settings = Fast();
  settings.health = "/ready";
  RunUntil(settings, [this] {
    if (results_.size() == 3) Set("/ready", 503);
    return results_.size() == 4;
  });
  EXPECT_EQ(last().kind, Kind::kFailed);
  EXPECT_EQ(Asked("/ready"), 4U);
}

TEST_F(HealthChecksTest, NotReadyIsToldFromSickInTheSameCheck) {
  RunUntil(Fast(), [this] {
    Set("/ready", 503);
    return last().kind != Kind::kReady;
  });
  EXPECT_EQ(last().kind, Kind::kNotReady);
  EXPECT_EQ(last().words, "GET /ready says 503");
}

TEST_F(HealthChecksTest, SickIsWellAgainOnlyWhenBothSayIt) {
  bool sick = false;
  RunUntil(Fast(), [&] {
    if (!sick && last().kind == Kind::kReady) Set("/health", 500);
    if (last().kind == Kind::kFailed) {
      sick = true;
      Set("/ready", 503);
      Set("/health", 200);
    }
    return sick && last().kind == Kind::kNotReady;
  });
  EXPECT_TRUE(last().answered);
}

TEST_F(HealthChecksTest, ARefusedConnectionWhileStartingIsNormal) {
  const uint16_t port = url_.port;
  url_.port = 1;  // nobody
  RunUntil(Fast(), [] { return true; });
  EXPECT_EQ(last().kind, Kind::kNotReady);
  EXPECT_FALSE(last().answered);
  url_.port = port;
}

}  // namespace
}  // namespace hearth::pool
