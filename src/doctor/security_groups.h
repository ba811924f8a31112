// What the service's security groups let in. Pure.
#pragma once

#include <string>
#include <vector>

#include "doctor/check.h"

namespace hearth::doctor {

struct PortRule {
  bool known = false;  // the groups were seen
  bool open = false;   // one of them lets something in on the port
  std::vector<std::string> groups;
};

PortRule RuleFor(const Facts& facts, int port);

}  // namespace hearth::doctor
