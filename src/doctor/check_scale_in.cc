// Scaling in took warm tasks: scaling activities that set desiredCount below the wanted pool size,
// since MinCapacity let them, or that went down and up again within a few minutes, since the
// cooldown is short. What a scheduled action did was asked for.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "aws/document.h"
#include "doctor/checks.h"
#include "doctor/finding.h"
#include "doctor/setup.h"
#include "doctor/wanted.h"

namespace hearth::doctor {
namespace {

namespace json = boost::json;

constexpr double kCooldown = 300;
constexpr double kFlap = 600;  // down and up again within this was not worth it

struct Step {
  double at = 0;
  int to = 0;
  std::string words;
  bool scheduled = false;
  bool in = false;  // fewer tasks than before
};

bool Has(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

// "Setting desired count to 3."
std::optional<int> CountIn(std::string_view description) {
  constexpr std::string_view kWords = "desired count to ";
  const size_t at = description.find(kWords);
  if (at == std::string_view::npos) return std::nullopt;
  const std::string_view rest = description.substr(at + kWords.size());
  int count = 0;
  const auto read = std::from_chars(rest.data(), rest.data() + rest.size(), count);
  return read.ec == std::errc() ? std::optional(count) : std::nullopt;
}

// Oldest first.
std::vector<Step> StepsOf(const LiveFacts& live) {
  std::vector<Step> steps;
  for (const json::value& item : live.scaling_activities) {
    const json::object& activity = aws::AsObject(item);
    const std::string_view description = aws::TextOf(activity, "Description");
    const std::string_view cause = aws::TextOf(activity, "Cause");
    const std::string_view status = aws::TextOf(activity, "StatusCode");
    const auto to = CountIn(description);
    if (!to || (!status.empty() && status != "Successful" && status != "InProgress")) continue;
    steps.push_back({aws::NumberOf(activity, "StartTime").value_or(0), *to,
                     OneLine(fmt::format("{} {}", description, cause)),
                     Has(cause, "scheduled action"), Has(cause, "AlarmLow")});
  }
  std::sort(steps.begin(), steps.end(), [](const Step& a, const Step& b) { return a.at < b.at; });
  for (size_t i = 1; i < steps.size(); ++i) steps[i].in |= steps[i].to < steps[i - 1].to;
  return steps;
}

std::optional<double> LeastCooldown(const Setup& setup) {
  std::optional<double> least;
  for (const json::value& item : setup.policies) {
    const auto cooldown = aws::NumberOf(
        aws::ObjectOf(aws::AsObject(item), "TargetTrackingScalingPolicyConfiguration"),
        "ScaleInCooldown");
    if (cooldown) least = std::min(least.value_or(*cooldown), *cooldown);
  }
  return least;
}

// A scale-in that was undone within kFlap.
const Step* FlapOf(const std::vector<Step>& steps) {
  for (size_t i = 1; i < steps.size(); ++i) {
    const Step& before = steps[i - 1];
    const bool undone = before.in && !before.scheduled && steps[i].to > before.to;
    if (undone && steps[i].at - before.at < kFlap) return &before;
  }
  return nullptr;
}

Finding JudgeBelow(const std::vector<Step>& below, const WantedPool& wanted, const Setup& setup) {
  const auto min = WholeOf(setup.scalable_target, "MinCapacity");
  std::vector<std::string> evidence;
  for (const Step& step : below) {
    if (evidence.size() < 3) evidence.push_back("activity: " + step.words);
  }
  evidence.push_back(min ? fmt::format("MinCapacity is {}, {}", *min, wanted.from)
                         : "there is no scalable target");
  if (const auto desired = WholeOf(setup.service, "desiredCount")) {
    evidence.push_back(fmt::format("desiredCount is {} now", *desired));
  }
  int least = below[0].to;
  for (const Step& step : below) least = std::min(least, step.to);
  return Ng(
      fmt::format("scaling in took the pool to {}, the wanted size is {}", least, wanted.tasks),
      std::move(evidence),
      fmt::format("MinCapacity = {}: set `[pool] floor = {}` in hearth.toml and run `hearth ecs "
                  "apply`, or `hearth ecs scale --floor {}` at once",
                  wanted.tasks, wanted.tasks, wanted.tasks));
}

Finding JudgeWithin(const std::vector<Step>& steps, const Setup& setup) {
  const Step* flap = FlapOf(steps);
  const auto cooldown = LeastCooldown(setup);
  if (flap != nullptr && cooldown && *cooldown < kCooldown) {
    return Ng(
        "scaling in took tasks that were wanted again within 10 minutes",
        {"activity: " + flap->words, fmt::format("the least ScaleInCooldown is {} s", *cooldown)},
        SetKey("ecs.scaling", "scale_in_cooldown", "\"300s\""));
  }
  std::vector<std::string> evidence;
  for (auto step = steps.rbegin(); step != steps.rend() && evidence.size() < 3; ++step) {
    if (!step->in) continue;
    evidence.push_back((step->scheduled ? "as scheduled: " : "activity: ") + step->words);
  }
  if (evidence.empty()) return Ok("no scaling in is on record");
  return Ok("scaling in has kept to the wanted pool size", std::move(evidence));
}

}  // namespace

std::vector<Finding> CheckScaleIn(const Facts& facts) {
  if (!facts.live) return {Skip(WhyNotLive(facts))};
  const std::string not_seen = WhyNotSeen(facts, "scaling activities");
  if (!not_seen.empty()) return {Skip(not_seen)};
  const std::vector<Setup> setups = SetupsOf(facts);
  if (setups.empty() || !setups.back().live) return {Skip("the service is not on AWS")};
  const std::vector<Step> steps = StepsOf(*facts.live);
  const auto wanted = WantedOf(facts);
  std::vector<Step> below;
  std::copy_if(steps.begin(), steps.end(), std::back_inserter(below), [&](const Step& step) {
    return wanted && step.in && !step.scheduled && step.to < wanted->tasks;
  });
  if (!below.empty()) return {JudgeBelow(below, *wanted, setups.back())};
  return {JudgeWithin(steps, setups.back())};
}

}  // namespace hearth::doctor
