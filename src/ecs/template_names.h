// The API's names in other tools' templates: one row for each property that `apply` may send, so
// that what a template says can be held against the request. Pure.
//
// A path is the API's, from the call's input on, `[]` for an item of a list:
// "loadBalancers[].targetGroupArn". A target group's attributes are "Attributes[<key>]".
#pragma once

#include <boost/json/value.hpp>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ecs/desired.h"

namespace hearth::ecs {

enum class Form {
  kSame,     // the value as it is
  kNumber,   // a text there, a number here
  kBoolean,  // a text "true" there, a boolean here
  kSwitch,   // "ENABLED" there, true here
  kRole,     // an ARN; a name is made one
  kMap,      // the user's own keys: none is renamed
  kTags,     // a list of key and value, or a map: here the tool's form of tags
  kJson,     // jsonencode(…) of the API's own shape
  kLeftOut,  // the tool has no such thing; `why`
  kDefault,  // the tool cannot say it and does `to` (as JSON): left out where the value is that
};

struct TemplateName {
  Kind kind;
  std::string_view api;
  // CloudFormation: the property's own name. Terraform: the whole path, every step but the last a
  // block, "[]" for one block an item: "network_configuration.subnets".
  std::string_view to;
  Form form = Form::kSame;
  std::string_view why = {};
};

// Only where the rule does not hold: CloudFormation's name is the API's with a capital first.
std::span<const TemplateName> CloudFormationNames();

// Every property: what has no row cannot be exported.
std::span<const TemplateName> TerraformNames();

// nullptr where there is no row.
const TemplateName* FindName(std::span<const TemplateName> names, Kind kind, std::string_view api);

// CloudFormation's name for the last step of `api`.
std::string CloudFormationName(Kind kind, std::string_view api);

// Whether desired.h's references may stand at `api`; elsewhere such a text is the user's own.
bool IsReference(Kind kind, std::string_view api, const boost::json::value& value);

// An input as the tables name it: a target group's attributes by their keys, a rule's values under
// the field that they are for.
boost::json::object Canonical(const Resource& resource);

// Tags of any of the API's forms, in order.
std::vector<std::pair<std::string, std::string>> TagsOf(const boost::json::value& value);

// A name for a resource inside a template: letters and digits, and `joint` where there are others.
std::string LocalName(std::string_view name, std::string_view joint);

}  // namespace hearth::ecs
