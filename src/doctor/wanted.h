// How many warm replicas the file wants on ECS at this time. Pure.
#pragma once

#include <optional>
#include <string>

#include "doctor/check.h"

namespace hearth::doctor {

struct WantedPool {
  int tasks = 0;
  std::string from;  // "[pool] floor = 4"
};

// The floor in force (MinCapacity as the file renders it), or [ecs] desired where that is more:
// scaling takes whatever is above MinCapacity. Nothing without [ecs].
std::optional<WantedPool> WantedOf(const Facts& facts);

}  // namespace hearth::doctor
