// The pool that `hearth up` runs here: as many ready as the floor, why replicas ended, and what
// Docker says of its containers. Looks at: the admin API's status, `docker inspect`.
#include <fmt/format.h>

#include <algorithm>

#include "aws/document.h"
#include "doctor/checks.h"
#include "doctor/finding.h"
#include "doctor/setup.h"

namespace hearth::doctor {
namespace {

namespace json = boost::json;

std::vector<std::string> WhyTheyEnded(const json::object& status) {
  std::vector<std::string> lines;
  for (const json::value& item : aws::ListOf(status, "replicas")) {
    const json::object& replica = aws::AsObject(item);
    const std::string_view reason = aws::TextOf(replica, "end_reason");
    if (reason.empty() || lines.size() == 3) continue;
    lines.push_back(fmt::format("replica {}: {}", aws::TextOf(replica, "id"), OneLine(reason)));
  }
  return lines;
}

Finding JudgePool(const json::object& status) {
  const int floor = WholeOf(aws::ObjectOf(status, "floor"), "value").value_or(0);
  const int ready = WholeOf(status, "ready").value_or(0);
  const int starting = WholeOf(status, "starting").value_or(0);
  std::vector<std::string> evidence = WhyTheyEnded(status);
  const std::string_view name = aws::TextOf(status, "name");
  if (aws::TextOf(status, "roll_state") == "failed") {
    evidence.insert(evidence.begin(), OneLine(aws::TextOf(status, "roll")));
    return Ng(fmt::format("pool {}: its last roll failed", name), std::move(evidence),
              "mend what the line above says and `hearth roll` again; the pool runs what it ran "
              "before");
  }
  if (ready >= floor) return Ok(fmt::format("pool {}: {} ready, floor {}", name, ready, floor));
  return Ng(
      fmt::format("pool {}: {} ready of a floor of {}, {} starting", name, ready, floor, starting),
      std::move(evidence),
      "`hearth status` names each replica's log, which has its last words; `hearth bench "
      "start` measures how long one takes to start");
}

void JudgeContainers(const LocalFacts& local, std::vector<Finding>* findings) {
  for (const json::value& item : local.containers) {
    const json::object& container = aws::AsObject(item);
    const json::object& state = aws::ObjectOf(container, "State");
    if (!aws::BoolOf(state, "OOMKilled").value_or(false)) continue;
    const double limit =
        aws::NumberOf(aws::ObjectOf(container, "HostConfig"), "Memory").value_or(0);
    findings->push_back(
        Ng(fmt::format("container {} was killed for memory", aws::TextOf(container, "Name")),
           {fmt::format("docker inspect: OOMKilled, its limit is {}",
                        InMib(static_cast<int64_t>(std::clamp(limit, 0., 1e15))))},
           "raise `[replica] memory` in hearth.toml; the check \"memory\" says how much it needs"));
  }
}

}  // namespace

std::vector<Finding> CheckLocalPool(const Facts& facts) {
  if (!facts.local) return {Skip(facts.local_problem)};
  std::vector<Finding> findings;
  if (facts.local->pool_status) findings.push_back(JudgePool(*facts.local->pool_status));
  JudgeContainers(*facts.local, &findings);
  if (!findings.empty()) return findings;
  const std::string& why = facts.local->pool_problem;
  return {Skip(why.empty() ? "no pool runs here" : why)};
}

}  // namespace hearth::doctor
