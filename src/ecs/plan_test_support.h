// A pool and an account for the tests of plan and apply.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "ecs/apply.h"
#include "ecs/desired.h"
#include "ecs/fake_aws.h"
#include "ecs/observed.h"
#include "ecs/plan.h"

namespace hearth::ecs {

// With everything on: load balancer, exec, retention, schedule, tags.
inline EcsSpec TestSpec() {
  EcsSpec spec;
  spec.region = "eu-west-1";
  spec.cluster = "c";
  spec.service = "s";
  spec.family = "f";
  spec.container = "replica";
  spec.image = "repo/image:1";
  spec.env = {{"A", "1"}, {"B", "2"}, {"HF_TOKEN", "hidden"}};
  spec.arch = "X86_64";
  spec.capacity = "FARGATE";
  spec.execution_role = "arn:aws:iam::1:role/execution";
  spec.task_role = "task";
  spec.subnets = {"subnet-1", "subnet-2"};
  spec.security_groups = {"sg-1"};
  spec.exec = true;
  spec.check.command = {"CMD", "hearth", "probe", "health"};
  spec.grace = seconds(60);
  spec.log_group = "/ecs/f";
  spec.log_prefix = "ecs";
  spec.log_retention_days = 30;
  spec.balancer = LoadBalancer{.listener = "arn:listener",
                               .target_group = "c-s",
                               .path = "/ready",
                               .rule_paths = {"/a/*", "/b/*"},
                               .rule_hosts = {"x.example.com"},
                               .deregistration_delay = seconds(30)};
  spec.times = {
      {.cron = "0 8 ? * MON-FRI *", .timezone = "Europe/Paris", .name = "s-floor-1", .floor = 4}};
  spec.tags = {{"purpose", "warm-pool"}};
  return spec;
}

inline Desired DesiredOf(const EcsSpec& spec) {
  Result<Desired> desired = MakeDesired(spec, std::chrono::system_clock::time_point());
  if (!desired) ADD_FAILURE() << desired.error().message;
  return desired ? *desired : Desired();
}

inline Observed ObservedOf(FakeAws* aws, const EcsSpec& spec, ObserveOptions options = {}) {
  Result<Observed> observed = Observe(aws->AsFunction(), spec, options);
  if (!observed) ADD_FAILURE() << observed.error().message;
  return observed ? *observed : Observed();
}

inline Plan PlanOf(FakeAws* aws, const EcsSpec& spec, const PlanOptions& options = {}) {
  return MakePlan(spec, DesiredOf(spec), ObservedOf(aws, spec), options);
}

inline ApplyOptions NoWait() {
  ApplyOptions options;
  options.wait = [](std::chrono::milliseconds) { return true; };
  return options;
}

// Looks, plans, does.
inline Result<ApplyOutcome> ApplyOnce(FakeAws* aws, const EcsSpec& spec,
                                      const PlanOptions& options = {}) {
  const Observed observed = ObservedOf(aws, spec);
  const Plan plan = MakePlan(spec, DesiredOf(spec), observed, options);
  const Cancel cancel;
  return Apply(aws->AsFunction(), plan, observed, cancel, nullptr, NoWait());
}

inline Result<ApplyOutcome> DestroyOnce(FakeAws* aws, const EcsSpec& spec) {
  const Observed observed = ObservedOf(aws, spec, {.all_revisions = true});
  const Cancel cancel;
  return Apply(aws->AsFunction(), MakeDestroyPlan(spec, observed), observed, cancel, nullptr,
               NoWait());
}

// Why a plan is not empty; empty: it is.
inline std::string NotEmpty(const Plan& plan) {
  return plan.actions.empty() && plan.problems.empty() ? "" : PrintPlan(plan);
}

}  // namespace hearth::ecs
