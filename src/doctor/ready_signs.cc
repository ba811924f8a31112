#include "doctor/ready_signs.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "aws/document.h"
#include "doctor/finding.h"
#include "doctor/load_time.h"
#include "doctor/setup.h"
#include "doctor/task.h"

namespace hearth::doctor {
namespace {

namespace json = boost::json;

constexpr size_t kLines = 4;

// "Health checks failed with these codes: [404]", "codes: [502, 503]".
void ReadCodes(std::string_view text, ReadySigns* signs) {
  const size_t open = text.find("codes: [");
  int code = 0;
  for (size_t i = open; open != std::string_view::npos && i < text.size(); ++i) {
    if (std::isdigit(static_cast<unsigned char>(text[i])) != 0 && code < 1000) {
      code = code * 10 + (text[i] - '0');
      continue;
    }
    if (code >= 100 && code < 600) signs->codes.insert(code);
    code = 0;
    if (text[i] == ']') break;
  }
  signs->timed_out = signs->timed_out || text.find("imed out") != std::string_view::npos ||
                     text.find("Target.Timeout") != std::string_view::npos ||
                     text.find("request timeout") != std::string_view::npos;
}

void Add(std::string line, ReadySigns* signs) {
  if (signs->lines.size() < kLines) signs->lines.push_back(OneLine(line));
}

void ReadTargets(const LiveFacts& live, ReadySigns* signs) {
  for (const json::value& item : live.target_health) {
    const json::object& target = aws::ObjectOf(aws::AsObject(item), "Target");
    const json::object& health = aws::ObjectOf(aws::AsObject(item), "TargetHealth");
    const std::string_view state = aws::TextOf(health, "State");
    if (state == "healthy") ++signs->healthy;
    if (state == "initial") ++signs->starting;
    if (state != "unhealthy" && state != "unavailable") continue;
    ++signs->unhealthy;
    const std::string words =
        fmt::format("target {} is {}: {} {}", aws::TextOf(target, "Id"), state,
                    aws::TextOf(health, "Reason"), aws::TextOf(health, "Description"));
    ReadCodes(words, signs);
    Add(words, signs);
  }
}

// "(service S) (port 8000) is unhealthy in (target-group G) due to (reason …)".
void ReadEvents(const Facts& facts, ReadySigns* signs) {
  for (const json::value& item : aws::ListOf(LiveService(facts), "events")) {
    const std::string_view message = aws::TextOf(aws::AsObject(item), "message");
    if (message.find("is unhealthy in") == std::string_view::npos) continue;
    ReadCodes(message, signs);
    Add(fmt::format("event: {}", message), signs);
  }
}

// How long a task may run before it is odd that it is not healthy.
double Patience(const Facts& facts) {
  const auto load = LoadTimeOf(facts);
  const std::vector<Setup> setups = SetupsOf(facts);
  const double most = load ? 2 * load->seconds : 0;
  if (setups.empty() || !setups.back().live) return std::max(most, 120.);
  const Setup::ContainerCheck check = setups.back().Check();
  return std::max(
      {most, setups.back().Grace(), check.start_period + check.retries * check.interval});
}

void ReadRunning(const Facts& facts, ReadySigns* signs) {
  const double patience = Patience(facts);
  const bool by_targets = !facts.live->target_health.empty();
  for (const Task& task : RunningTasks(facts)) {
    const double age = task.started ? facts.now_s - *task.started : 0;
    if (!by_targets && task.health == "HEALTHY") ++signs->healthy;
    if (task.health == "HEALTHY" || task.health.empty()) continue;
    if (task.health != "UNHEALTHY" && age < patience) {
      if (!by_targets) ++signs->starting;
      continue;
    }
    if (!by_targets) ++signs->unhealthy;
    Add(fmt::format("task {}: running for {}, its check says {}", task.id, InTime(age),
                    task.health),
        signs);
  }
}

// Ended by a check: not ready within the time that it had.
void ReadStopped(const Facts& facts, ReadySigns* signs) {
  for (const Task& task : Only(StoppedTasks(facts), End::kUnhealthy)) {
    ++signs->ended;
    ReadCodes(task.reason, signs);
    Add(fmt::format("task {}: {}", task.id, task.Words()), signs);
  }
}

}  // namespace

ReadySigns ReadySignsOf(const Facts& facts) {
  ReadySigns signs;
  if (!facts.live) return signs;
  ReadTargets(*facts.live, &signs);
  ReadEvents(facts, &signs);
  ReadRunning(facts, &signs);
  ReadStopped(facts, &signs);
  return signs;
}

}  // namespace hearth::doctor
