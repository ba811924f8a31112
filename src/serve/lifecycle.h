// Lifecycle: where a replica stands, from exec to exit. The one state machine that /ready, the
// routes and the shutdown ask.
//
//   starting → loading → ready → draining → gone
//
// Starting: the socket is not bound yet. Loading: /health answers, work is refused with 503. Ready:
// the weights are resident and one real forward has run; ready never means "not busy". Draining:
// told to stop; what was taken is finished. A replica may leave for draining from anywhere, and
// never goes back. Any thread may read and move.
#pragma once

#include <atomic>
#include <string>
#include <string_view>

namespace hearth::serve {

enum class Phase { kStarting, kLoading, kReady, kDraining, kGone };
std::string_view NameOf(Phase phase);

// What loading is at, for /ready and the log.
enum class LoadStep { kOpenModel, kReadWeights, kFirstForward, kDone };
std::string_view NameOf(LoadStep step);

// Whether the state machine has this arrow. Pure.
bool MayMove(Phase from, Phase to);

class Lifecycle {
 public:
  Phase phase() const { return phase_.load(std::memory_order_acquire); }

  // False, and nothing changes, when there is no such arrow: the loader that finishes after SIGTERM
  // must not say "ready".
  bool MoveTo(Phase to);

  LoadStep step() const { return step_.load(std::memory_order_relaxed); }
  void SetStep(LoadStep step) { step_.store(step, std::memory_order_relaxed); }

  // How much of the weights is in memory, in [0, 1].
  double read() const { return read_.load(std::memory_order_relaxed); }
  void SetRead(double share) { read_.store(share, std::memory_order_relaxed); }

 private:
  std::atomic<Phase> phase_{Phase::kStarting};
  std::atomic<LoadStep> step_{LoadStep::kOpenModel};
  std::atomic<double> read_{0};
};

// The body of GET /ready: {"status":"ready"}, or
// {"status":"loading","step":"read_weights","progress":0.42}: `read`, the share of the weights that
// is in memory, which is what loading takes its time for.
std::string ReadyBody(Phase phase, LoadStep step, double read);

}  // namespace hearth::serve
