// The thread against an agent on loopback that says what ECS's does.
#include "serve/protector.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <vector>

#include "http/scripted_server.h"

namespace hearth::serve {
namespace {

using http::testing::Peer;
using http::testing::ScriptedServer;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using ::testing::HasSubstr;

constexpr const char* kIsProtected = R"({"protection":{"ProtectionEnabled":true}})";
constexpr const char* kIsNot = R"({"protection":{"ProtectionEnabled":false}})";

std::string AnswerOf(int status, const std::string& body) {
  return "HTTP/1.1 " + std::to_string(status) +
         " X\r\nContent-Length: " + std::to_string(body.size()) + "\r\nConnection: close\r\n\r\n" +
         body;
}

// Answers call `i` with answers[i] (after the last: the last), and keeps what was asked.
class Agent {
 public:
  explicit Agent(std::vector<std::string> answers)
      : answers_(std::move(answers)), server_([this](Peer& peer) { Answer(peer); }) {}

  http::Url url() const {
    return *http::ParseUrl("http://127.0.0.1:" + std::to_string(server_.port()) + "/api/0a1b");
  }
  // The bodies of the first `count` calls; fewer after 30 s.
  std::vector<std::string> Await(size_t count) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, seconds(30), [&] { return bodies_.size() >= count; });
    return bodies_;
  }
  std::string first_head() {
    const std::lock_guard lock(mutex_);
    return first_head_;
  }

 private:
  void Answer(Peer& peer) {
    const std::string head = peer.ReadHead();
    const size_t at = head.find("Content-Length: ");
    const std::string body =
        at == std::string::npos ? "" : peer.ReadBytes(std::stoul(head.substr(at + 16)));
    size_t call = 0;
    {
      const std::lock_guard lock(mutex_);
      if (bodies_.empty()) first_head_ = head;
      call = bodies_.size();
      bodies_.push_back(body);
      changed_.notify_all();
    }
    const std::string& answer = answers_[std::min(call, answers_.size() - 1)];
    if (answer == "silence") {
      peer.Hold();
    } else if (answer != "cut") {
      peer.Write(answer);
      peer.Hold();
    }
  }

  const std::vector<std::string> answers_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> bodies_;
  std::string first_head_;
  ScriptedServer server_;
};

// Requests as a test wants them: all of them run for long.
class Requests {
 public:
  void RunUntil(std::optional<Clock::time_point> deadline) {
    const std::lock_guard lock(mutex_);
    deadline_ = deadline;
  }
  LatestDeadline Function() {
    return [this](Clock::time_point) {
      const std::lock_guard lock(mutex_);
      return deadline_;
    };
  }

 private:
  std::mutex mutex_;
  std::optional<Clock::time_point> deadline_;
};

