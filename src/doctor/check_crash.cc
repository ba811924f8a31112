// Tasks that ended by themselves, never started, or were on Spot: what is neither memory, nor the
// image, nor a health check.
#include <fmt/format.h>

#include <array>

#include "doctor/checks.h"
#include "doctor/finding.h"
#include "doctor/log_scan.h"
#include "doctor/setup.h"
#include "doctor/task.h"

namespace hearth::doctor {
namespace {

constexpr int kSigkill = 137;

std::string LogGroupOf(const Facts& facts) {
  return facts.file && facts.file->spec ? facts.file->spec->log_group : "LOG_GROUP";
}

Finding JudgeCrashes(const Facts& facts, const std::vector<Task>& crashed, size_t all) {
  std::vector<std::string> evidence = Lines(crashed);
  for (std::string& line : LastWords(facts, crashed[0].id)) evidence.push_back(std::move(line));
  if (crashed[0].exit_code == kSigkill) {
    evidence.push_back(
        "137 is a SIGKILL: without an OutOfMemoryError it is not proven to be memory");
  }
  return Ng(fmt::format("{} of {} ended by themselves", crashed.size(),
                        Count(static_cast<int64_t>(all), "stopped task")),
            std::move(evidence),
            fmt::format("mend what the log says: `aws logs tail {} --since 1h`; the same image "
                        "starts on this machine with `hearth up` and `backend = \"docker\"`",
                        LogGroupOf(facts)));
}

std::string FixStart(const Facts& facts, const std::string& words) {
  if (words.find("log group") != std::string::npos || words.find("awslogs") != std::string::npos) {
    return fmt::format("`aws logs create-log-group --log-group-name {}`, or `hearth ecs apply`",
                       LogGroupOf(facts));
  }
  if (words.find("secret") != std::string::npos || words.find("ssm") != std::string::npos) {
    return "let the execution role read the secret, and give the subnets a way to Secrets Manager: "
           "a "
           "NAT gateway or a VPC endpoint";
  }
  return "do what the reason names; where it is a time-out, the subnets have no way to AWS: a NAT "
         "gateway, VPC endpoints, or `[ecs] public_ip = true` in public subnets";
}

Finding JudgeNotStarted(const Facts& facts, const std::vector<Task>& tasks) {
  return Ng(fmt::format("{} never started", Count(static_cast<int64_t>(tasks.size()), "task")),
            Lines(tasks), FixStart(facts, tasks[0].Words()));
}

Finding JudgeSpot(const std::vector<Task>& tasks) {
  return Ng(
      fmt::format("AWS took back {} on Spot", Count(static_cast<int64_t>(tasks.size()), "task")),
      Lines(tasks), SetKey("ecs", "capacity", "\"FARGATE\""));
}

}  // namespace

std::vector<Finding> CheckCrash(const Facts& facts) {
  if (!facts.live) return {Skip(WhyNotLive(facts))};
  const std::string not_seen = WhyNotSeen(facts, "stopped tasks");
  if (!not_seen.empty()) return {Skip(not_seen)};
  const std::vector<Task> stopped = StoppedTasks(facts);
  std::vector<Finding> findings;
  std::vector<Task> crashed = Only(stopped, End::kCrash);
  for (Task& task : Only(stopped, End::kExit)) crashed.push_back(std::move(task));
  if (!crashed.empty()) findings.push_back(JudgeCrashes(facts, crashed, stopped.size()));
  const std::vector<Task> not_started = Only(stopped, End::kNotStarted);
  if (!not_started.empty()) findings.push_back(JudgeNotStarted(facts, not_started));
  const std::vector<Task> spot = Only(stopped, End::kSpot);
  if (!spot.empty()) findings.push_back(JudgeSpot(spot));
  if (findings.empty()) {
    findings.push_back(Ok(fmt::format(
        "none of {} did", Count(static_cast<int64_t>(stopped.size()), "stopped task"))));
  }
  return findings;
}

}  // namespace hearth::doctor
