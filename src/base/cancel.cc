#include "base/cancel.h"

#include <sys/eventfd.h>

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

}  // namespace hearth
