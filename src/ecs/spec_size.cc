// CPU, memory and disk of a task.
#include <algorithm>
#include <cmath>

#include "config/size.h"
#include "ecs/fargate_sizes.h"
#include "ecs/spec_parts.h"

namespace hearth::ecs {
namespace {

constexpr int64_t kMiB = int64_t{1} << 20;
// Without replica.memory: what hearth needs with a model of some hundred MB, and a Python server.
constexpr int kHearthLeastMib = 1024;
constexpr int kOtherLeastMib = 2048;

constexpr int kStorageLeast = 21;  // GiB; 20 are there without asking
constexpr int kStorageMost = 200;
constexpr int kImageGib = 10;

tl::unexpected<Error> RefuseSize(const SpecSource& source, int cpu_units, int memory_mib) {
  const config::Replica& replica = source.config.replica;
  const FargateSize nearest = NearestFargateSize({cpu_units, memory_mib});
  const std::string with = MemoryWords(cpu_units);
  return source.Refuse(
      "replica.cpu = {} and replica.memory = {}: Fargate has no such pair{}; the nearest is "
      "cpu = {} and memory = \"{}\"",
      replica.cpu,
      replica.memory_bytes == 0 ? "0" : '"' + config::FormatSize(replica.memory_bytes) + '"',
      with.empty() ? " (0.25, 0.5, 1, 2, 4, 8 or 16 CPUs)"
                   : fmt::format(" (with {} CPU it has {})", replica.cpu, with),
      CpuWords(nearest.cpu_units), MemoryText(nearest.memory_mib));
}

// Twice the model, which is never larger than the memory that it is served from, and the image.
int StorageFor(const EcsSpec& spec) {
  const int memory_gib = (spec.memory_mib + 1023) / 1024;
  return std::clamp(2 * memory_gib + kImageGib, kStorageLeast, kStorageMost);
}

}  // namespace

Status FillSize(const SpecSource& source, EcsSpec* spec) {
  const config::Replica& replica = source.config.replica;
  const double units = replica.cpu * 1024;
  const int64_t bytes = replica.memory_bytes;
  const int cpu_units = static_cast<int>(std::ceil(std::min(units, 1e6)));
  int memory_mib = static_cast<int>(std::min<int64_t>((bytes + kMiB - 1) / kMiB, 1'000'000));
  if (bytes == 0) {
    const int least = spec->hearth_inside ? kHearthLeastMib : kOtherLeastMib;
    memory_mib = LeastMemory(cpu_units, least);
    if (memory_mib == 0) return RefuseSize(source, cpu_units, least);
  }
  const bool exact = cpu_units == units && (bytes == 0 || int64_t{memory_mib} * kMiB == bytes);
  if (!exact || !IsFargateSize({cpu_units, memory_mib})) {
    return RefuseSize(source, cpu_units, memory_mib);
  }
  spec->cpu_units = cpu_units;
  spec->memory_mib = memory_mib;

  const int64_t asked = source.Ecs().ephemeral_storage_bytes;
  constexpr int64_t kGiB = 1024 * kMiB;
  if (asked != 0) {
    spec->ephemeral_gib = static_cast<int>((asked + kGiB - 1) / kGiB);
  } else if (spec->pull) {
    spec->ephemeral_gib = StorageFor(*spec);
  }
  return {};
}

}  // namespace hearth::ecs
