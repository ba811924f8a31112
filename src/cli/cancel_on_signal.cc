#include "cli/cancel_on_signal.h"

#include <atomic>
#include <csignal>

namespace hearth::cli {
namespace {

// What a signal handler may touch.
Cancel* signal_cancel = nullptr;
std::atomic<int> signal_number = 0;

extern "C" void OnSignal(int number) {
  signal_number = number;
  signal_cancel->Fire();
}

}  // namespace

void CancelOnSignal(Cancel* cancel) {
  signal_cancel = cancel;
  struct sigaction action{};
  action.sa_handler = OnSignal;
  action.sa_flags = static_cast<int>(SA_RESETHAND);
  for (const int number : {SIGINT, SIGTERM}) {
    struct sigaction before{};
    if (::sigaction(number, nullptr, &before) == 0 && before.sa_handler == SIG_IGN) continue;
    ::sigaction(number, &action, nullptr);
  }
}

int CancellingSignal() { return signal_number; }

}  // namespace hearth::cli
