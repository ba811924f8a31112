// What `hearth status` and the commands that wait look at: the admin API's status, read.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace hearth::cli {

struct PoolView {
  struct Number {
    int64_t value = 0;
    std::string source;
  };
  struct Replica {
    std::string id, state, version, container, log, end_reason;
    bool current = true;
    bool ejected = false;
    bool adopted = false;
    int64_t slots = 1;
    int64_t busy = 0;
    int64_t pid = 0;
    int64_t memory_bytes = 0;
    double age_seconds = 0;
    double start_seconds = 0;
    double gone_seconds = 0;
  };
  struct Decision {
    int64_t at_ms = 0;
    int64_t desired = 0;
    int64_t in_use = 0;
    std::string reason;
  };

  std::string name, gateway, version, roll_state, roll;
  int64_t now_ms = 0;
  Number floor, spare, max;
  double keep_warm_seconds = 0;
  int64_t in_use = 0;
  int64_t desired = 0;
  int64_t ready = 0;
  int64_t starting = 0;
  int64_t waiting = 0;
  std::vector<Replica> replicas;
  std::vector<Decision> decisions;

  const Replica* Find(std::string_view id) const;  // null: there is none
};

// kCorrupt: not what /v1/status says.
Result<PoolView> ReadPoolView(std::string_view json);

// "floor 2 (default) · spare 1 (hearth.toml) · max 12 (hearth scale) · keep warm 5m"
std::string NumbersLine(const PoolView& view);

// For people: the pool in a line, the numbers, a table of replicas, the last decisions.
std::string StatusText(const PoolView& view);

}  // namespace hearth::cli
