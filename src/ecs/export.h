// The same pool as a template for other tools: what `apply` would send, property by property
// (template_names.h says under which names). Pure.
//
// Both fail with kUnprocessable, naming the property, where the other tool cannot say what the file
// says: a template that leaves something out without a word would make another pool.
#pragma once

#include <string>

#include "base/result.h"
#include "ecs/desired.h"
#include "ecs/spec.h"

namespace hearth::ecs {

// CloudFormation, JSON. The inputs that must exist stay literals; the VPC, and the rule's priority
// where the file has none, are parameters.
Result<std::string> ExportCloudFormation(const EcsSpec& spec, const Desired& desired);

// Terraform, HCL, as `terraform fmt` writes it; desired_count is ignored after creation.
Result<std::string> ExportTerraform(const EcsSpec& spec, const Desired& desired);

}  // namespace hearth::ecs
