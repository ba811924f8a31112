#include "doctor/security_groups.h"

#include "aws/document.h"
#include "doctor/setup.h"

namespace hearth::doctor {
namespace {

namespace json = boost::json;

bool LetsIn(const json::object& permission, int port) {
  const std::string_view protocol = aws::TextOf(permission, "IpProtocol");
  if (protocol == "-1") return true;
  if (protocol != "tcp" && protocol != "6") return false;
  const auto from = WholeOf(permission, "FromPort");
  const auto to = WholeOf(permission, "ToPort");
  return from && to && *from <= port && port <= *to;
}

}  // namespace

PortRule RuleFor(const Facts& facts, int port) {
  PortRule rule;
  if (!facts.live) return rule;
  for (const json::value& item : facts.live->security_groups) {
    const json::object& group = aws::AsObject(item);
    rule.known = true;
    rule.groups.emplace_back(aws::TextOf(group, "GroupId"));
    for (const json::value& permission : aws::ListOf(group, "IpPermissions")) {
      rule.open = rule.open || LetsIn(aws::AsObject(permission), port);
    }
  }
  return rule;
}

}  // namespace hearth::doctor
