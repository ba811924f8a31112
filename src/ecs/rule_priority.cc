#include "ecs/rule_priority.h"

#include <set>

#include "aws/document.h"
#include "ecs/describe_shape.h"

namespace hearth::ecs {
namespace {

namespace json = boost::json;

constexpr int kPriorityMax = 50'000;

// The default rule has none.
std::optional<int> PriorityOf(const json::object& rule) {
  const std::optional<double> priority = aws::NumberOf(rule, "Priority");
  if (!priority || *priority < 1 || *priority > kPriorityMax) return std::nullopt;
  return static_cast<int>(*priority);
}

bool TakesAll(const json::object& rule) {
  const json::object normal = Normal(Kind::kListenerRule, rule);
  const json::array& conditions = aws::ListOf(normal, "Conditions");
  if (conditions.empty()) return false;
  for (const json::value& item : conditions) {
    bool all = false;
    for (const json::value& value : aws::ListOf(aws::AsObject(item), "Values")) {
      all = all || aws::AsText(value) == "*" || aws::AsText(value) == "/*";
    }
    if (!all) return false;
  }
  return true;
}

}  // namespace

std::optional<int> FreePriority(const json::array& rules) {
  std::set<int> taken;
  for (const json::value& item : rules) {
    if (const std::optional<int> priority = PriorityOf(aws::AsObject(item)))
      taken.insert(*priority);
  }
  int free = taken.empty() ? 1 : *taken.rbegin() + 1;
  while (free > kPriorityMax || (free > 0 && taken.contains(free))) --free;
  if (free == 0) return std::nullopt;
  return free;
}

const json::object* RuleAt(const json::array& rules, int priority, std::string_view ours) {
  for (const json::value& item : rules) {
    const json::object& rule = aws::AsObject(item);
    if (PriorityOf(rule) == priority && aws::TextOf(rule, "RuleArn") != ours) return &rule;
  }
  return nullptr;
}

std::string RuleThatTakesAll(const json::array& rules, int priority, std::string_view ours) {
  for (const json::value& item : rules) {
    const json::object& rule = aws::AsObject(item);
    const std::optional<int> theirs = PriorityOf(rule);
    if (theirs && *theirs < priority && aws::TextOf(rule, "RuleArn") != ours && TakesAll(rule)) {
      return std::to_string(*theirs);
    }
  }
  return {};
}

}  // namespace hearth::ecs
