#include "ecs/fargate_sizes.h"

#include <fmt/format.h>

#include <array>
#include <cmath>

#include "config/size.h"

namespace hearth::ecs {
namespace {

constexpr int kGiB = 1024;  // in MiB

struct Row {
  int cpu_units;
  int least, most, step;  // MiB
};

// 256 units go with 512, 1024 and 2048 MiB: no step, so it is two rows.
constexpr std::array<Row, 8> kRows = {
    Row{256, 512, 1 * kGiB, 512},
    Row{256, 2 * kGiB, 2 * kGiB, kGiB},
    Row{512, 1 * kGiB, 4 * kGiB, kGiB},
    Row{1024, 2 * kGiB, 8 * kGiB, kGiB},
    Row{2048, 4 * kGiB, 16 * kGiB, kGiB},
    Row{4096, 8 * kGiB, 30 * kGiB, kGiB},
    Row{8192, 16 * kGiB, 60 * kGiB, 4 * kGiB},
    Row{16384, 32 * kGiB, 120 * kGiB, 8 * kGiB},
};

template <typename Visit>
void ForEachSize(const Visit& visit) {
  for (const Row& row : kRows) {
    for (int memory = row.least; memory <= row.most; memory += row.step) {
      visit(FargateSize{row.cpu_units, memory});
    }
  }
}

double Doublings(int from, int to) { return std::log2(static_cast<double>(to) / from); }

}  // namespace

bool IsFargateSize(FargateSize size) {
  bool found = false;
  ForEachSize([&](FargateSize one) { found = found || one == size; });
  return found;
}

FargateSize NearestFargateSize(FargateSize size) {
  FargateSize nearest{kRows.back().cpu_units, kRows.back().most};
  double least = INFINITY;
  const int cpu = std::max(size.cpu_units, 1);
  const int memory = std::max(size.memory_mib, 1);
  ForEachSize([&](FargateSize one) {
    if (one.cpu_units < cpu || one.memory_mib < memory) return;
    const double cost = Doublings(cpu, one.cpu_units) + Doublings(memory, one.memory_mib);
    if (cost >= least) return;
    least = cost;
    nearest = one;
  });
  return nearest;
}

int LeastMemory(int cpu_units, int memory_mib) {
  int least = 0;
  ForEachSize([&](FargateSize one) {
    if (least == 0 && one.cpu_units == cpu_units && one.memory_mib >= memory_mib) {
      least = one.memory_mib;
    }
  });
  return least;
}

std::string MemoryWords(int cpu_units) {
  if (cpu_units == 256) return "0.5, 1 or 2 GiB";
  for (const Row& row : kRows) {
    if (row.cpu_units != cpu_units) continue;
    return fmt::format("{}, {} … {} GiB", row.least / kGiB, (row.least + row.step) / kGiB,
                       row.most / kGiB);
  }
  return "";
}

std::string CpuWords(int cpu_units) { return fmt::format("{}", cpu_units / 1024.0); }

std::string MemoryText(int memory_mib) { return config::FormatSize(int64_t{memory_mib} << 20); }

}  // namespace hearth::ecs
