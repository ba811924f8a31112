// How much memory a replica needs, and by which rule. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "doctor/check.h"
#include "ecs/fargate_sizes.h"

namespace hearth::doctor {

struct MemoryNeed {
  int64_t bytes = 0;
  std::string rule;  // "what a hearth replica announces", "2 × the model's weights (1.1 GB)"
};

// A hearth replica: what it announces (memory_plan of the packed file, or memory_needed_bytes of
// its log). Any other: 2 × the weights. Nothing where neither is known.
std::optional<MemoryNeed> NeedOf(const Facts& facts);

// Why NeedOf has none.
std::string WhyNoNeed(const Facts& facts);

// The smallest task of Fargate with `cpu_units` or more that holds `bytes`; nothing over 120 GiB.
std::optional<ecs::FargateSize> SmallestTask(int cpu_units, int64_t bytes);

// "set `[replica] memory = …`", and cpu too where the pair needs it.
std::string FixMemory(const ecs::FargateSize& size, int cpu_units);

}  // namespace hearth::doctor
