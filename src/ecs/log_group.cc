#include "ecs/inputs.h"

namespace hearth::ecs {

boost::json::object LogGroupInput(const EcsSpec& spec) {
  return {{"logGroupName", spec.log_group}, {"tags", TagsAsMap(spec)}};
}

boost::json::object LogRetentionInput(const EcsSpec& spec) {
  return {{"logGroupName", spec.log_group}, {"retentionInDays", spec.log_retention_days}};
}

}  // namespace hearth::ecs
