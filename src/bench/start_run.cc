#include "bench/start_run.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "bench/corpus.h"
#include "bench/load_loop.h"
#include "bench/machine.h"
#include "bench/stats.h"

namespace hearth::bench {
namespace {

// After this long without a start, a warm measurement is preceded by one that is not counted: files
// that are only read (Python's modules) may have left the page cache.
constexpr std::chrono::seconds kStillWarm{30};

double Milliseconds(Clock::duration duration) {
  return std::chrono::duration<double, std::milli>(duration).count();
}

// Asks once; kUnavailable when the answer is not 200.
Result<http::Answer> AskForVector(ServerUnderTest& server, const http::Outgoing& request,
                                  Clock::time_point deadline) {
  Result<http::Answer> answer = server.Ask(request, deadline);
  if (!answer) return answer;
  if (answer->status != 200) {
    return Fail(Code::kUnavailable, "a request after ready is answered {}: {}", answer->status,
                answer->body.substr(0, 200));
  }
  return answer;
}

}  // namespace

Result<StartSample> MeasureStart(const Target& target, const StartOptions& options) {
  std::vector<std::string> files = FilesOfCommand(target.command);
  const std::vector<std::string> more = PathsFor(options.files, target.label);
  files.insert(files.end(), more.begin(), more.end());
  if (Status set = SetCacheState(options.cache, files); !set) return Forward(set);
  const Corpus corpus = MakeCorpus({.mixed = false, .tokens = options.tokens}, 1, 1);
  const Result<std::string> body = MakeBody(target.form, corpus.texts);
  if (!body) return tl::unexpected<Error>(body.error());
  const http::Outgoing request = PostOf(target.form, *body);

  const ForeignMeter before({});
  const Clock::time_point deadline = Clock::now() + options.timeout;
  Result<ServerUnderTest> server =
      ServerUnderTest::Launch(target, options.log_folder + "/" + target.label + ".log");
  if (!server) return Forward(server);
  Result<ReadyTimes> times = server->AwaitReady(options.paths, deadline);
  if (!times) return Forward(times);
  Result<http::Answer> first = AskForVector(*server, request, deadline);
  if (!first) return Forward(first);
  StartSample sample;
  sample.connect = Milliseconds(times->connect);
  sample.health = Milliseconds(times->health);
  sample.ready = Milliseconds(times->ready);
  sample.first_vector = Milliseconds(first->done - server->started());
  sample.first_request = Milliseconds(first->done - first->sent);
  const std::vector<pid_t> so_far = server->processes();
  sample.cpu_seconds = std::max(ThreadSecondsOf(so_far), CpuSecondsOf(so_far));
  if (Result<AnswerShape> shape = ReadAnswer(target.form, first->body); !shape)
    return Forward(shape);

  std::vector<double> steady;
  for (int i = 0; i < options.steady_requests; ++i) {
    Result<http::Answer> answer = AskForVector(*server, request, Clock::now() + options.timeout);
    if (!answer) return Forward(answer);
    steady.push_back(Milliseconds(answer->done - answer->sent));
  }
  sample.steady_median = Median(std::move(steady));
  const std::vector<pid_t> processes = server->processes();
  sample.memory = MemoryOf(processes);
  // Everything the server has used since exec is its own, so the meter that began without it must
  // not count it.
  sample.foreign_cores = before.Read(CpuSecondsOf(processes));
  return sample;
}

std::vector<StartSeries> RunStarts(const std::vector<Target>& targets, const StartOptions& options,
                                   const std::function<void(const std::string&)>& on_progress) {
  std::vector<StartSeries> out;
  out.reserve(targets.size());
  for (const Target& target : targets)
    out.push_back({.target = target, .samples = {}, .error = {}});
  std::vector<Clock::time_point> last(targets.size(), Clock::now() - 2 * kStillWarm);
  for (int run = 0; run < options.runs; ++run) {
    for (size_t i = 0; i < out.size(); ++i) {
      // Every other round goes backwards, so that no target always follows the same one.
      const size_t at = run % 2 == 0 ? i : out.size() - 1 - i;
      StartSeries& series = out[at];
      if (series.error) continue;
      if (options.cache == CacheState::kWarm && Clock::now() - last[at] > kStillWarm) {
        std::ignore = MeasureStart(series.target, options);
      }
      Result<StartSample> sample = MeasureStart(series.target, options);
      last[at] = Clock::now();
      if (!sample) {
        series.error = sample.error();
        on_progress(fmt::format("{}: {}", series.target.label, sample.error().message));
        continue;
      }
      on_progress(fmt::format("{} run {}/{}: ready {:.1f} ms, first vector {:.1f} ms",
                              series.target.label, run + 1, options.runs, sample->ready,
                              sample->first_vector));
      series.samples.push_back(*sample);
    }
  }
  return out;
}

}  // namespace hearth::bench
