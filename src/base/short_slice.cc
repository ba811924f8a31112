#include "base/short_slice.h"

#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdint>

namespace hearth {
namespace {

// struct sched_attr of linux/sched/types.h, version 0: glibc 2.36 has neither it nor the call.
struct SchedAttr {
  uint32_t size = sizeof(SchedAttr);
  uint32_t policy = SCHED_OTHER;
  uint64_t flags = 0;
  int32_t nice = 0;
  uint32_t priority = 0;
  uint64_t runtime_ns = 0;
  uint64_t deadline_ns = 0;
  uint64_t period_ns = 0;
};
static_assert(sizeof(SchedAttr) == 48);

constexpr uint64_t kResetOnFork = 1;    // SCHED_FLAG_RESET_ON_FORK: it is for this thread alone
constexpr uint64_t kSliceNs = 100'000;  // the least that the kernel takes

}  // namespace

void AskForShortSlice() {
  SchedAttr attr;
  if (syscall(SYS_sched_getattr, 0, &attr, sizeof attr, 0) != 0 || attr.policy != SCHED_OTHER) {
    return;
  }
  attr.size = sizeof attr;
  attr.flags = kResetOnFork;
  attr.runtime_ns = kSliceNs;
  syscall(SYS_sched_setattr, 0, &attr, 0);  // refused by some sandboxes: then it stays as it was
}

}  // namespace hearth
