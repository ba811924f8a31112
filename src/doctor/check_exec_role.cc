// enableExecuteCommand needs a task role: the agent in the container speaks with Session Manager in
// its name. Looks at: the service, the task definition.
#include <fmt/format.h>

#include "aws/document.h"
#include "doctor/checks.h"
#include "doctor/finding.h"
#include "doctor/setup.h"

namespace hearth::doctor {
namespace {

Finding Judge(const Setup& setup, const Facts&) {
  if (!aws::BoolOf(setup.service, "enableExecuteCommand").value_or(false)) {
    return Ok(fmt::format("{}: execute-command is off", setup.where));
  }
  const std::string_view role = aws::TextOf(setup.task_definition, "taskRoleArn");
  if (!role.empty()) return Ok(fmt::format("{}: execute-command with {}", setup.where, role));
  return Ng(fmt::format("{}: execute-command is on, and there is no task role", setup.where),
            {"`aws ecs execute-command` fails with TargetNotConnectedException"},
            SetKey("ecs", "task_role", "\"…\"") +
                "; the role needs ssmmessages:CreateControlChannel, CreateDataChannel, "
                "OpenControlChannel and OpenDataChannel. Or set `exec = false`");
}

}  // namespace

std::vector<Finding> CheckExecRole(const Facts& facts) { return ForEachSetup(facts, Judge); }

}  // namespace hearth::doctor
