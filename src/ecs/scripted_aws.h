// A CallService for tests: answers by action, in order; the last one of an action is given again
// and again. What was asked is kept. One thread.
#pragma once

#include <gtest/gtest.h>

#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <deque>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "aws/service_client.h"
#include "ecs/spec.h"

namespace hearth::ecs {

class ScriptedAws {
 public:
  ScriptedAws& Answer(const std::string& action, std::string_view json) {
    script_[action].push_back(boost::json::parse(json).as_object());
    return *this;
  }
  ScriptedAws& Refuse(const std::string& action, std::string code, int status = 400,
                      std::string message = "no") {
    aws::ServiceFailure failure;
    failure.http_status = status;
    failure.said.code = code;
    failure.said.message = message;
    failure.error = {Code::kUnavailable, action + ": " + code + ": " + message};
    script_[action].push_back(tl::unexpected(std::move(failure)));
    return *this;
  }
  // Called before every answer.
  std::function<void(const aws::ServiceRequest& request)> watch;

  aws::CallService call() {
    return [this](const aws::ServiceRequest& request) -> aws::ServiceAnswer {
      asked.push_back(request);
      if (watch) watch(request);
      const auto found = script_.find(request.action);
      if (found == script_.end()) {
        ADD_FAILURE() << "nothing is scripted for " << request.action;
        return boost::json::object();
      }
      aws::ServiceAnswer answer = found->second.front();
      if (found->second.size() > 1) found->second.pop_front();
      return answer;
    };
  }
  int Count(std::string_view action) const {
    int count = 0;
    for (const aws::ServiceRequest& one : asked) count += one.action == action ? 1 : 0;
    return count;
  }
  const boost::json::object& Input(std::string_view action) const {
    for (const aws::ServiceRequest& one : asked) {
      if (one.action == action) return one.input;
    }
    static const boost::json::object kNone;
    return kNone;
  }

  std::vector<aws::ServiceRequest> asked;

 private:
  std::map<std::string, std::deque<aws::ServiceAnswer>, std::less<>> script_;
};

inline EcsSpec TestSpec() {
  EcsSpec spec;
  spec.region = "eu-west-1";
  spec.cluster = "ml";
  spec.service = "pool";
  spec.family = "pool";
  spec.container = "replica";
  spec.log_group = "/ecs/pool";
  spec.log_prefix = "ecs";
  spec.check.command = {"CMD", "hearth", "probe"};
  spec.floor = 4;
  spec.spare = 1;
  spec.max = 12;
  return spec;
}

}  // namespace hearth::ecs
