// hearth.toml, read and checked: what every command that knows the pool works from.
//
// One table (keys.cc) holds each key with its type, default, range and meaning; parsing, messages,
// `hearth up --help` and docs/config.md come from it. Immutable after ParseConfig; values of plain
// types only.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace hearth::config {

struct Model {
  // hf://org/name[@revision], s3://bucket/prefix, a folder or a packed file; empty: the command or
  // image brings its own.
  std::string source;
};

struct ScheduleEntry {
  std::string cron;              // five fields
  std::string timezone = "UTC";  // an IANA name
  int floor = 0;
  int line = 0;  // in the file, for messages
};

struct Pool {
  std::string name = "hearth";
  int floor = 2;
  int spare = 1;
  int max = 12;
  std::chrono::milliseconds keep_warm{300'000};
  int slots = 0;  // 0: a hearth replica says its own, any other has 1
  int surge = 1;  // how many more than max may run during a roll
  std::vector<ScheduleEntry> schedule;
  std::string state_dir;  // empty: `.hearth` beside the configuration file
};

enum class Backend { kProcess, kDocker };

struct Replica {
  Backend backend = Backend::kProcess;
  std::vector<std::string> command;  // empty: hearth's own server on model.source
  std::string image;                 // docker only
  std::map<std::string, std::string> env;
  std::vector<std::string> mounts;      // docker only: "source:target[:ro]"
  std::string network = "bridge";       // docker only: "bridge" (published on loopback) or "host"
  bool read_only = true;                // docker only
  int port = 8000;                      // docker, bridge: the port inside the container
  std::vector<std::string> retry_safe;  // paths that may be sent twice
  std::string ready = "/ready";
  std::string health = "/health";
  double cpu = 1;
  int64_t memory_bytes = 0;  // 0: no limit
  std::chrono::milliseconds start_time{2'000};
  std::chrono::milliseconds start_timeout{0};    // 0: derived: 10 × start_time, at least 30 s
  std::chrono::milliseconds drain_time{30'000};  // for what a draining replica still works on
  std::chrono::milliseconds health_interval{5'000};
  std::chrono::milliseconds health_timeout{2'000};
};

struct Gateway {
  std::string listen = "127.0.0.1:8000";  // host:port, or unix:/path
  int connections = 1024;                 // clients at once
  int hold_requests = 256;
  std::chrono::milliseconds hold_time{10'000};
  std::chrono::milliseconds request_timeout{60'000};     // of one request, all in all
  std::chrono::milliseconds first_byte_timeout{30'000};  // of one attempt, from sent to first byte
  int64_t body_bytes_max = 2'000'000;
  int64_t retry_buffer_bytes = 262'144;  // a body up to this may be sent again
  double retry_budget = 0.2;             // of the requests in flight, and never fewer than 3
};

struct Admin {
  std::string listen = "127.0.0.1:8001";  // never public
};

// A table that is handed on as it is: JSON, one object.
struct JsonTable {
  std::string text = "{}";
};

// [ecs] and [ecs.scaling]. Empty texts and zeros are derived (ecs/spec.h says how).
struct Ecs {
  bool given = false;  // the file has [ecs]
  std::string region, cluster, service, image;
  std::vector<std::string> subnets, security_groups;
  std::string execution_role, task_role;
  std::string listener;              // ARN; empty: no load balancer
  std::string arch = "X86_64";       // or ARM64
  std::string capacity = "FARGATE";  // or FARGATE_SPOT
  std::string server = "auto";  // "hearth" or "other"; auto: other with a command or health_command
  std::string family;           // empty: the service's name
  std::string container = "replica";
  std::string log_group;  // empty: /ecs/<family>
  std::string log_prefix = "ecs";
  int log_retention_days = 0;  // 0: kept
  int desired = 0;             // at creation; 0: the floor in force, at least spare and 1
  bool public_ip = false;
  bool exec = false;
  bool rebalancing = false;  // availabilityZoneRebalancing
  std::vector<std::string> health_command;
  std::chrono::milliseconds health_interval{15'000};
  std::chrono::milliseconds health_timeout{5'000};
  int health_retries = 3;
  std::chrono::milliseconds start_period{0};
  std::chrono::milliseconds grace{0};
  std::chrono::milliseconds stop_timeout{0};
  std::chrono::milliseconds deregistration_delay{0};
  std::string target_group;
  std::vector<std::string> rule_paths = {"/*"};
  std::vector<std::string> rule_hosts;
  int rule_priority = 0;
  int64_t ephemeral_storage_bytes = 0;
  std::string pull_image;  // s3:// models: what runs `hearth pull`; empty: image
  std::chrono::milliseconds protect_after{0};  // 0: off
  std::chrono::milliseconds wait_timeout{900'000};
  std::map<std::string, std::string> tags;

  double cpu_target = 60;                                // scaling.cpu_target; 0: none
  std::chrono::milliseconds scale_out_cooldown{60'000};  // scaling.…
  std::chrono::milliseconds scale_in_cooldown{300'000};
  bool spare_policy = true;
  std::chrono::milliseconds spare_out_cooldown{0};
  std::string metric_namespace = "hearth";

  JsonTable task_definition;     // [ecs.task_definition], in the shape of RegisterTaskDefinition
  JsonTable service_definition;  // [ecs.service_definition], of CreateService
};

struct Config {
  Model model;
  Pool pool;
  Replica replica;
  Gateway gateway;
  Admin admin;
  Ecs ecs;
  std::string path;  // of the file; empty: all defaults
  // The keys that the file holds, such as "pool.floor": tells a number of the file from a default.
  std::set<std::string, std::less<>> given;
};

// A default never makes a file wrong by being longer than what the file says: hold_time and
// first_byte_timeout follow a shorter request_timeout, health_timeout a shorter health_interval,
// retry_buffer_bytes a smaller body_bytes_max.
//
// kInvalidArgument / kUnprocessable, one line that names file, line, key, value and what is wanted;
// an unknown key names the nearest known one.
Result<Config> ParseConfig(std::string_view text, const std::string& name);

// Reads `path`, at most 1 MiB. Empty: hearth.toml in the working directory when it is there, else
// the defaults. kNotFound and kIo name the file.
Result<Config> LoadConfig(const std::string& path);

// docs/config.md between its markers, from the table of keys: Markdown.
std::string ConfigReference();

}  // namespace hearth::config
