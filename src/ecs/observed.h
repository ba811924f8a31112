// What AWS says exists of a pool, as its Describe calls answered, and whether the inputs exist.
#pragma once

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <optional>
#include <string>
#include <vector>

#include "aws/service_client.h"
#include "base/result.h"
#include "ecs/spec.h"

namespace hearth::ecs {

// Something that must exist before: checked by name. `remedy` is empty when it is there.
struct InputCheck {
  std::string what;          // "subnet", "execution role"
  std::string name;          // as the file says
  std::string remedy;        // "there is no subnet subnet-abc123 in eu-west-1: …"
  bool not_checked = false;  // AccessDenied: said, not fatal
};

// Objects are as AWS answered; empty optionals do not exist.
struct Observed {
  std::vector<InputCheck> inputs;
  std::string vpc;                                     // of the subnets
  std::optional<boost::json::object> log_group;        // logs DescribeLogGroups, with "tags"
  std::optional<boost::json::object> task_definition;  // newest active revision, with "tags"
  std::optional<boost::json::object>
      service_task_definition;                // the one the service runs, where another
  boost::json::array older_task_definitions;  // all other active revisions, where asked for
  std::optional<boost::json::object> target_group;
  boost::json::array target_group_tags;
  boost::json::array target_group_attributes;  // [{Key, Value}]
  boost::json::array rules;                    // all of the listener
  std::optional<boost::json::object> rule;     // the one that is tagged as ours, with "Tags"
  std::optional<boost::json::object> service;  // ecs DescribeServices with TAGS; not INACTIVE
  std::optional<boost::json::object> scalable_target;
  boost::json::array policies, scheduled_actions;  // of the service
};

struct ObserveOptions {
  bool all_revisions = false;  // every active revision of the family: for destroy
};

// Only reads. A failure is one that leaves nothing to say (credentials, network); what one service
// refuses to tell (AccessDenied) is in `inputs`, or the failure when it is needed.
Result<Observed> Observe(const aws::CallService& call, const EcsSpec& spec,
                         const ObserveOptions& options = {});

}  // namespace hearth::ecs
