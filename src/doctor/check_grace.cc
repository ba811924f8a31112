// healthCheckGracePeriodSeconds: how long the scheduler ignores failed checks of a new task, the
// load balancer's and the container's. Its default of 0 is the commonest cause of a start-up loop.
#include <fmt/format.h>

#include "doctor/checks.h"
#include "doctor/finding.h"
#include "doctor/load_time.h"
#include "doctor/setup.h"

namespace hearth::doctor {
namespace {

// For a load time that is not known: what startPeriod 90 stands for.
constexpr double kLoadUnknown = 45;

Finding Judge(const Setup& setup, const Facts& facts) {
  if (setup.service.empty()) return Skip(fmt::format("{}: no service", setup.where));
  if (!setup.HasBalancer() && setup.Check().retries == 0) {
    return Skip(fmt::format("{}: no health check that it would hold for", setup.where));
  }
  const auto load = LoadTimeOf(facts);
  const double grace = setup.Grace();
  if (grace <= 0) {
    std::vector<std::string> evidence = {
        "0 is AWS's default: the first failed checks of a task that still loads count"};
    if (load) evidence.push_back(load->from);
    return Ng(fmt::format("{}: healthCheckGracePeriodSeconds is 0", setup.where),
              std::move(evidence), FixGrace(facts, load ? load->seconds : kLoadUnknown));
  }
  if (load && grace < load->seconds) {
    return Ng(fmt::format("{}: healthCheckGracePeriodSeconds is {}, the model takes {} to load",
                          setup.where, grace, InTime(load->seconds)),
              {load->from}, FixGrace(facts, load->seconds));
  }
  return Ok(fmt::format("{}: healthCheckGracePeriodSeconds is {}", setup.where, grace));
}

}  // namespace

std::vector<Finding> CheckGrace(const Facts& facts) { return ForEachSetup(facts, Judge); }

}  // namespace hearth::doctor
