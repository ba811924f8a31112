// Which priority a listener rule of ours may have. Pure.
#pragma once

#include <boost/json/array.hpp>
#include <optional>
#include <string>

namespace hearth::ecs {

// The lowest above all that are taken: a rule there shadows nobody's. When 50000, AWS's highest, is
// taken: the highest free one. nullopt: none is free.
std::optional<int> FreePriority(const boost::json::array& rules);

// The rule that has `priority`, but for that with the ARN `ours`.
const boost::json::object* RuleAt(const boost::json::array& rules, int priority,
                                  std::string_view ours);

// "10": a rule before `priority` that takes every path and host; empty: none.
std::string RuleThatTakesAll(const boost::json::array& rules, int priority, std::string_view ours);

}  // namespace hearth::ecs
