// EC2's wire does not use the names of its API: lists lose their plural on the way in, and come
// back with names of their own. For the calls that hearth makes (DescribeSubnets,
// DescribeSecurityGroups). Pure. Source: locationName in botocore's model.
#pragma once

#include <string>
#include <string_view>

namespace hearth::aws {

// "SubnetIds" → "SubnetId".
std::string_view Ec2InputName(std::string_view api_name);

// "subnetSet" → "Subnets", "vpcId" → "VpcId".
std::string Ec2OutputName(std::string_view wire_name);

}  // namespace hearth::aws
