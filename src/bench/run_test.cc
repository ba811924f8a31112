// The measurements themselves, against a small real server (fake_server.cc) in a process of its
// own.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <boost/json.hpp>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <numeric>
#include <thread>

#include "bench/child.h"
#include "bench/load_loop.h"
#include "bench/load_run.h"
#include "bench/machine.h"
#include "bench/memory_run.h"
#include "bench/neighbour.h"
#include "bench/page_cache.h"
#include "bench/report.h"
#include "bench/start_run.h"
#include "bench/stats.h"

namespace hearth::bench {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::HasSubstr;

Target Fake(const std::string& label, int ready_after_ms, Form form = Form::kSeed,
            bool fails = false) {
  Target target;
  target.label = label;
  target.form = form;
  target.command = {FAKE_SERVER, "{port}", std::to_string(ready_after_ms)};
  if (fails) target.command.emplace_back("exit");
  return target;
}

const auto kSilent = [](const std::string&) {};

CellSpec Cell(int clients, size_t requests) {
  CellSpec spec;
  spec.clients = clients;
  spec.requests_max = requests;
  spec.warmup = milliseconds(0);
  spec.duration = seconds(60);  // never reached: the cells here end by their number of requests
  return spec;
}

class Run : public testing::Test {
 protected:
  Run() {
    std::string path = testing::TempDir() + "bench_run_XXXXXX";
    folder_ = ::mkdtemp(path.data());
  }
  ~Run() override {
    std::error_code ignored;
    fs::remove_all(folder_, ignored);
  }
  StartOptions Starts(int runs) const {
    StartOptions options;
    options.runs = runs;
    options.cache = CacheState::kKeep;
    options.log_folder = folder_;
    return options;
  }
  LoadOptions Loads(std::vector<CellSpec> cells) const {
    LoadOptions options;
    options.cells = std::move(cells);
    options.rounds = 2;
    options.log_folder = folder_;
    return options;
  }
  std::string folder_;
};

TEST_F(Run, StartSeesConnectHealthReadyAndFirstVectorInThisOrder) {
  const auto series = RunStarts({Fake("fake", 150)}, Starts(2), kSilent);
  ASSERT_EQ(series.size(), 1U);
  ASSERT_FALSE(series[0].error.has_value()) << series[0].error->message;
  ASSERT_EQ(series[0].samples.size(), 2U);
  for (const StartSample& sample : series[0].samples) {
    EXPECT_GT(sample.connect, 0);
    EXPECT_LE(sample.connect, sample.health);
    EXPECT_LT(sample.health, sample.ready);  // 150 ms lie between
    EXPECT_GE(sample.ready, 150);            // the server's own clock starts after exec
    EXPECT_LT(sample.ready, sample.first_vector);
    EXPECT_GE(sample.first_vector - sample.ready, sample.first_request * 0.99);
    EXPECT_GT(sample.steady_median, 0);
    EXPECT_GT(sample.memory.pss, 0);
    EXPECT_GT(sample.cpu_seconds, 0);
  }
}

TEST_F(Run, AServerThatEndsIsReportedWithWhatItPrinted) {
  const auto series =
      RunStarts({Fake("ends", 0, Form::kSeed, true), Fake("fine", 0)}, Starts(1), kSilent);
  ASSERT_TRUE(series[0].error.has_value());
  EXPECT_THAT(series[0].error->message, HasSubstr("this server is made to fail"));
  EXPECT_EQ(series[1].samples.size(), 1U);
}

TEST_F(Run, AServerThatIsNeverReadyTimesOut) {
  StartOptions options = Starts(1);
  options.timeout = milliseconds(200);
  const auto series = RunStarts({Fake("slow", 3'600'000)}, options, kSilent);
  ASSERT_TRUE(series[0].error.has_value());
  EXPECT_EQ(series[0].error->code, Code::kDeadlineExceeded);
}

TEST_F(Run, AProgramThatIsNotThereIsNamed) {
  Target target = Fake("none", 0);
  target.command[0] = "/no/such/program";
  const auto series = RunStarts({target}, Starts(1), kSilent);
  ASSERT_TRUE(series[0].error.has_value());
  EXPECT_THAT(series[0].error->message, HasSubstr("/no/such/program"));
}

TEST_F(Run, ClosedLoopCountsEveryRequestOfEveryForm) {
  const std::vector<Target> targets = {Fake("tei", 0, Form::kTei),
                                       Fake("openai", 0, Form::kOpenAi)};
  CellSpec spec = Cell(4, 40);
  spec.batch = 3;
  const auto rows = RunLoads(targets, Loads({spec}), kSilent);
  ASSERT_TRUE(rows.has_value()) << rows.error().message;
  ASSERT_EQ(rows->size(), 2U);
  for (const LoadRow& row : *rows) {
    ASSERT_FALSE(row.error.has_value()) << row.error->message;
    ASSERT_EQ(row.rounds.size(), 2U);
    for (const CellResult& cell : row.rounds) {
      EXPECT_EQ(cell.latencies.size(), 40U);
      EXPECT_EQ(cell.texts, 120U);
      EXPECT_EQ(cell.ErrorCount(), 0U);
      EXPECT_GT(cell.seconds, 0);
    }
  }
  EXPECT_GT(ThroughputRatio(rows->at(1), rows->at(0)), 0);
  EXPECT_EQ(ThroughputRatio(rows->at(0), rows->at(0)), 1);
}

TEST_F(Run, OpenLoopSendsWhatWasPlannedAndProbesBeside) {
  CellSpec spec = Cell(8, 0);
  spec.duration = milliseconds(500);
  spec.rate = 200;
  spec.arrivals = ArrivalKind::kConstant;
  spec.probe_path = "/health";
  const auto rows = RunLoads({Fake("fake", 0)}, Loads({spec}), kSilent);
  ASSERT_TRUE(rows.has_value()) << rows.error().message;
  for (const CellResult& cell : rows->at(0).rounds) {
    EXPECT_EQ(cell.latencies.size() + cell.ErrorCount(), 100U);
    EXPECT_GE(cell.seconds, 0.495);  // the last of 100 is planned for 495 ms
    EXPECT_FALSE(cell.probe_latencies.empty());
  }
}

TEST_F(Run, AStalledServerPaysForEveryPlannedRequest) {
  // One connection, 20 requests planned within 20 ms, and a server that is stopped meanwhile: all
  // of them must count the stall, not only the one that was on the wire.
  auto server = ServerUnderTest::Launch(Fake("stalls", 0), folder_ + "/log");
  ASSERT_TRUE(server.has_value()) << server.error().message;
  ASSERT_TRUE(server->AwaitReady({}, Clock::now() + seconds(30)).has_value());
  const auto prepared = Prepare(Cell(1, 0), Form::kSeed);
  ASSERT_TRUE(prepared.has_value());
  CellSpec spec = Cell(1, 0);
  LoadLoop loop(spec, *prepared, server->UrlOf("/"), 1);
  const pid_t pid = server->processes().front();
  ::kill(pid, SIGSTOP);
  std::thread wake([pid] {
    std::this_thread::sleep_for(milliseconds(200));
    ::kill(pid, SIGCONT);
  });
  loop.RunOpen(Arrivals(ArrivalKind::kConstant, 1000, milliseconds(20), 1));
  wake.join();
  const CellResult result = loop.Take();
  ASSERT_EQ(result.latencies.size(), 20U);
  // Request i was planned for i ms and answered latency later. On one connection answers come in
  // order, and the last one ends the run: latencies from the instant of sending would add up to far
  // less.
  double last = 0;
  for (size_t i = 0; i < 20; ++i) {
    const double answered = static_cast<double>(i) + result.latencies[i];
    EXPECT_GE(answered, last);
    last = answered;
  }
  EXPECT_NEAR(last, result.seconds * 1000, 0.01);
}

TEST_F(Run, ErrorsAreCountedByKind) {
  CellSpec spec = Cell(2, 10);
  const auto prepared = Prepare(spec, Form::kSeed);
  ASSERT_TRUE(prepared.has_value());
  auto server = ServerUnderTest::Launch(Fake("never", 3'600'000), folder_ + "/log");
  ASSERT_TRUE(server.has_value());
  std::ignore =
      server->AwaitReady({.health = "/health", .ready = "/health"}, Clock::now() + seconds(30));
  LoadLoop loop(spec, *prepared, server->UrlOf("/"), 1);
  loop.RunClosed(seconds(60), 10);
  const CellResult result = loop.Take();
  EXPECT_EQ(result.errors.at("status 503"), 10U);
  EXPECT_EQ(result.texts, 0U);
  // RunCell refuses such a server at once.
  EXPECT_EQ(RunCell(spec, *prepared, server->UrlOf("/")).error().code, Code::kUnavailable);
}

TEST_F(Run, ALaterTargetThatDoesNotStartIsLeftOut) {
  const auto rows = RunLoads({Fake("fine", 0), Fake("ends", 0, Form::kSeed, true)},
                             Loads({Cell(1, 5), Cell(2, 5)}), kSilent);
  ASSERT_TRUE(rows.has_value()) << rows.error().message;
  ASSERT_EQ(rows->size(), 4U);
  for (const size_t i : {0U, 2U}) EXPECT_EQ(rows->at(i).rounds.size(), 2U);
  for (const size_t i : {1U, 3U}) EXPECT_TRUE(rows->at(i).error.has_value());
  EXPECT_FALSE(
      RunLoads({Fake("ends", 0, Form::kSeed, true)}, Loads({Cell(1, 5)}), kSilent).has_value());
}

TEST_F(Run, ANeighbourKeepsACoreBusyAndLeaves) {
  pid_t pid = -1;
  {
    const Neighbour neighbour;
    pid = neighbour.pid();
    const Clock::time_point deadline = Clock::now() + seconds(30);
    while (ThreadSecondsOf({pid}) < 0.05 && Clock::now() < deadline) std::this_thread::yield();
    EXPECT_GE(ThreadSecondsOf({pid}), 0.05);
  }
  EXPECT_TRUE(ProcessTree(pid).empty());
}

TEST_F(Run, MemoryOfReplicasSideBySide) {
  MemoryOptions options;
  options.replicas = 2;
  options.settle = milliseconds(0);
  options.idle = milliseconds(50);
  options.log_folder = folder_;
  const auto row = MeasureMemory(Fake("fake", 0), options);
  ASSERT_TRUE(row.has_value()) << row.error().message;
  ASSERT_EQ(row->replicas.size(), 2U);
  for (const MemoryUsage& usage : row->replicas) {
    EXPECT_GT(usage.private_dirty, 0);
    EXPECT_LE(usage.private_dirty, usage.pss);
    EXPECT_LE(usage.pss, usage.rss);
  }
}

TEST_F(Run, StoppingAChildLeavesNothing) {
  auto child = Child::Start({"/bin/sh", "-c", "trap : TERM; sleep 1000 & echo started; wait"},
                            folder_ + "/log");
  ASSERT_TRUE(child.has_value()) << child.error().message;
  const pid_t pid = child->pid();
  // A server with a helper process: both get the signal, and the helper is init's to reap.
  const Clock::time_point deadline = Clock::now() + seconds(30);
  while (ProcessTree(pid).size() < 2 && Clock::now() < deadline) std::this_thread::yield();
  child->Stop();
  EXPECT_TRUE(ProcessTree(pid).empty());
  while (::kill(-pid, 0) == 0 && Clock::now() < deadline) std::this_thread::yield();
  EXPECT_EQ(::kill(-pid, 0), -1);
}

TEST_F(Run, PageCacheIsSetAndCanBeLookedAt) {
  const std::string path = folder_ + "/file";
  std::ofstream(path) << std::string(4 << 20, 'x');
  ASSERT_TRUE(SetCacheState(CacheState::kCold, {folder_}).has_value());
  const auto cold = CachedShare(path);
  ASSERT_TRUE(cold.has_value());
  ASSERT_TRUE(SetCacheState(CacheState::kWarm, {path}).has_value());
  EXPECT_EQ(*CachedShare(path), 1.0);
  EXPECT_LT(*cold, 1.0);
  EXPECT_FALSE(SetCacheState(CacheState::kWarm, {folder_ + "/none"}).has_value());
  EXPECT_THAT(FilesOfCommand({"sh", "--model=" + path, path, "{port}", "nothing"}),
              testing::ElementsAre(testing::EndsWith("/sh"), path, path));
}

TEST_F(Run, ReportsHoldEveryFigure) {
  const StartOptions starts = Starts(2);
  const auto series =
      RunStarts({Fake("fake", 0), Fake("ends", 0, Form::kSeed, true)}, starts, kSilent);
  const std::string table = StartTable(series, starts);
  EXPECT_THAT(table, HasSubstr("exec→ready"));
  EXPECT_THAT(table, HasSubstr("made to fail"));
  const auto json = boost::json::parse(StartJson(series, starts, ReadMachineFacts()));
  EXPECT_EQ(json.at("rows").at(0).at("runs").as_array().size(), 2U);
  EXPECT_TRUE(json.at("rows").at(1).as_object().contains("error"));
  EXPECT_GT(json.at("machine").at("cores").as_int64(), 0);

  const LoadOptions loads = Loads({Cell(2, 10)});
  const auto rows = RunLoads({Fake("one", 0), Fake("two", 0)}, loads, kSilent);
  ASSERT_TRUE(rows.has_value());
  EXPECT_THAT(LoadTable(*rows), HasSubstr("2 clients"));
  const auto load = boost::json::parse(LoadJson(*rows, loads, ReadMachineFacts()));
  EXPECT_EQ(load.at("rows").at(1).at("latency_ms").at("n").as_int64(), 20);
}

TEST(Report, ColumnsAreAligned) {
  EXPECT_EQ(FormatTable({{"name", "×"}, {"a", "10"}, {"long", ""}}), "name   ×\na     10\nlong\n");
}

}  // namespace
}  // namespace hearth::bench
