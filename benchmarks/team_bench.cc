// What help costs and brings: a forward pass is some fifty short steps, each split into chunks of
// equal work.
//
//   team_bench [--busy]     with --busy, a process that never sleeps runs beside it
//
// Prints, for steps of several lengths, the time of 48 steps alone, with one helper, and what one
// Run costs beyond its work.
#include <fmt/format.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <string_view>
#include <thread>
#include <vector>

#include "base/team.h"

namespace hearth {
namespace {

using Clock = std::chrono::steady_clock;
using Microseconds = std::chrono::duration<double, std::micro>;

constexpr int kSteps = 48;
constexpr int kChunks = 4;

// Work that cannot be sped up or skipped: a chain of dependent additions, about a nanosecond each
// on any machine.
void Compute(int units) {
  double x = units;
  for (int i = 0; i < units; ++i) {
    x += 1.0;
    asm volatile("" : "+x"(x));
  }
}

double Forward(Team& team, int units_per_chunk) {
  const auto start = Clock::now();
  for (int step = 0; step < kSteps; ++step) {
    team.Run(kChunks, [&](int, int) { Compute(units_per_chunk); });
  }
  return Microseconds(Clock::now() - start).count();
}

struct Times {
  double best;
  double median;
  double worst;
};
Times Measure(Team& team, int units, int forwards) {
  std::vector<double> times;
  times.reserve(static_cast<size_t>(forwards));
  for (int i = 0; i < forwards; ++i) times.push_back(Forward(team, units));
  std::ranges::sort(times);
  return {times.front(), times[times.size() / 2], times[times.size() * 95 / 100]};
}

int Main(bool busy) {
  pid_t neighbour = 0;
  if (busy) {
    neighbour = fork();
    if (neighbour == 0) {
      prctl(PR_SET_PDEATHSIG, SIGKILL);
      while (true) Compute(1000);
    }
  }
  fmt::print("48 steps of 4 chunks, µs: best / median / 95 %\n");
  for (const int units : {0, 500, 5'000, 20'000, 100'000}) {
    const int forwards = units >= 20'000 ? 60 : 3000;
    Team alone(1);
    const Times one = Measure(alone, units, forwards);
    Team team(2);
    std::thread helper([&] { team.Assist(); });
    const Times two = Measure(team, units, forwards);
    team.Close();
    helper.join();
    fmt::print(
        "chunk {:6} ns: alone {:8.1f} {:8.1f} {:8.1f}   with a helper {:8.1f} {:8.1f} {:8.1f}"
        "   ratio of medians {:.2f}\n",
        units, one.best, one.median, one.worst, two.best, two.median, two.worst,
        two.median / one.median);
  }
  if (neighbour > 0) {
    kill(neighbour, SIGKILL);
    waitpid(neighbour, nullptr, 0);
  }
  return 0;
}

}  // namespace
}  // namespace hearth

int main(int argc, char** argv) {
  return hearth::Main(argc > 1 && std::string_view(argv[1]) == "--busy");
}
