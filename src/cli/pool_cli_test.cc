#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <map>
#include <string>

#include "base/text_file.h"
#include "cli/history_file.h"
#include "cli/inherited_socket.h"
#include "cli/pool_view.h"
#include "cli/signal_watch.h"
#include "cli/up_progress.h"

namespace hearth::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

Env EnvOf(std::map<std::string, std::string> variables) {
  return [variables = std::move(variables)](std::string_view name) -> std::optional<std::string> {
    const auto found = variables.find(std::string(name));
    if (found == variables.end()) return std::nullopt;
    return found->second;
  };
}

TEST(InheritedSocket, IsTakenOnlyByTheProcessThatItIsFor) {
  EXPECT_EQ(*InheritedSockets(EnvOf({{"LISTEN_PID", "7"}, {"LISTEN_FDS", "1"}}), 7), 1);
  EXPECT_EQ(*InheritedSockets(EnvOf({{"LISTEN_PID", "8"}, {"LISTEN_FDS", "1"}}), 7), 0);
  EXPECT_EQ(*InheritedSockets(EnvOf({{"LISTEN_FDS", "1"}}), 7), 0);
  EXPECT_EQ(*InheritedSockets(EnvOf({}), 7), 0);
  for (const char* count : {"", "0", "x", "-1", "1x"}) {
    EXPECT_EQ(*InheritedSockets(EnvOf({{"LISTEN_PID", "7"}, {"LISTEN_FDS", count}}), 7), 0)
        << count;
  }
}

TEST(InheritedSocket, MoreThanOneIsRefused) {
  const auto two = InheritedSockets(EnvOf({{"LISTEN_PID", "7"}, {"LISTEN_FDS", "2"}}), 7);
  ASSERT_FALSE(two.has_value());
  EXPECT_EQ(two.error().code, Code::kUsage);
  EXPECT_THAT(two.error().message, HasSubstr("LISTEN_FDS=2"));
}

constexpr const char* kStatus = R"({
  "name": "hearth", "now_ms": 100000, "gateway": "http://127.0.0.1:8000", "version": "aaaaaaaaaaaa",
  "roll_state": "rolling", "roll": "1 of 2 replaced",
  "floor": {"value": 2, "source": "hearth.toml"}, "spare": {"value": 1, "source": "default"},
  "max": {"value": 12, "source": "hearth scale"}, "keep_warm_seconds": 300, "in_use": 1, "desired": 3,
  "ready": 1, "starting": 1, "waiting": 4, "news": [1, {"of": "a later version"}],
  "replicas": [
    {"id": "r1", "state": "ready", "version": "bbbbbbbbbbbb", "current": false, "ejected": true,
     "slots": 16, "busy": 3, "age_seconds": 7325, "start_seconds": 0.011, "pid": 4711,
     "memory_bytes": 4200000},
    {"id": "r12", "state": "starting", "version": "aaaaaaaaaaaa", "current": true,
     "age_seconds": 0.25, "container": "0123456789abcdef"},
    {"id": "r2", "state": "gone", "gone_seconds": 12, "end_reason": "exited: exit 3", "log": "/l/r2.log"}],
  "decisions": [{"at_ms": 97500, "desired": 3, "in_use": 1, "reason": "1 in use and 1 spare"}]
})";

TEST(PoolView, TextSaysWhatThePoolDoesAndWhy) {
  const auto view = ReadPoolView(kStatus);
  ASSERT_TRUE(view.has_value());
  EXPECT_EQ(
      StatusText(*view),
      "hearth at http://127.0.0.1:8000: 1 ready, 1 starting, 1 in use, 4 waiting; 3 wanted\n"
      "floor 2 (hearth.toml) · spare 1 (default) · max 12 (hearth scale) · keep warm 5m\n"
      "roll: 1 of 2 replaced\n"
      "\n"
      "REPLICA  STATE           BUSY  AGE     START  MEMORY  PID           VERSION\n"
      "r1       ready, ejected  3/16  2h 02m  11 ms  4.2 MB  4711          bbbbbbbbbbbb (old)\n"
      "r12      starting        0/1   250 ms  -      -       0123456789ab  aaaaaaaaaaaa\n"
      "r2 ended 12.0 s ago: exited: exit 3 (log: /l/r2.log)\n"
      "\n"
      "   2.5 s ago: 3 wanted, 1 in use: 1 in use and 1 spare\n");
  EXPECT_EQ(view->Find("r12")->state, "starting");
  EXPECT_EQ(view->Find("r3"), nullptr);
}

TEST(PoolView, WhatIsNoStatusIsAnErrorAndStrangeFieldsAreNot) {
  for (const char* text : {"", "nothing", "[]", "3"}) {
    EXPECT_FALSE(ReadPoolView(text).has_value()) << text;
  }
  const auto odd = ReadPoolView(R"({"name": 3, "replicas": [1, {}], "floor": 2, "ready": "x"})");
  ASSERT_TRUE(odd.has_value());
  EXPECT_EQ(odd->replicas.size(), 1U);
  EXPECT_EQ(odd->ready, 0);
}

