// Which CPU and memory pairs Fargate has. Pure.
//
// Source: the API's own description of RegisterTaskDefinition's memory (botocore 1.43.11, ecs).
#pragma once

#include <string>

namespace hearth::ecs {

struct FargateSize {
  int cpu_units = 0;  // 1024 a CPU
  int memory_mib = 0;

  bool operator==(const FargateSize&) const = default;
};

bool IsFargateSize(FargateSize size);

// The one that Fargate has with at least as much of both, fewest doublings away; the largest where
// nothing holds it.
FargateSize NearestFargateSize(FargateSize size);

// The least memory, at least `memory_mib`, that goes with `cpu_units`; 0: there is none.
int LeastMemory(int cpu_units, int memory_mib);

// "2, 3 … 8 GiB": what goes with `cpu_units`; empty: Fargate has no such CPU.
std::string MemoryWords(int cpu_units);

// "0.25", "1", "16".
std::string CpuWords(int cpu_units);
// As hearth.toml writes it: "512MiB", "4GiB".
std::string MemoryText(int memory_mib);

}  // namespace hearth::ecs
