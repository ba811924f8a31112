// Runs a plan's actions in order. What it has done stays done when a step fails: the next `apply`
// goes on from there, since it plans from what exists.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <string>

#include "aws/service_client.h"
#include "base/cancel.h"
#include "base/result.h"
#include "ecs/plan.h"

namespace hearth::ecs {

struct ApplyOutcome {
  std::map<std::string, std::string, std::less<>> references;  // "${target_group}" → its ARN
  int done = 0;                                                // actions
  bool deployment_started = false;
};

// Called after each action that was done, and before each (done = false).
using ApplyProgress = std::function<void(const Action& action, bool done)>;

struct ApplyOptions {
  // How to pass time; false: stop. By default sleeps, unless `cancel` fires.
  std::function<bool(std::chrono::milliseconds)> wait;
  // Between two looks: at a service that drains, or a thing that is in use for a moment longer.
  std::chrono::milliseconds pause{5'000};
  int in_use_tries = 24;  // of one step; then it is an error
  int drain_looks = 240;
};

// kCancelled between two steps; the failing step's name, AWS's code and words, and that `apply`
// again goes on from here. A create that AWS says exists already is a lost race: an error that says
// so, and the next apply finds it; nothing is made twice. A rule's priority that another took
// meanwhile is chosen anew. What is to be deleted and is gone already is done. A service that is
// deleted is waited for until its tasks have ended. kUnprocessable: the plan has problems; nothing
// is done.
Result<ApplyOutcome> Apply(const aws::CallService& call, const Plan& plan, const Observed& observed,
                           const Cancel& cancel, const ApplyProgress& progress,
                           ApplyOptions options = {});

// The requests in order, references left in, as `--dry-run` prints them: one JSON object a line.
std::string DryRun(const Plan& plan);

}  // namespace hearth::ecs