pool::PoolStatus Starting() {
  pool::PoolStatus status;
  status.desired = 3;
  status.ready = 1;
  return status;
}

TEST(UpProgress, SaysHowManyAreReadyAndWhyOneIsNot) {
  pool::PoolStatus status = Starting();
  EXPECT_EQ(ProgressText(status), "1 of 3 ready");
  pool::ReplicaStatus gone;
  gone.id = {2};
  gone.state = pool::ReplicaState::kGone;
  gone.end_reason = "exited: exit 3";
  status.replicas = {gone};
  EXPECT_EQ(ProgressText(status), "1 of 3 ready; r2 ended: exited: exit 3");
  status.roll_state = pool::RollState::kPreparing;
  status.roll = "bringing hf://a/b";
  EXPECT_EQ(ProgressText(status), "bringing hf://a/b");
}

TEST(UpProgress, TheLineOfAPoolThatStandsHasItsAddresses) {
  pool::PoolStatus status = Starting();
  status.ready = 3;
  EXPECT_EQ(UpText(status, "http://a:1", "http://b:2", 45.4),
            "up: http://a:1 · page http://b:2 · 3 ready in 45 ms");
  pool::ReplicaStatus adopted;
  adopted.state = pool::ReplicaState::kReady;
  adopted.adopted = true;
  status.replicas = {adopted, adopted};
  EXPECT_THAT(UpText(status, "", "", 1), HasSubstr("3 ready (2 adopted) in 1 ms"));
}

TEST(UpProgress, IsUpWhenWhatIsWantedIsReady) {
  const Log log(STDERR_FILENO, LogFormat::kText, LogLevel::kError);
  UpProgress progress(false, UpProgress::Clock::now(), log);
  progress.Look({});  // nothing has been decided
  EXPECT_FALSE(progress.up());
  pool::PoolStatus status = Starting();
  progress.Look(status);
  EXPECT_FALSE(progress.up());
  status.ready = 3;
  progress.Look(status);
  EXPECT_TRUE(progress.up());
}

TEST(UpProgress, APoolThatWantsNoneIsUp) {
  const Log log(STDERR_FILENO, LogFormat::kText, LogLevel::kError);
  UpProgress progress(false, UpProgress::Clock::now(), log);
  pool::PoolStatus status;
  status.counts.decisions = 1;
  progress.Look(status);
  EXPECT_TRUE(progress.up());
}

TEST(HistoryFile, HoldsEveryEventInOrder) {
  const Log log(STDERR_FILENO, LogFormat::kText, LogLevel::kError);
  std::string folder = (std::filesystem::temp_directory_path() / "hearth-history-XXXXXX").string();
  ASSERT_NE(::mkdtemp(folder.data()), nullptr);
  const std::string path = folder + "/history";
  {
    auto file = *HistoryFile::Create(path, log);
    pool::Event event;
    event.words = "GET /embed";
    for (event.microseconds = 0; event.microseconds < 5'000; ++event.microseconds) file->Add(event);
  }
  const auto events = pool::ParseHistory(ReadText(path).value_or(""));
  ASSERT_TRUE(events.has_value());
  ASSERT_EQ(events->size(), 5'000U);
  for (int i = 0; i < 5'000; ++i) ASSERT_EQ((*events)[static_cast<size_t>(i)].microseconds, i);
  EXPECT_FALSE(HistoryFile::Create(folder + "/no/where", log).has_value());
  std::filesystem::remove_all(folder);
}

TEST(HistoryFile, AFullDiskIsSaidOnceAndHarmsNothing) {
  UniqueFd said(::open("/tmp", O_TMPFILE | O_RDWR, 0600));
  const Log log(said.get(), LogFormat::kText, LogLevel::kInfo);
  auto file = *HistoryFile::Create("/dev/full", log);
  for (int i = 0; i < 3; ++i) {
    file->Add({});
    file->Flush();
  }
  std::string text(4'096, '\0');
  const ssize_t got = ::pread(said.get(), text.data(), text.size(), 0);
  text.resize(static_cast<size_t>(std::max<ssize_t>(got, 0)));
  EXPECT_THAT(text, HasSubstr("/dev/full"));
  EXPECT_EQ(text.find('\n'), text.size() - 1) << text;
}

TEST(SignalWatch, TellsEachSignalOnTheLoop) {
  HoldSignals();
  const auto loop = *EventLoop::Create();
  std::vector<int> seen;
  const auto watch = SignalWatch::Open(*loop, [&](int signal) {
    seen.push_back(signal);
    if (seen.size() == 2) {
      loop->Stop();
    } else {
      ::kill(::getpid(), SIGINT);
    }
  });
  ASSERT_TRUE(watch.has_value());
  ::kill(::getpid(), SIGTERM);
  loop->After(std::chrono::seconds(30), [&] { loop->Stop(); });
  loop->Run();
  EXPECT_THAT(seen, ::testing::ElementsAre(SIGTERM, SIGINT));
}

}  // namespace
}  // namespace hearth::cli
