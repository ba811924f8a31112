// The execution role pulls the image from ECR, reads secrets and writes the log: without it a task
// never starts. Looks at: the task definition; whether the role exists is the check "inputs".
#include <fmt/format.h>

#include "aws/document.h"
#include "doctor/checks.h"
#include "doctor/finding.h"
#include "doctor/setup.h"

namespace hearth::doctor {
namespace {

std::vector<std::string> WhatNeedsIt(const Setup& setup) {
  std::vector<std::string> needs;
  for (const boost::json::value& item :
       aws::ListOf(setup.task_definition, "containerDefinitions")) {
    const boost::json::object& container = aws::AsObject(item);
    const std::string_view name = aws::TextOf(container, "name");
    if (aws::TextOf(container, "image").find(".dkr.ecr.") != std::string_view::npos) {
      needs.push_back(fmt::format("container {}: its image is in ECR", name));
    }
    if (aws::TextOf(aws::ObjectOf(container, "logConfiguration"), "logDriver") == "awslogs") {
      needs.push_back(fmt::format("container {}: its log goes to CloudWatch", name));
    }
    if (!aws::ListOf(container, "secrets").empty()) {
      needs.push_back(fmt::format("container {}: it has secrets", name));
    }
  }
  return needs;
}

Finding Judge(const Setup& setup, const Facts&) {
  if (setup.task_definition.empty()) {
    return Skip(fmt::format("{}: no task definition", setup.where));
  }
  const std::string_view role = aws::TextOf(setup.task_definition, "executionRoleArn");
  if (!role.empty()) return Ok(fmt::format("{}: {}", setup.where, role));
  std::vector<std::string> needs = WhatNeedsIt(setup);
  if (needs.empty()) return Ok(fmt::format("{}: none, and nothing needs one", setup.where));
  return Ng(fmt::format("{}: there is no execution role", setup.where), std::move(needs),
            SetKey("ecs", "execution_role", "\"ecsTaskExecutionRole\"") +
                "; the role needs the policy AmazonECSTaskExecutionRolePolicy");
}

}  // namespace

std::vector<Finding> CheckExecutionRole(const Facts& facts) { return ForEachSetup(facts, Judge); }

}  // namespace hearth::doctor