// Log lines, read as they come.
class LogLines {
 public:
  ~LogLines() {
    ::close(ends_[0]);
    ::close(ends_[1]);
  }
  const Log& log() const { return log_; }
  std::string Next() {
    std::string line;
    for (char byte = 0; byte != '\n'; line += byte) {
      pollfd ready{ends_[0], POLLIN, 0};
      if (::poll(&ready, 1, 30'000) != 1 || ::read(ends_[0], &byte, 1) != 1) break;
    }
    return line;
  }

 private:
  static std::array<int, 2> MakePipe() {
    std::array<int, 2> ends{};
    EXPECT_EQ(::pipe(ends.data()), 0);
    return ends;
  }

  const std::array<int, 2> ends_ = MakePipe();
  const Log log_{ends_[1], LogFormat::kText, LogLevel::kInfo};
};

ProtectorOptions Options(const Agent& agent) {
  ProtectorOptions options;
  options.agent = agent.url();
  options.after = milliseconds(40);
  options.call_time = milliseconds(1'000);
  options.protected_least = milliseconds(0);
  return options;
}

TEST(Protector, ProtectsWhileARequestRunsForLong) {
  Agent agent({AnswerOf(200, kIsProtected), AnswerOf(200, kIsNot)});
  Requests requests;
  LogLines lines;
  const Protector protector(Options(agent), requests.Function(), lines.log());
  requests.RunUntil(Clock::now() + seconds(90));
  EXPECT_THAT(lines.Next(), HasSubstr("The task is protected"));
  requests.RunUntil(std::nullopt);
  EXPECT_THAT(lines.Next(), HasSubstr("no longer protected"));
  EXPECT_EQ(agent.Await(2),
            (std::vector<std::string>{R"({"ProtectionEnabled":true,"ExpiresInMinutes":2})",
                                      R"({"ProtectionEnabled":false})"}));
  EXPECT_THAT(agent.first_head(), HasSubstr("PUT /api/0a1b/task-protection/v1/state HTTP/1.1\r\n"));
  EXPECT_THAT(agent.first_head(), HasSubstr("Content-Type: application/json\r\n"));
}

TEST(Protector, AsksForRequestsOfThatAge) {
  Agent agent({AnswerOf(200, kIsProtected)});
  LogLines lines;
  std::atomic<bool> asked = false;
  const auto began = Clock::now();
  const Protector protector(
      Options(agent),
      [&](Clock::time_point before) {
        EXPECT_LE(before, Clock::now() - milliseconds(40));
        EXPECT_GE(before, began - milliseconds(40));
        asked = true;
        return std::optional(Clock::now() + seconds(30));
      },
      lines.log());
  EXPECT_EQ(agent.Await(1).size(), 1);
  EXPECT_TRUE(asked);
}

TEST(Protector, CallsNobodyWhileNothingRunsForLong) {
  Agent agent({AnswerOf(200, kIsProtected)});
  LogLines lines;
  std::atomic<int> looks = 0;
  {
    const Protector protector(
        Options(agent),
        [&](Clock::time_point) {
          ++looks;
          return std::optional<Clock::time_point>();
        },
        lines.log());
    const auto deadline = Clock::now() + seconds(30);
    while (looks < 5 && Clock::now() < deadline) std::this_thread::yield();
  }
  EXPECT_GE(looks, 5);
  EXPECT_TRUE(agent.Await(0).empty());
}

struct Trouble {
  const char* name;
  std::string answer;
  const char* says;
};

class ProtectorInTrouble : public ::testing::TestWithParam<Trouble> {};

TEST_P(ProtectorInTrouble, WarnsOnceAndDoesNotBelieveIt) {
  Agent agent({GetParam().answer});
  Requests requests;
  requests.RunUntil(Clock::now() + minutes(5));
  LogLines lines;
  const Protector protector(Options(agent), requests.Function(), lines.log());
  const std::string line = lines.Next();
  EXPECT_THAT(line, HasSubstr("Task protection failed, and is tried again"));
  EXPECT_THAT(line, HasSubstr(GetParam().says));
}

INSTANTIATE_TEST_SUITE_P(
    Answers, ProtectorInTrouble,
    ::testing::Values(
        Trouble{"failure",
                AnswerOf(200, R"({"failure":{"Reason":"DEPLOYMENT_BLOCKED","Detail":"d"}})"),
                "DEPLOYMENT_BLOCKED"},
        Trouble{"forbidden", AnswerOf(403, R"({"error":{"Code":"AccessDeniedException"}})"),
                "ecs:UpdateTaskProtection"},
        Trouble{"not_found", AnswerOf(404, R"({"error":{"Message":"no container"}})"),
                "no container"},
        Trouble{"gateway", AnswerOf(504, R"({"error":{"Message":"Timed out calling ECS"}})"),
                "Timed out calling ECS"},
        Trouble{"throttled", AnswerOf(429, R"({"error":{"Code":"ThrottlingException"}})"),
                "throttles"},
        Trouble{"malformed", AnswerOf(200, R"({"protection":)"), "not JSON"},
        Trouble{"no_http", "what\r\n\r\n", "127.0.0.1"}, Trouble{"cut", "cut", "127.0.0.1"},
        Trouble{"silence", "silence", "127.0.0.1"}),
    [](const auto& param) { return param.param.name; });

TEST(Protector, TriesAgainAfterAFailure) {
  Agent agent({AnswerOf(503, ""), AnswerOf(200, kIsProtected)});
  Requests requests;
  requests.RunUntil(Clock::now() + minutes(5));
  LogLines lines;
  const Protector protector(Options(agent), requests.Function(), lines.log());
  EXPECT_THAT(lines.Next(), HasSubstr("HTTP 503"));
  EXPECT_THAT(lines.Next(), HasSubstr("The task is protected"));
}

TEST(Protector, EndsAtOnceThoughTheAgentIsSilent) {
  Agent agent({"silence"});
  Requests requests;
  requests.RunUntil(Clock::now() + minutes(5));
  LogLines lines;
  auto options = Options(agent);
  options.call_time = seconds(600);
  auto protector = std::make_unique<Protector>(options, requests.Function(), lines.log());
  ASSERT_EQ(agent.Await(1).size(), 1);
  const auto began = Clock::now();
  protector.reset();
  EXPECT_LT(Clock::now() - began, seconds(10));
}

}  // namespace
}  // namespace hearth::serve
