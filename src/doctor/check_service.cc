// The service as DescribeServices has it: there, active, as many tasks as are wanted; what its
// newest events complain of.
#include <fmt/format.h>

#include <array>

#include "aws/document.h"
#include "doctor/checks.h"
#include "doctor/finding.h"
#include "doctor/setup.h"

namespace hearth::doctor {
namespace {

namespace json = boost::json;

constexpr auto kComplaints = std::to_array<std::string_view>(
    {"unable to", "was unhealthy", "is unhealthy", "failed", "impaired", "blocked"});

std::vector<std::string> Complaints(const json::object& service) {
  std::vector<std::string> lines;
  for (const json::value& item : aws::ListOf(service, "events")) {
    const std::string_view message = aws::TextOf(aws::AsObject(item), "message");
    bool complains = false;
    for (const std::string_view part : kComplaints) {
      complains = complains || message.find(part) != std::string_view::npos;
    }
    if (complains && lines.size() < 3) lines.push_back("event: " + OneLine(message));
  }
  return lines;
}

}  // namespace

std::vector<Finding> CheckService(const Facts& facts) {
  if (!facts.live) return {Skip(WhyNotLive(facts))};
  const json::object& service = LiveService(facts);
  if (service.empty()) return {Skip("the service is not on AWS yet: `hearth ecs apply` makes it")};
  const std::string_view name = aws::TextOf(service, "serviceName");
  const int wanted = WholeOf(service, "desiredCount").value_or(0);
  const int running = WholeOf(service, "runningCount").value_or(0);
  const int pending = WholeOf(service, "pendingCount").value_or(0);
  const std::string_view status = aws::TextOf(service, "status");
  std::vector<std::string> events = Complaints(service);
  if (!status.empty() && status != "ACTIVE") {
    return {Ng(fmt::format("{} is {}", name, status), std::move(events),
               "wait until it is gone, then run `hearth ecs apply`")};
  }
  const std::string counts =
      fmt::format("{}: {} of {} tasks run, {} pending", name, running, wanted, pending);
  if (running >= wanted) return {Ok(counts, std::move(events))};
  return {Ng(counts, std::move(events),
             "the checks below say why tasks end or do not start; `hearth ecs wait` streams events "
             "as they come")};
}

}  // namespace hearth::doctor
