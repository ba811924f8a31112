// What is new since the last look at a deployment, as lines for a person. Pure.
#pragma once

#include <boost/json/object.hpp>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "ecs/deployment.h"
#include "ecs/task_view.h"

namespace hearth::ecs {

class News {
 public:
  // The service's events since `since_s`, and its counts when they changed.
  std::vector<std::string> OfService(const boost::json::object& service, double since_s);
  // Its status, stage and failed tasks, when they changed.
  std::vector<std::string> OfDeployment(const DeploymentState& state);
  // Each stopped task once, with its reason.
  std::vector<std::string> OfStopped(const std::vector<TaskView>& stopped, double since_s);

 private:
  std::set<std::string> events_, stopped_;
  std::string counts_, stage_;
  int failed_ = 0;
};

}  // namespace hearth::ecs
