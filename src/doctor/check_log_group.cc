// Where the log goes. A log group that is missing keeps every task from starting
// (ResourceInitializationError); no log at all leaves nothing to find the load time in.
#include <fmt/format.h>

#include "aws/document.h"
#include "doctor/checks.h"
#include "doctor/finding.h"
#include "doctor/setup.h"

namespace hearth::doctor {
namespace {

namespace json = boost::json;

Finding Judge(const Setup& setup, const Facts& facts) {
  if (setup.container.empty()) return Skip(fmt::format("{}: no container", setup.where));
  const json::object& log = aws::ObjectOf(setup.container, "logConfiguration");
  const std::string_view driver = aws::TextOf(log, "logDriver");
  if (driver.empty()) {
    return Ng(fmt::format("{}: the replica's output goes nowhere", setup.where),
              {"its container has no logConfiguration"},
              "run `hearth ecs apply`: it sets awslogs, and makes the log group");
  }
  const json::object& options = aws::ObjectOf(log, "options");
  const std::string_view group = aws::TextOf(options, "awslogs-group");
  if (driver != "awslogs") return Ok(fmt::format("{}: {}", setup.where, driver));
  if (!setup.live) return Ok(fmt::format("{}: {}, made by apply", setup.where, group));
  const bool is_ours = facts.file && facts.file->spec && facts.file->spec->log_group == group;
  if (!is_ours) {
    return Skip(
        fmt::format("{}: {} is not the log group that hearth.toml names", setup.where, group));
  }
  const std::string not_seen = WhyNotSeen(facts, "log group");
  if (!not_seen.empty()) return Skip(not_seen);
  const bool makes_it = aws::BoolOf(options, "awslogs-create-group").value_or(false);
  if (facts.live->observed.log_group || makes_it) {
    return Ok(fmt::format("{}: {}", setup.where, group));
  }
  return Ng(
      fmt::format("{}: there is no log group {}", setup.where, group),
      {"a task whose log group is missing does not start: ResourceInitializationError"},
      fmt::format("run `hearth ecs apply`, or `aws logs create-log-group --log-group-name {}`",
                  group));
}

}  // namespace

std::vector<Finding> CheckLogGroup(const Facts& facts) { return ForEachSetup(facts, Judge); }

}  // namespace hearth::doctor
