#include "doctor/load_time.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/parse.hpp>
#include <cmath>
#include <map>

#include "aws/document.h"
#include "doctor/finding.h"
#include "doctor/setup.h"
#include "doctor/task.h"

namespace hearth::doctor {
namespace {

constexpr double kDay = 86'400;
constexpr int kStartPeriodMax = 300;
constexpr int kLeast = 10;

struct Stream {
  double first = 0;
  const LiveFacts::LogLine* ready = nullptr;
};

std::map<std::string, Stream> StreamsOf(const LiveFacts& live) {
  std::map<std::string, Stream> streams;
  for (const LiveFacts::LogLine& line : live.log_lines) {
    const auto [found, is_new] = streams.try_emplace(line.stream);
    Stream& stream = found->second;
    stream.first = is_new ? line.time_s : std::min(stream.first, line.time_s);
    if (stream.ready == nullptr && line.message.find(kReadyLine) != std::string::npos) {
      stream.ready = &line;
    }
  }
  return streams;
}

// ready_ms of hearth's own line: from the start of its process.
std::optional<double> OwnSeconds(const std::string& message) {
  boost::system::error_code error;
  const boost::json::value line = boost::json::parse(message, error);
  if (error) return std::nullopt;
  const auto ready = aws::NumberOf(aws::AsObject(line), "ready_ms");
  return ready ? std::optional(*ready / 1000) : std::nullopt;
}

std::map<std::string, double> StartsOf(const Facts& facts) {
  std::map<std::string, double> starts;
  for (const auto& tasks : {StoppedTasks(facts), RunningTasks(facts)}) {
    for (const Task& task : tasks) {
      if (task.started) starts[task.id] = *task.started;
    }
  }
  return starts;
}

std::optional<LoadTime> FromLog(const Facts& facts) {
  const std::map<std::string, double> starts = StartsOf(facts);
  std::optional<LoadTime> longest;
  for (const auto& [name, stream] : StreamsOf(*facts.live)) {
    if (stream.ready == nullptr) continue;
    const std::string task = name.substr(name.rfind('/') + 1);
    const auto start = starts.find(task);
    const std::optional<double> own = OwnSeconds(stream.ready->message);
    const bool known = start != starts.end();
    const double seconds =
        own ? *own : stream.ready->time_s - (known ? start->second : stream.first);
    if (!(seconds >= 0 && seconds < kDay)) continue;
    if (longest && longest->seconds >= seconds) continue;
    const std::string_view after = own     ? "of its process"
                                   : known ? "after its startedAt"
                                           : "after its first log line";
    longest = LoadTime{seconds, fmt::format("log of task {}: \"{}\" {} {}", task, kReadyLine,
                                            InTime(seconds), after)};
  }
  return longest;
}

bool Given(const Facts& facts, std::string_view key) {
  return facts.file && facts.file->config.given.contains(key);
}

std::string Quoted(int seconds) { return fmt::format("\"{}s\"", seconds); }

}  // namespace

std::optional<LoadTime> SeenLoadTime(const Facts& facts) {
  return facts.live ? FromLog(facts) : std::nullopt;
}

std::optional<LoadTime> LoadTimeOf(const Facts& facts) {
  if (auto seen = SeenLoadTime(facts)) return seen;
  if (!Given(facts, "replica.start_time")) return std::nullopt;
  const double seconds = static_cast<double>(facts.file->config.replica.start_time.count()) / 1000;
  return LoadTime{seconds, fmt::format("hearth.toml: [replica] start_time = {}", InTime(seconds))};
}

int TwiceLoad(double seconds) {
  return std::max(kLeast, static_cast<int>(std::ceil(2 * std::clamp(seconds, 0., kDay))));
}

std::string FixStartPeriod(const Facts& facts, double load_seconds) {
  const int wanted = TwiceLoad(load_seconds);
  const int load = static_cast<int>(std::ceil(std::clamp(load_seconds, 1., kDay)));
  std::string fix = Given(facts, "ecs.start_period")
                        ? SetKey("ecs", "start_period", Quoted(std::min(wanted, kStartPeriodMax)))
                        : SetKey("replica", "start_time", Quoted(load));
  fix += fmt::format(": startPeriod {} s", std::min(wanted, kStartPeriodMax));
  if (wanted > kStartPeriodMax) {
    fix += fmt::format(
        " (AWS's most), and `[ecs] grace = {}` covers the rest of the load: "
        "healthCheckGracePeriodSeconds holds for container checks too",
        Quoted(wanted));
  }
  return fix;
}

std::string FixGrace(const Facts& facts, double load_seconds) {
  const int wanted = TwiceLoad(load_seconds);
  return fmt::format("{} (it is changed in place, no task is replaced)",
                     Given(facts, "ecs.grace") || !Given(facts, "replica.start_time")
                         ? SetKey("ecs", "grace", Quoted(wanted))
                         : fmt::format("run `hearth ecs apply`: hearth.toml's start_time asks for "
                                       "{} s",
                                       wanted));
}

}  // namespace hearth::doctor
