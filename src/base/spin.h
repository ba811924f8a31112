// SpinUntil: waiting for another thread that is expected within microseconds, without giving up the
// core, and for a bounded time.
#pragma once

#include <chrono>

namespace hearth {

// About as long as one step of a short forward takes, and far less than a scheduler's time slice.
inline constexpr std::chrono::microseconds kSpinTime{50};

inline void SpinPause() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("isb");
#endif
}

// Spins until `ready()`, for kSpinTime at most; returns whether it was.
template <typename Condition>
bool SpinUntil(const Condition& ready) {
  constexpr int kPausesPerLook = 16;
  if (ready()) return true;
  const auto end = std::chrono::steady_clock::now() + kSpinTime;
  do {
    for (int i = 0; i < kPausesPerLook; ++i) {
      if (ready()) return true;
      SpinPause();
    }
  } while (std::chrono::steady_clock::now() < end);
  return false;
}

}  // namespace hearth
