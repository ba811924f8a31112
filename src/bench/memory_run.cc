#include "bench/memory_run.h"

#include <thread>
#include <utility>

#include "bench/corpus.h"
#include "bench/load_loop.h"

namespace hearth::bench {
namespace {

Result<ServerUnderTest> StartWarm(const Target& target, const MemoryOptions& options, int number) {
  Result<ServerUnderTest> server = ServerUnderTest::Launch(
      target, fmt::format("{}/{}.{}.log", options.log_folder, target.label, number));
  if (!server) return server;
  const Clock::time_point deadline = Clock::now() + options.timeout;
  const Result<ReadyTimes> ready = server->AwaitReady(options.paths, deadline);
  if (!ready) return tl::unexpected<Error>(ready.error());
  const Corpus corpus = MakeCorpus({}, static_cast<size_t>(options.requests), 1);
  for (const std::string& text : corpus.texts) {
    const Result<std::string> body = MakeBody(target.form, std::span(&text, 1));
    if (!body) return tl::unexpected<Error>(body.error());
    const Result<http::Answer> answer = server->Ask(PostOf(target.form, *body), deadline);
    if (!answer) return tl::unexpected<Error>(answer.error());
    if (answer->status != 200) {
      return Fail(Code::kUnavailable, "a request after ready is answered {}", answer->status);
    }
  }
  std::this_thread::sleep_for(options.settle);
  return server;
}

}  // namespace

Result<MemoryRow> MeasureMemory(const Target& target, const MemoryOptions& options) {
  MemoryRow row;
  row.target = target.label;
  std::vector<ServerUnderTest> servers;
  for (int i = 0; i < options.replicas; ++i) {
    Result<ServerUnderTest> server = StartWarm(target, options, i);
    if (!server) return Forward(server);
    servers.push_back(std::move(*server));
    if (i == 0) row.alone = MemoryOf(servers[0].processes());
  }
  std::vector<pid_t> all;
  for (const ServerUnderTest& server : servers) {
    const std::vector<pid_t> processes = server.processes();
    row.replicas.push_back(MemoryOf(processes));
    all.insert(all.end(), processes.begin(), processes.end());
  }
  const double before = ThreadSecondsOf(all);
  const Clock::time_point begin = Clock::now();
  std::this_thread::sleep_for(options.idle);
  const std::chrono::duration<double> wall = Clock::now() - begin;
  if (wall.count() > 0) {
    row.idle_cpu_percent = (ThreadSecondsOf(all) - before) / wall.count() /
                           static_cast<double>(options.replicas) * 100;
  }
  return row;
}

}  // namespace hearth::bench
