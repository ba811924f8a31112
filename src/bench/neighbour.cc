#include "bench/neighbour.h"

#include <sched.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <csignal>

namespace hearth::bench {
namespace {

[[noreturn]] void Spin() {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  cpu_set_t allowed;
  CPU_ZERO(&allowed);
  if (::sched_getaffinity(0, sizeof allowed, &allowed) == 0) {
    int last = CPU_SETSIZE - 1;
    while (last > 0 && !CPU_ISSET(last, &allowed)) --last;
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(last, &one);
    ::sched_setaffinity(0, sizeof one, &one);
  }
  std::atomic<unsigned> count{0};
  while (true) count.fetch_add(1, std::memory_order_relaxed);
}

}  // namespace

Neighbour::Neighbour() : pid_(::fork()) {
  if (pid_ == 0) Spin();
}

Neighbour::~Neighbour() {
  if (pid_ < 0) return;
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
}

}  // namespace hearth::bench
