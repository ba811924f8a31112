// startPeriod of the container's check: at least 2 × the load time, at most 300 (AWS refuses more);
// beyond that the service's grace period covers the load. A model over 1 GB whose load was never
// measured needs 120 s.
#include <fmt/format.h>

#include "doctor/checks.h"
#include "doctor/finding.h"
#include "doctor/load_time.h"
#include "doctor/setup.h"

namespace hearth::doctor {
namespace {

constexpr double kMost = 300;
constexpr int64_t kLargeModel = 1'000'000'000;
constexpr double kLargeModelPeriod = 120;
constexpr double kLoadUnknown = 45;

Finding JudgeUnmeasured(const Setup& setup, const Facts& facts, double period) {
  const ModelFacts* model = facts.local && facts.local->model ? &*facts.local->model : nullptr;
  if (model != nullptr && model->bytes > kLargeModel && period < kLargeModelPeriod) {
    return Ng(fmt::format("{}: startPeriod is {} s for a model of {}", setup.where, period,
                          InGb(model->bytes)),
              {"over 1 GB it takes 120 s or more until its load time is measured",
               "`hearth bench start --write` measures it and writes [replica] start_time"},
              FixStartPeriod(facts, kLargeModelPeriod / 2));
  }
  if (period <= 0 && setup.Grace() <= 0) {
    return Ng(fmt::format("{}: the container check has no startPeriod", setup.where),
              {"its first failed checks count, while the model loads"},
              FixStartPeriod(facts, kLoadUnknown));
  }
  return Ok(fmt::format("{}: startPeriod is {} s", setup.where, period),
            {"the load time is not known: no ready line in the log, no [replica] start_time"});
}

Finding Judge(const Setup& setup, const Facts& facts) {
  const Setup::ContainerCheck check = setup.Check();
  if (check.retries == 0) return Skip(fmt::format("{}: no container check", setup.where));
  if (check.start_period > kMost) {
    return Ng(fmt::format("{}: startPeriod is {} s, AWS takes at most 300", setup.where,
                          check.start_period),
              {"RegisterTaskDefinition refuses it"}, FixStartPeriod(facts, check.start_period / 2));
  }
  const auto load = LoadTimeOf(facts);
  if (!load) return JudgeUnmeasured(setup, facts, check.start_period);
  const double wanted = 2 * load->seconds;
  if (check.start_period >= wanted || setup.Grace() >= wanted) {
    return Ok(fmt::format("{}: startPeriod {} s and grace {} s, the model takes {} to load",
                          setup.where, check.start_period, setup.Grace(), InTime(load->seconds)),
              {load->from});
  }
  return Ng(
      fmt::format("{}: startPeriod {} s is shorter than 2 × the load time of {}", setup.where,
                  check.start_period, InTime(load->seconds)),
      {load->from,
       fmt::format("ECS ends a task that is not healthy after about {}: startPeriod + {} × {}",
                   InTime(check.start_period + check.retries * check.interval), check.retries,
                   InTime(check.interval)),
       fmt::format("healthCheckGracePeriodSeconds is {}", setup.Grace())},
      FixStartPeriod(facts, load->seconds));
}

}  // namespace

std::vector<Finding> CheckStartPeriod(const Facts& facts) { return ForEachSetup(facts, Judge); }

}  // namespace hearth::doctor
