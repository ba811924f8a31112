// One way to look at a pool's set-up on ECS, whether it is what hearth.toml renders or what AWS
// has: the API's shapes are the same. Pure.
//
// References are into the Facts. An object that is empty does not exist there.
#pragma once

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "doctor/check.h"

namespace hearth::doctor {

struct Setup {
  bool live = false;
  std::string_view where;  // "hearth.toml", "on AWS": how a finding's title begins
  const boost::json::object& task_definition;
  const boost::json::object& container;  // the replica's, of the task definition
  const boost::json::object& service;
  const boost::json::object& target_group;
  const boost::json::object& scalable_target;
  const boost::json::array& attributes;  // of the target group: [{Key, Value}]
  boost::json::array policies;           // of scaling

  bool HasBalancer() const;
  std::string_view Attribute(std::string_view key) const;  // of the target group
  // As the container's check stands; AWS's defaults filled in. No check: retries is 0.
  struct ContainerCheck {
    double interval = 30, timeout = 5, start_period = 0;
    int retries = 0;
    std::string command;  // all words, joined
  };
  ContainerCheck Check() const;
  double Grace() const;         // healthCheckGracePeriodSeconds
  double StopTimeout() const;   // of the container
  int64_t MemoryBytes() const;  // what the container may use; 0 when that is not said
};

// A count in a document: absent where it is no number from -1 to a billion.
std::optional<int> WholeOf(const boost::json::object& in, std::string_view name);

// The container that the service's load balancer names, else `name`, else the first that the task
// cannot do without. Empty: there is none.
const boost::json::object& ReplicaOf(const boost::json::object& task_definition,
                                     const boost::json::object& service, std::string_view name);

// What the file renders, then what AWS has; none, one or both.
std::vector<Setup> SetupsOf(const Facts& facts);
// Empty where AWS has none, or was not asked.
const boost::json::object& LiveService(const Facts& facts);

// `judge` on each set-up; one SKIP with the reason when there is none. Where the file is right and
// AWS has it wrong the fix is to apply the file.
using JudgeSetup = Finding (*)(const Setup& setup, const Facts& facts);
std::vector<Finding> ForEachSetup(const Facts& facts, JudgeSetup judge);

// Why nothing of AWS is known; empty when it is.
std::string WhyNotLive(const Facts& facts);
// Why `what` of LiveFacts was not seen ("scaling activities: AccessDenied…"); empty when it was.
std::string WhyNotSeen(const Facts& facts, std::string_view what);

// "set `[ecs] grace = \"60s\"` in hearth.toml, then run `hearth ecs apply`".
std::string SetKey(std::string_view table, std::string_view key, std::string_view value);
// Bytes as [replica] memory has them, in GiB or MiB.
std::string TomlSize(int64_t bytes);

// The replica is hearth's own server.
bool HearthInside(const Facts& facts);

}  // namespace hearth::doctor
