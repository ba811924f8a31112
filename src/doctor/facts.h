// What the doctor knows: from the file, the machine, and AWS. Each part is absent where it was not
// looked at, with the reason. Values only.
#pragma once

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "config/config.h"
#include "ecs/desired.h"
#include "ecs/observed.h"
#include "ecs/spec.h"

namespace hearth::doctor {

struct StaticFacts {
  config::Config config;
  std::optional<ecs::EcsSpec> spec;  // where there is an [ecs]
  std::optional<ecs::Desired> desired;
  std::string spec_problem;  // why there is none
};

struct ModelFacts {
  std::string path;
  int64_t bytes = 0;                       // of the weights
  std::optional<int64_t> announced_bytes;  // what a hearth replica says it needs with it
  std::string problem;                     // missing, unreadable, not a model
};

struct ImageFacts {
  std::string name;
  int64_t bytes = 0;
  std::vector<std::string> build_tools;  // found in it: gcc, cmake, pip's cache, …
  boost::json::object config;            // Docker's: User, Env, Healthcheck, ExposedPorts, …
  std::string problem;
};

struct MachineFacts {
  std::optional<int64_t> memory_limit_bytes;
  double cpus = 0;
  uint32_t user = 0;
  std::map<std::string, std::string> env;  // HF_HOME, HF_HUB_CACHE, XDG_CACHE_HOME, HOME, …
  struct Folder {
    std::string path, why;  // "HF_HOME"
    bool exists = false, readable = false, writable = false;
    std::optional<int64_t> free_bytes;
  };
  std::vector<Folder> folders;
};

struct LocalFacts {
  MachineFacts machine;
  std::optional<ModelFacts> model;
  std::optional<ImageFacts> image;
  std::optional<boost::json::object> pool_status;  // of the admin API
  boost::json::array containers;                   // this pool's, as `docker inspect` has them
  std::string docker_problem, pool_problem;
};

// Answers as AWS gave them.
struct LiveFacts {
  ecs::Observed observed;
  boost::json::array deployments;                   // DescribeServiceDeployments
  boost::json::array running_tasks, stopped_tasks;  // DescribeTasks
  boost::json::array target_health;                 // TargetHealthDescriptions
  boost::json::array scaling_activities;            // with NotScaledReasons
  boost::json::array protected_tasks;               // GetTaskProtection
  boost::json::array subnets;                       // EC2 DescribeSubnets
  boost::json::array security_groups;
  boost::json::array image_details;  // ECR DescribeImages of the image
  struct LogLine {
    std::string stream, message;
    double time_s = 0;
  };
  std::vector<LogLine> log_lines;     // of the last tasks, oldest first
  std::vector<std::string> not_seen;  // "scaling activities: AccessDeniedException …"
};

struct Facts {
  std::optional<StaticFacts> file;
  std::string file_problem;
  std::optional<LocalFacts> local;
  std::string local_problem;
  std::optional<LiveFacts> live;
  std::string live_problem;  // "no [ecs] in hearth.toml", "no credentials: …"
  double now_s = 0;          // since 1970
};

}  // namespace hearth::doctor
