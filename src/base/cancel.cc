#include "base/cancel.h"

#include <poll.h>
#include <sys/eventfd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>

namespace hearth {

Cancel::Cancel() : fd_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {}

void Cancel::Fire() noexcept {
  const int kept = errno;
  fired_.store(true, std::memory_order_release);
  const uint64_t one = 1;
  if (fd_.valid() && ::write(fd_.get(), &one, sizeof one) < 0) {
    // Only a full counter: it is readable already.
  }
  errno = kept;
}

bool SleepUnless(const Cancel& cancel, std::chrono::milliseconds wait) {
  const auto until = std::chrono::steady_clock::now() + wait;
  while (!cancel.fired()) {
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(until - std::chrono::steady_clock::now())
            .count();
    if (left <= 0) return true;
    pollfd stop{cancel.fd(), POLLIN, 0};
    ::poll(&stop, 1, static_cast<int>(std::min<int64_t>(left, 60'000)));
  }
  return false;
}

}  // namespace hearth
