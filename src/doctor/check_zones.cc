// Subnets in one availability zone only: the whole pool goes with it. Looks at: the service's
// subnets, and EC2's word on their zones.
#include <fmt/format.h>

#include <set>

#include "aws/document.h"
#include "doctor/checks.h"
#include "doctor/finding.h"
#include "doctor/setup.h"

namespace hearth::doctor {
namespace {

namespace json = boost::json;

std::set<std::string> ZonesOf(const Facts& facts, const std::set<std::string>& subnets) {
  std::set<std::string> zones;
  if (!facts.live) return zones;
  for (const json::value& item : facts.live->subnets) {
    const json::object& subnet = aws::AsObject(item);
    if (!subnets.contains(std::string(aws::TextOf(subnet, "SubnetId")))) continue;
    const std::string_view zone = aws::TextOf(subnet, "AvailabilityZone");
    if (!zone.empty()) zones.emplace(zone);
  }
  return zones;
}

Finding Judge(const Setup& setup, const Facts& facts) {
  const json::object& network =
      aws::ObjectOf(aws::ObjectOf(setup.service, "networkConfiguration"), "awsvpcConfiguration");
  std::set<std::string> subnets;
  for (const json::value& item : aws::ListOf(network, "subnets")) {
    subnets.emplace(aws::AsText(item));
  }
  if (subnets.empty()) return Skip(fmt::format("{}: no subnets", setup.where));
  constexpr auto kFix =
      "add a subnet of another availability zone to `[ecs] subnets` in "
      "hearth.toml, then run `hearth ecs apply`";
  const std::string ids = fmt::format("{}", fmt::join(subnets, ", "));
  if (subnets.size() < 2) {
    return Ng(
        fmt::format("{}: the pool is in one subnet, so in one availability zone", setup.where),
        {ids}, kFix);
  }
  const std::set<std::string> zones = ZonesOf(facts, subnets);
  if (zones.size() == 1) {
    return Ng(
        fmt::format("{}: all {} subnets are in {}", setup.where, subnets.size(), *zones.begin()),
        {ids}, kFix);
  }
  if (zones.empty()) {
    return Ok(fmt::format("{}: {} subnets", setup.where, subnets.size()),
              {"their zones were not looked up"});
  }
  return Ok(fmt::format("{}: {} zones", setup.where, zones.size()),
            {fmt::format("{}", fmt::join(zones, ", "))});
}

}  // namespace

std::vector<Finding> CheckZones(const Facts& facts) { return ForEachSetup(facts, Judge); }

}  // namespace hearth::doctor
