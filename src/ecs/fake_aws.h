// An account of AWS in memory, for tests: what it is told it keeps, and tells it as AWS does: with
// its defaults filled in, sets in another order, answers of ELB as texts. Knows the calls that
// observe, plan and apply make; another one is a failure of the test.
#pragma once

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "aws/service_client.h"

namespace hearth::ecs {

class FakeAws {
 public:
  using Object = boost::json::object;
  using Array = boost::json::array;

  aws::CallService AsFunction() {
    return [this](const aws::ServiceRequest& request) { return Call(request); };
  }
  aws::ServiceAnswer Call(const aws::ServiceRequest& request);

  static aws::ServiceFailure Failure(std::string code, std::string message = "no");

  // Asked before each call; what it returns is the answer, and nothing happens.
  std::function<std::optional<aws::ServiceFailure>(const aws::ServiceRequest&)> before;
  // Asked after each call that did something: its answer is lost on the way.
  std::function<std::optional<aws::ServiceFailure>(const aws::ServiceRequest&)> after;
  std::vector<aws::ServiceRequest> writes;  // all calls that change something

  // What exists. ARNs name tags.
  std::map<std::string, Object> log_groups;
  std::vector<Object> revisions;                // of one family, oldest first
  std::map<std::string, Object> target_groups;  // by ARN
  std::map<std::string, Object> attributes;     // by ARN: key to value
  std::map<std::string, Object> rules;          // by ARN
  std::map<std::string, Object> services;       // by name
  std::optional<Object> scalable_target;
  std::map<std::string, Object> policies, scheduled_actions;  // by name
  std::map<std::string, std::map<std::string, std::string>> tags;
  std::string cluster_status = "ACTIVE";
  std::string subnet_vpc = "vpc-1", group_vpc = "vpc-1";
  std::string role_trusts = "ecs-tasks.amazonaws.com";
  bool listener_exists = true;
  int drains_for = 2;  // looks at a deleted service until it is INACTIVE

 private:
  using Answer = aws::ServiceAnswer;
  std::optional<Answer> Inputs(const aws::ServiceRequest& request);
  std::optional<Answer> Logs(const aws::ServiceRequest& request);
  std::optional<Answer> Tasks(const aws::ServiceRequest& request);
  std::optional<Answer> Services(const aws::ServiceRequest& request);
  std::optional<Answer> Balancer(const aws::ServiceRequest& request);
  std::optional<Answer> BalancerTags(const aws::ServiceRequest& request);
  std::optional<Answer> Rules(const aws::ServiceRequest& request);
  std::optional<Answer> Scaling(const aws::ServiceRequest& request);
  Answer Register(const Object& input);
  Answer CreateGroup(const Object& input);
  Answer CreateRule(const Object& input);
  Answer CreateService(const Object& input);
  Answer Revision(std::string_view name);
  Array TagList(const std::string& arn, const char* key, const char* value);
  void Tag(const std::string& arn, const Object& input);

  int made_ = 0;
};

}  // namespace hearth::ecs
