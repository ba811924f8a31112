#include "aws/ec2_names.h"

#include <algorithm>
#include <array>
#include <utility>

namespace hearth::aws {

namespace {

using Pair = std::pair<std::string_view, std::string_view>;

constexpr std::array<Pair, 5> kInput = {{
    {"Filters", "Filter"},
    {"GroupIds", "GroupId"},
    {"GroupNames", "GroupName"},
    {"SubnetIds", "SubnetId"},
    {"Values", "Value"},
}};
constexpr std::array<Pair, 5> kOutput = {{
    {"groupDescription", "Description"},
    {"groups", "UserIdGroupPairs"},
    {"securityGroupInfo", "SecurityGroups"},
    {"subnetSet", "Subnets"},
    {"tagSet", "Tags"},
}};

}  // namespace

std::string_view Ec2InputName(std::string_view api_name) {
  const auto* const at = std::ranges::find(kInput, api_name, &Pair::first);
  return at == kInput.end() ? api_name : at->second;
}

std::string Ec2OutputName(std::string_view wire_name) {
  const auto* const at = std::ranges::find(kOutput, wire_name, &Pair::first);
  std::string name(at == kOutput.end() ? wire_name : at->second);
  if (!name.empty() && name[0] >= 'a' && name[0] <= 'z') {
    name[0] = static_cast<char>(name[0] - 'a' + 'A');
  }
  return name;
}

}  // namespace hearth::aws
