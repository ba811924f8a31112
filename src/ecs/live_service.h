// A service that runs already, read whole and written as hearth.toml: `hearth ecs init
// --from-service`.
#pragma once

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "aws/service_client.h"
#include "base/result.h"

namespace hearth::ecs {

// As AWS answered.
struct LiveService {
  std::string region, cluster;
  boost::json::object service, task_definition;
  std::optional<boost::json::object> scalable_target;
  boost::json::array policies, scheduled_actions;
  std::optional<boost::json::object> target_group, rule;  // the first of each
  boost::json::array target_group_attributes;             // [{Key, Value}]
  std::string listener;                                   // ARN
  std::vector<std::string> notes;                         // what AWS refused to tell
};

// kNotFound: no such service. Only reads.
Result<LiveService> ReadLiveService(const aws::CallService& call, const std::string& region,
                                    const std::string& cluster, const std::string& service);

// The replica's container: the first essential one.
const boost::json::object& ReplicaContainer(const LiveService& live);

// Does its health check ask hearth?
bool HearthInside(const LiveService& live);

// [ecs] and [ecs.scaling] from it: what is not hearth's default is a key, what no key can say a
// comment. Pure.
std::string EcsSectionOf(const LiveService& live);
// [pool], [pool.schedule] and [replica] from it. Pure.
std::string PoolSectionsOf(const LiveService& live);

}  // namespace hearth::ecs
