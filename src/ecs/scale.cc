#include "ecs/scale.h"

#include <fmt/format.h>

#include <boost/json/array.hpp>
#include <utility>

#include "aws/document.h"
#include "ecs/scaling_ask.h"
#include "ecs/service_ask.h"
#include "ecs/spare_policy.h"

namespace hearth::ecs {
namespace {

using boost::json::object;

constexpr std::string_view kService = "application-autoscaling";

std::optional<int> IntIn(const object& in, std::string_view name) {
  const auto number = aws::NumberOf(in, name);
  return number ? std::optional(static_cast<int>(*number)) : std::nullopt;
}

Status Check(const EcsSpec& spec, const ScaleWish& wish, int floor, int max) {
  if (floor > max) {
    return Fail(Code::kUnprocessable,
                "floor {} is above max {}: raise --max too, or take a lower --floor", floor, max);
  }
  if (wish.floor && *wish.floor < 1 && spec.spare_policy) {
    return Fail(Code::kUnprocessable,
                "--floor {}: must be at least 1 on ECS: without a replica there is no load to "
                "measure, and the spare policy never starts one",
                *wish.floor);
  }
  if (wish.spare && !spec.spare_policy) {
    return Fail(Code::kUnprocessable,
                "--spare {}: this pool has no spare policy: it needs hearth inside the image and "
                "ecs.scaling.spare_policy = true",
                *wish.spare);
  }
  return {};
}

// Current capacity is clamped into [Min, Max] at every RegisterScalableTarget.
void NoteClamp(const ScaleNow& now, int floor, int max, ScalePlan* plan) {
  if (now.desired < floor) {
    plan->notes.push_back(
        fmt::format("AWS raises the wanted tasks from {} to {} at once", now.desired, floor));
  }
  if (now.desired > max) {
    plan->notes.push_back(fmt::format(
        "AWS lowers the wanted tasks from {} to {} at once: {} warm tasks drain and stop",
        now.desired, max, now.desired - max));
  }
}

void NoteFile(const EcsSpec& spec, const ScaleWish& wish, ScalePlan* plan) {
  if (wish.floor && !spec.schedule.empty()) {
    plan->notes.push_back(
        "the floor holds until the next time of [[pool.schedule]], which sets its own");
  }
  std::string keys;
  const auto add = [&](std::string_view key, const std::optional<int>& wanted, int in_file) {
    if (!wanted || *wanted == in_file) return;
    keys += fmt::format("{}{} = {}", keys.empty() ? "" : ", ", key, *wanted);
  };
  add("floor", wish.floor, spec.floor);
  add("spare", wish.spare, spec.spare);
  add("max", wish.max, spec.max);
  if (keys.empty()) return;
  plan->notes.push_back(
      fmt::format("this is kept on AWS alone: put {} into [pool] of hearth.toml, or the next "
                  "`hearth ecs apply` "
                  "goes by the file (a raised floor it keeps, unless --lower-floor)",
                  keys));
}

}  // namespace

Result<ScalePlan> PlanScale(const EcsSpec& spec, const ScaleWish& wish, const ScaleNow& now) {
  if (!now.floor || !now.max) {
    return Fail(Code::kNotFound,
                "service {} in cluster {} has no scalable target; `hearth ecs apply` makes it",
                spec.service, spec.cluster);
  }
  const int floor = wish.floor.value_or(*now.floor);
  const int max = wish.max.value_or(*now.max);
  if (Status fits = Check(spec, wish, floor, max); !fits) return Forward(fits);
  ScalePlan plan;
  if (wish.floor || wish.max) {
    object input = ScalableName(spec);
    if (wish.floor) input["MinCapacity"] = *wish.floor;
    if (wish.max) input["MaxCapacity"] = *wish.max;
    plan.requests.push_back({std::string(kService), "RegisterScalableTarget", std::move(input)});
    NoteClamp(now, floor, max, &plan);
  }
  if (wish.spare) {
    EcsSpec wanted = spec;
    wanted.spare = *wish.spare;
    plan.requests.push_back({std::string(kService), "PutScalingPolicy", SparePolicy(wanted)});
  }
  NoteFile(spec, wish, &plan);
  return plan;
}

object ScaleJson(const ScalePlan& plan) {
  boost::json::array requests;
  for (const aws::ServiceRequest& request : plan.requests) {
    requests.push_back(
        object{{"service", request.service}, {"action", request.action}, {"input", request.input}});
  }
  return {{"requests", std::move(requests)},
          {"notes", boost::json::array(plan.notes.begin(), plan.notes.end())}};
}

Result<ScaleNow> ReadScaleNow(const aws::CallService& call, const EcsSpec& spec) {
  auto service = AskService(call, spec);
  if (!service) return tl::unexpected(std::move(service.error().error));
  if (!*service) {
    return Fail(Code::kNotFound,
                "there is no service {} in cluster {} ({}); `hearth ecs apply` makes it",
                spec.service, spec.cluster, spec.region);
  }
  auto target = AskScalableTarget(call, spec);
  if (!target) return tl::unexpected(std::move(target.error().error));
  ScaleNow now;
  now.desired = static_cast<int>(aws::NumberOf(**service, "desiredCount").value_or(0));
  if (*target) {
    now.floor = IntIn(**target, "MinCapacity");
    now.max = IntIn(**target, "MaxCapacity");
  }
  return now;
}

}  // namespace hearth::ecs
